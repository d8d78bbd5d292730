/**
 * What the player asks: the same run with two steps in the other order, and the same workload on a model that does not
 * take a lock. Pure.
 */
import { type Model, nodesOf, type Path, pathsThatRun } from '../kernel/path.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import type { Engine, Traced } from '../run/engine.ts';

/**
 * The run in which a step comes before an earlier one of another thread: what its thread does between the two comes first
 * as well. Where a thread has to wait because of it, another one runs. Replay of its schedule is the same run.
 *
 * @param engine with the workload of the run loaded
 * @param earlier, later: steps of two threads, counted from 1
 */
export function swapped(
  engine: Engine,
  rows: readonly Pick<TraceRow, 'thread'>[],
  earlier: number,
  later: number,
): Traced {
  const choices = rows.map(({ thread }) => thread);
  const between = choices.slice(earlier - 1, later);
  const mover = choices[later - 1];
  return engine.traceChoices([
    ...choices.slice(0, earlier - 1),
    ...between.filter((thread) => thread === mover),
    ...between.filter((thread) => thread !== mover),
    ...choices.slice(later),
  ]);
}

/** Locks that the model's steps take by name: the ids that `withoutLock` knows. */
export function droppableLocks(model: Model): readonly string[] {
  const running = [...pathsThatRun(model.paths)].map((name) => model.paths[name] ?? []);
  const named = running.flatMap((path) =>
    [...nodesOf(path)].flatMap((node) =>
      'step' in node && node.lock !== undefined ? [node.lock] : [],
    ),
  );
  return [...new Set(named)].sort();
}

/** The model whose paths neither take nor drop the lock, and of which no need asks for it. */
export function withoutLock(model: Model, lock: string): Model {
  const paths = Object.entries(model.paths).map(([name, path]) => [name, without(path, lock)]);
  const needs = model.needs?.filter((need) => need.lock !== lock);
  return {
    ...model,
    ...(needs === undefined ? {} : { needs }),
    paths: Object.fromEntries(paths) as Model['paths'],
  };
}

function without(path: Path, lock: string): Path {
  return path.flatMap((node): Path => {
    if ('step' in node) return node.lock === lock ? [] : [node];
    if ('body' in node) return [{ ...node, body: without(node.body, lock) }];
    if (!('when' in node)) return [node];
    const then = without(node.then, lock);
    return [
      node.else === undefined
        ? { ...node, then }
        : { ...node, then, else: without(node.else, lock) },
    ];
  });
}
