/** Where every search begins: the engine in the first state of a workload. */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Engine } from '../run/engine.ts';

/** The engine stands in the start of a workload, and logs what a step changes. */
export function beginSearch(engine: Engine, workload: Workload, isFused: boolean): void {
  const k = engine.kernel;
  engine.load(workload);
  engine.judge.reset();
  k.tracker = null;
  k.footprints = false;
  k.fused = isFused ? k.fusable : 0;
  k.reset();
  k.logging = true;
}

/** Search from there; the engine then runs as it did before. */
export function searchOn<T>(
  engine: Engine,
  workload: Workload,
  isFused: boolean,
  search: () => T,
): T {
  const k = engine.kernel;
  const { tracker, footprints } = k;
  beginSearch(engine, workload, isFused);
  const searched = search();
  k.logging = false;
  k.fused = k.fusable;
  k.tracker = tracker;
  k.footprints = footprints;
  return searched;
}
