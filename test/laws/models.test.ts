/**
 * What may change in a model without changing what it shows: a lock that excludes nobody, the name of a step, the
 * path that a step is written in.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../corpus/vocabulary/random.ts';
import { type Model, type Node, nodesOf, type Path } from '../../workers/kernel/path.ts';
import { STEPS } from '../../workers/kernel/step-registry.ts';
import { checkModel } from '../../workers/model/check-model.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { MODELS, type Named, someSeeds } from './laws.ts';

const STATES_MAX = 4000;
const SPARE = 'spareLock';
/** Paths that operations enter; others are called while their callers hold what they hold. */
const CALLED = new Set(['unmap', 'unmapCows', 'drop', 'writeback', 'commit', 'invalidate']);

interface Shown {
  readonly verdict: string;
  readonly classes: readonly string[];
}

function shownBy(model: Model, { workload }: Named, statesMax: number): Shown | null {
  checkModel(JSON.parse(JSON.stringify(model)), model.name);
  const found = explore(new Engine(model), workload, { statesMax, all: true });
  if (!found.isComplete) return null;
  const classes = found.violations.map(({ signature }) => signature.split(' ')[0] ?? '');
  return { verdict: found.verdict, classes: [...new Set(classes)].sort() };
}

/** The change keeps verdict and classes on the seeds that exhaust. */
function keeps(reference: string, change: (model: Model) => Model): void {
  const model = modelOf(reference);
  let count = 0;
  for (const seed of someSeeds('models')) {
    const before = shownBy(model, seed, STATES_MAX);
    if (before === null) continue;
    // A change may add states, never findings.
    const after = shownBy(change(model), seed, 10 * STATES_MAX);
    assert.deepEqual(after, before, `${reference} on ${seed.name}`);
    count++;
  }
  assert.ok(count > 5, `${count} seeds exhaust`);
}

function withPaths(model: Model, change: (path: Path, name: string) => Path): Model {
  const paths = Object.entries(model.paths).map(([name, path]) => [name, change(path, name)]);
  return { ...model, paths: Object.fromEntries(paths) };
}

function declared(model: Model): Model {
  const locks = { faultLock: 'a fault lock', rangeLock: 'a range lock', ...model.locks };
  return { ...model, locks, ownLocks: [{ name: SPARE, per: 'none' }] };
}

/** Every operation and every fault takes the lock shared; nothing takes it exclusively. */
function takenShared(model: Model): Model {
  return withPaths(declared(model), (path, name) => {
    if (CALLED.has(name) || path.length === 0) return path;
    return [{ step: 'downRead', lock: SPARE }, ...path, { step: 'upRead', lock: SPARE }];
  });
}

function relabelled(random: Random): (model: Model) => Model {
  const rename = (path: Path): Path =>
    path.map((node): Node => {
      if ('when' in node) {
        const then = rename(node.then);
        return node.else === undefined
          ? { ...node, then }
          : { ...node, then, else: rename(node.else) };
      }
      if ('body' in node) return { ...node, body: rename(node.body) };
      if (!('step' in node) || STEPS.get(node.step)?.visible !== true) return node;
      return { ...node, label: `step${random.below(1000)}` };
    });
  return (model) => withPaths(model, rename);
}

/** Some steps of every path are written in paths of their own, which it calls. */
function moved(random: Random): (model: Model) => Model {
  return (model) => {
    const paths: Record<string, Path> = {};
    for (const [name, path] of Object.entries(model.paths)) {
      paths[name] = path.map((node, i) => {
        const hasJumps = [...nodesOf([node])].some((one) => 'leave' in one || 'retry' in one);
        if (hasJumps || random.oneIn(2)) return node;
        paths[`${name}Part${i}`] = [node];
        return { call: `${name}Part${i}` };
      });
    }
    return { ...model, paths };
  };
}

/** The fault lock as a lock of the model's own. */
function ownFaultLock(model: Model): Model {
  const renamed = JSON.parse(
    JSON.stringify(model).replaceAll('"lock":"faultLock"', '"lock":"niLock"'),
  );
  return { ...(renamed as Model), ownLocks: [{ name: 'niLock', per: 'file' }] };
}

for (const reference of ['xfs-mmaplock-prezero', 'v48-entry-lock']) {
  test(`${reference}: a lock of its own excludes as a built-in one does`, () => {
    keeps(reference, ownFaultLock);
  });
}

for (const reference of MODELS) {
  const random = new Random(RNG_SEED).fork(reference);
  test(`${reference}: a lock that is only declared changes nothing`, () =>
    keeps(reference, declared));
  test(`${reference}: a lock that all take shared changes nothing`, () =>
    keeps(reference, takenShared));
  test(`${reference}: names of steps decide nothing`, () => keeps(reference, relabelled(random)));
  test(`${reference}: a step in a called path is the same step`, () =>
    keeps(reference, moved(random)));
}
