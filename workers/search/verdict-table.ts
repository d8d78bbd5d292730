/**
 * What each locking design gets wrong, by exhaustive search of the seeds: every claim of a model's `finds` with a seed
 * that shows it, and every row that a seed shows and the model does not claim. Pure.
 */
import { CATALOGUE, rowOf } from '../../corpus/vocabulary/catalogue.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Model } from '../kernel/path.ts';
import { canonicalReference } from '../models/registry.ts';
import { Engine } from '../run/engine.ts';
import { explore } from './exhaustive.ts';

export interface Seed {
  readonly name: string;
  readonly workload: Workload;
}

/** A row, or a signature that is in none, and a seed that shows it. */
interface Shown {
  readonly row: string;
  readonly seed: string;
  readonly operations: number;
}

export interface ModelVerdict {
  readonly model: string;
  readonly title: string;
  readonly shown: readonly Shown[];
  /** Rows that the model says it finds, and no seed shows. */
  readonly missing: readonly string[];
  /** Rows and signatures that a seed shows, and the model does not say that it finds. */
  readonly unexpected: readonly string[];
  readonly clean: readonly string[];
  readonly seeds: number;
  /** Seeds whose every interleaving was searched. */
  readonly exhausted: number;
}

/** States of one seed: nearly all seeds have fewer. */
const STATES_MAX = 60_000;

export function verdictOf(model: Model, seeds: readonly Seed[]): ModelVerdict {
  const engine = new Engine(model);
  const shown = new Map<string, Shown>();
  let exhausted = 0;
  const fitting = seeds.filter(({ workload }) => engine.lackingIn(workload) === null);
  for (const { name, workload } of fitting) {
    const found = explore(engine, workload, { statesMax: STATES_MAX, all: true });
    if (found.isComplete) exhausted += 1;
    const operations = workload.threads.reduce((sum, { ops }) => sum + ops.length, 0);
    for (const { signature } of found.violations) {
      const row = rowOf(signature)?.id ?? signature;
      const one = { row, seed: name, operations };
      const before = shown.get(row);
      if (before === undefined || rankOf(one) < rankOf(before)) shown.set(row, one);
    }
  }
  const { find, clean } = model.expect;
  const all = [...shown.values()].sort((a, b) => (a.row < b.row ? -1 : 1));
  return {
    model: canonicalReference(model),
    title: model.title,
    shown: all,
    missing: find.filter((row) => !shown.has(row)),
    unexpected: all.map(({ row }) => row).filter((row) => !find.includes(row)),
    clean,
    seeds: fitting.length,
    exhausted,
  };
}

/** A seed that was written for the row, or else the one with the fewest operations. */
function rankOf({ row, seed, operations }: Shown): number {
  return seed.startsWith(`${row.toLowerCase()}-`) ? 0 : operations;
}

/** Markdown: a section a design. */
export function verdictsText(verdicts: readonly ModelVerdict[]): string {
  return `${[HEAD, ...verdicts.map(sectionOf)].join('\n').trimEnd()}\n`;
}

/** A line a claim. */
function sectionOf(verdict: ModelVerdict): string {
  const { model, title, shown, missing, unexpected, clean, exhausted, seeds } = verdict;
  const rows = shown.map(({ row, seed }) => `| ${row} | ${titleOf(row)} | ${seed} |`);
  return [
    `## ${model}`,
    '',
    `${title}.`,
    '',
    '| row | what goes wrong | seed that shows it |',
    '|---|---|---|',
    ...rows,
    '',
    ...(missing.length === 0 ? [] : [`Not shown by a seed: ${missing.join(', ')}.`, '']),
    ...(unexpected.length === 0 ? [] : [`Not expected: ${unexpected.join(', ')}.`, '']),
    `Clean, it says, of: ${clean.length === 0 ? 'nothing' : clean.join(', ')}.`,
    `Every interleaving of ${exhausted} of ${seeds} seeds was searched.`,
    '',
  ].join('\n');
}

const HEAD = `# What each locking design gets wrong

\`faultline models --verdicts\` prints this page; a test keeps it true. Each seed is a file of \`corpus/seeds\`, which
\`faultline check corpus/seeds/NAME.txt --model MODEL\` searches again. Rows are those of \`corpus/vocabulary/catalogue.ts\`.
`;

function titleOf(row: string): string {
  return CATALOGUE.find(({ id }) => id === row)?.title ?? 'in no row of the catalogue';
}
