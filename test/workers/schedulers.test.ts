/** What each scheduler promises about chance, counted. Every limit is five standard deviations or more away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import type { Kernel } from '../../workers/kernel/kernel.ts';
import type { Scheduler } from '../../workers/kernel/machine.ts';
import { type Path, step } from '../../workers/kernel/path.ts';
import type { RunTracker } from '../../workers/kernel/watch.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { Pct } from '../../workers/schedulers/pct.ts';
import { Profile } from '../../workers/schedulers/profile.ts';
import { RandomWalk } from '../../workers/schedulers/random-walk.ts';
import { Surw } from '../../workers/schedulers/surw.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from './support/search.ts';

const RANGE = { file: 0, offset: 0, length: 4096 } as const;

/** Writes down the threads of a run, in order. */
class Order implements RunTracker {
  threads = '';

  stepping(_k: Kernel, thread: number): void {
    this.threads += thread;
  }
  reset(): void {
    this.threads = '';
  }
}

/** T0 and T1 with a path each, judged by nobody. */
function race(first: Path, second: Path): { engine: Engine; order: Order; profile: Profile } {
  const model = modelOf('v42-immap-read');
  const paths = { ...model.paths, punch: first, zero: second };
  const order = new Order();
  const engine = new Engine({ ...model, paths }, new Set(), order);
  const workload: Workload = {
    setup: { files: [{ size: 4096, pages: ['written'] }], processes: [{ areas: [null, null] }] },
    threads: [
      { process: 0, ops: [{ kind: 'punch', ...RANGE }] },
      { process: 0, ops: [{ kind: 'zero', ...RANGE }] },
    ],
  };
  engine.load(workload);
  const profile = new Profile();
  engine.run(profile, profile);
  profile.close(engine.kernel);
  return { engine, order, profile };
}

function random(stream: number): Random {
  return new Random(RNG_SEED, stream);
}

/** Five standard deviations of a count with probability p. */
function slack(runs: number, p: number): number {
  return 5 * Math.sqrt(runs * p * (1 - p));
}

function assertShare(count: number, runs: number, p: number, what: string): void {
  const off = Math.abs(count - runs * p);
  assert.ok(off <= slack(runs, p), `${what}: ${count} of ${runs}, expected a share of ${p}`);
}

test('random walk takes every enabled thread alike', () => {
  const runs = 8000;
  const twoSteps: Path = [step('getBlock'), step('getBlock')];
  const { engine, order } = race(twoSteps, twoSteps);
  const walk = new RandomWalk(random(61));
  const counts = new Map<string, number>();
  for (let i = 0; i < runs; i++) {
    engine.run(walk);
    counts.set(order.threads, (counts.get(order.threads) ?? 0) + 1);
  }
  // Two coins decide 0011 and 1100, for then one thread is left; the other four orders take three.
  for (const [name, p] of [
    ['0011', 1 / 4],
    ['1100', 1 / 4],
    ['0101', 1 / 8],
    ['0110', 1 / 8],
    ['1001', 1 / 8],
    ['1010', 1 / 8],
  ] as const) {
    assertShare(counts.get(name) ?? 0, runs, p, name);
  }
});

test('SURW takes the orders of the steps that matter alike, however long the threads are', () => {
  const runs = 4000;
  const mattering: Path = [step('setSize'), step('setSize', 'setSizeAgain')];
  const quiet: Path = Array.from({ length: 10 }, () => step('getBlock'));
  const { engine, order, profile } = race([...quiet, ...mattering], mattering);
  assert.equal(profile.shared.length, 1);
  const surw = new Surw(random(62), profile);
  const counts = new Map<string, number>();
  for (let i = 0; i < runs; i++) {
    engine.run(surw);
    // Of T0's twelve steps the first ten do not matter.
    let left = 10;
    const shown = order.threads.replace(/0/g, (one) => (left-- > 0 ? '' : one));
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  // 4! / (2! 2!) = 6 orders of two steps each.
  assert.equal(counts.size, 6);
  for (const [name, count] of counts) assertShare(count, runs, 1 / 6, name);
});

/** How often T1 runs only after T0's thirteen steps. */
function lateCount(make: (profile: Profile) => Scheduler, runs: number): number {
  const quiet: Path = Array.from({ length: 12 }, () => step('getBlock'));
  const { engine, order, profile } = race([...quiet, step('setSize')], [step('setSize')]);
  const scheduler = make(profile);
  let count = 0;
  for (let i = 0; i < runs; i++) {
    engine.run(scheduler);
    if (order.threads.endsWith('1')) count++;
  }
  return count;
}

test('behind a long prefix PCT and SURW find what random walk hardly ever finds', () => {
  const runs = 4000;
  // Random walk must leave T1 aside 13 times running: 2^-13, 0.5 in 4000 runs; 8 have a probability < 10^-7.
  assert.ok(lateCount(() => new RandomWalk(random(63)), runs) < 8);
  // Depth 1: PCT draws T0 the higher priority in one run of two, and keeps to it.
  assertShare(
    lateCount((profile) => new Pct(random(64), profile, 1), runs),
    runs,
    1 / 2,
    'PCT(1)',
  );
  // SURW makes the two orders of the two setSize alike.
  assertShare(
    lateCount((profile) => new Surw(random(65), profile), runs),
    runs,
    1 / 2,
    'SURW',
  );
});

/** Runs in which the seed's bug shows, and the visible steps of one run. */
function hits(
  reference: string,
  seed: string,
  make: (profile: Profile) => Scheduler,
  runs: number,
): { readonly count: number; readonly steps: number } {
  const engine = new Engine(modelOf(reference));
  engine.load(seedNamed(seed));
  const profile = new Profile();
  engine.judge.reset();
  engine.run(profile, profile);
  profile.close(engine.kernel);
  const scheduler = make(profile);
  let count = 0;
  for (let i = 0; i < runs; i++) {
    engine.run(scheduler);
    if (engine.judge.violations.length > 0) count++;
  }
  return { count, steps: profile.steps };
}

test('PCT(2) hits bugs of depth 2 at least as often as its bound says', () => {
  const runs = 3000;
  for (const [reference, seed] of [
    // get_block before the hole is punched, the pte after: one preemption.
    ['v42-immap-read', 'b12-fault-vs-punch'],
    ['v42-immap-read', 'b15-fault-vs-collapse'],
    ['v42-immap-read', 'b11-load-vs-pwrite'],
  ] as const) {
    const { count, steps } = hits(reference, seed, (p) => new Pct(random(66), p, 2), runs);
    // 1 / (n k^(d - 1)) for n = 2 threads and k steps.
    const bound = 1 / (2 * steps);
    assert.ok(
      count >= runs * bound - slack(runs, bound),
      `${seed}: ${count}, bound ${runs * bound}`,
    );
    assert.ok(count > 0);
  }
});

test('a replay begins where it is told and drops a switch whose place never comes', () => {
  const engine = new Engine(modelOf('v42-immap-read'));
  engine.load(seedNamed('b12-fault-vs-punch'));
  const bare = engine.trace({ first: 1, switches: [] });
  const gone = { thread: 1, op: 0, label: 'punch/noSuchStep', occurrence: 1, to: 0 };
  const twice = { thread: 1, op: 0, label: 'punch/downWrite(inodeLock)', occurrence: 9, to: 0 };
  assert.equal(bare.rows[0]?.thread, 1);
  assert.equal(bare.preemptions, 0);
  assert.equal(engine.trace({ first: 1, switches: [gone, twice] }).digest, bare.digest);
});

test('a replay switches at its anchor, and says so', () => {
  const engine = new Engine(modelOf('v42-immap-read'));
  engine.load(seedNamed('b12-fault-vs-punch'));
  const here = { thread: 0, op: 0, label: 'fault/downRead(iMmapRwsem)', occurrence: 1, to: 1 };
  const traced = engine.trace({ first: 0, switches: [here] });
  const at = traced.rows.findIndex((row) => row.thread === 1);
  assert.equal(traced.rows[at]?.stoodAt.label, here.label);
  assert.deepEqual(traced.schedule, { first: 0, switches: [here] });
  assert.equal(traced.preemptions, 1);
  assert.equal(traced.verdict.kind, 'violation');
});

test('behind the end of recorded choices the default policy goes on', () => {
  const engine = new Engine(modelOf('v42-immap-read'));
  engine.load(seedNamed('b12-fault-vs-punch'));
  const bare = engine.trace({ first: 1, switches: [] });
  assert.equal(engine.traceChoices([1]).digest, bare.digest);
  assert.equal(engine.traceChoices(bare.rows.map((row) => row.thread)).digest, bare.digest);
});
