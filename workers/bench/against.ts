/** Two builds measured in turn, A B A B A B, so that whatever else the machine does falls on both. */
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Result } from './measure.ts';
import { type Built, type Course, tool } from './revision.ts';
import { median } from './rounds.ts';

export interface ComparedBuilds extends Result {
  /** What the other build reached. */
  readonly against: number;
  /** Ours in the other's. */
  readonly ratio: number;
}

const TURNS = 3;

/** @param args of `bench` in both builds */
export async function compareBuilds(
  ours: string,
  other: Built,
  args: readonly string[],
  { said, stop }: Course,
): Promise<readonly ComparedBuilds[]> {
  const here: Result[] = [];
  const there: Result[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    said(`turn ${turn} of ${TURNS}: here`);
    here.push(...(await resultsOf(ours, args, 'this build', stop)));
    said(`turn ${turn} of ${TURNS}: ${other.commit}`);
    there.push(...(await resultsOf(other.main, args, other.commit, stop)));
  }
  return comparedResults(here, there);
}

/** What both have measured, in our order. */
export function comparedResults(
  here: readonly Result[],
  there: readonly Result[],
): readonly ComparedBuilds[] {
  const theirs = valuesByName(there);
  const unitOf = new Map(here.map(({ name, unit }) => [name, unit]));
  return [...valuesByName(here)].flatMap(([name, values]) => {
    const others = theirs.get(name);
    if (others === undefined) return [];
    const value = median(values);
    const against = median(others);
    return [{ name, value, unit: unitOf.get(name) ?? '', against, ratio: ratioOf(value, against) }];
  });
}

function ratioOf(value: number, against: number): number {
  return value === against ? 1 : value / against;
}

function valuesByName(results: readonly Result[]): ReadonlyMap<string, readonly number[]> {
  const values = new Map<string, number[]>();
  for (const { name, value } of results) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

async function resultsOf(
  main: string,
  args: readonly string[],
  who: string,
  stop: AbortSignal,
): Promise<readonly Result[]> {
  const command = [main, 'bench', '--json', '--quiet', ...args];
  const { exit, stdout, stderr } = await tool(process.cwd(), process.execPath, command, stop);
  const document = exit === 0 ? parsed(stdout) : undefined;
  if (isDocument(document)) return document.results;
  const why = stderr.trim().split('\n')[0] ?? '';
  const what = `bench of ${who} ended with ${exit}: ${why}`;
  throw fail('ENVIRONMENT', { what, remedy: 'name a revision whose bench takes the same options' });
}

/** Rates are no whole numbers, so this is not the JSON of `vocabulary`. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDocument(value: unknown): value is { readonly results: readonly Result[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'results' in value &&
    Array.isArray(value.results) &&
    value.results.every(isResult)
  );
}

function isResult(value: unknown): value is Result {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'value' in value &&
    typeof value.value === 'number'
  );
}
