/** `lab conform REF`: the paths of a model held against traces of a kernel, event by event. */
import { parseInput } from '../../../corpus/vocabulary/text.ts';
import { lackingIn, type Program } from '../../../workers/kernel/program.ts';
import type { FileSystemName } from '../file-systems.ts';
import { stepsOfModel } from './model-run.ts';
import { inputOf, OPERATIONS, type Played, STATES } from './operations.ts';
import { reasonNotCompared, withoutLeftOut } from './reasons.ts';
import { eventsOf, normal } from './trace.ts';

/** A trace as it is kept: one event a line, without its head. */
export interface Traced {
  readonly played: Played;
  readonly events: readonly string[];
}

export interface PathDifference {
  readonly played: Played;
  /** Events that both have before they part. */
  readonly before: readonly string[];
  /** The first that they do not share; null where the path ends. */
  readonly kernel: Side | null;
  readonly model: Side | null;
}

interface Side {
  readonly event: string;
  /** As it is spelled there, a line of the trace or the label of a step; null where it is none of one alone. */
  readonly own: string | null;
}

export interface PathsConformed {
  readonly compared: number;
  readonly differences: readonly PathDifference[];
  /** For each reason, how many were not compared. */
  readonly notCompared: ReadonlyMap<string, number>;
}

export function comparePaths(
  program: Program,
  fileSystem: FileSystemName,
  traces: Iterable<Traced>,
): PathsConformed {
  const differences: PathDifference[] = [];
  const notCompared = new Map<string, number>();
  let compared = 0;
  for (const traced of traces) {
    const reason = whyNot(program, fileSystem, traced.played);
    if (reason !== null) {
      notCompared.set(reason, (notCompared.get(reason) ?? 0) + 1);
      continue;
    }
    compared += 1;
    const difference = differenceOf(program, fileSystem, traced);
    if (difference !== null) differences.push(difference);
  }
  return { compared, differences, notCompared };
}

function whyNot(program: Program, fileSystem: FileSystemName, played: Played): string | null {
  const reason = reasonNotCompared(fileSystem, played);
  if (reason !== null) return reason;
  const [operation, state] = played;
  const workload = workloadOf(operation, state);
  if (workload === null) return `no operation ${operation} on a page that is ${state}`;
  const lacking = lackingIn(program, workload);
  return lacking === null ? null : `the model has no ${lacking}`;
}

function workloadOf(operation: string, state: string): ReturnType<typeof parseInput> | null {
  const [traced, start] = [OPERATIONS[operation], STATES[state]];
  if (traced === undefined || start === undefined) return null;
  return parseInput(inputOf(traced, start), `${operation} ${state}`);
}

function differenceOf(
  program: Program,
  fileSystem: FileSystemName,
  { played, events }: Traced,
): PathDifference | null {
  const [operation, state] = played;
  const workload = workloadOf(operation, state);
  if (workload === null) return null;
  const area = Number(OPERATIONS[operation]?.isOfArea1 === true);
  const steps = stepsOfModel(program, workload, area);
  const compared = (all: readonly string[]): readonly string[] =>
    withoutLeftOut(fileSystem, played, all);
  const model = compared(normal(steps.map(({ event }) => event)));
  const kernel = compared(eventsOf(operation, events));
  const length = Math.max(model.length, kernel.length);
  const first = Array.from({ length }, (_, i) => i).find((i) => model[i] !== kernel[i]);
  if (first === undefined) return null;
  const before = kernel.slice(0, first);
  const lines = events.map((line) => ({ event: eventsOf(operation, [line])[0], own: line.trim() }));
  const labels = steps.map(({ event, label }) => ({ event, own: label }));
  return {
    played,
    before,
    kernel: sideOf(kernel[first], before, lines),
    model: sideOf(model[first], before, labels),
  };
}

/** What stands there n-th of its kind on one side stands there n-th in its own spelling. */
function sideOf(
  event: string | undefined,
  before: readonly string[],
  spelled: readonly { readonly event: string | undefined; readonly own: string }[],
): Side | null {
  if (event === undefined) return null;
  const earlier = before.filter((one) => one === event).length;
  const own = spelled.filter((one) => one.event === event)[earlier]?.own ?? null;
  return { event, own };
}
