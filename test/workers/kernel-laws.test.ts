/** Laws of the state vector: what is undone is as it was, what is restored goes on alike, runs repeat. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { generatorOf } from '../../corpus/breeding/generate.ts';
import { COMMON } from '../../corpus/breeding/weights.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import {
  BLOCKS,
  FILES,
  FRAMES,
  LINES,
  OPS,
  PAGES,
  STEPS_MAX,
  THREADS,
} from '../../corpus/vocabulary/limits.ts';
import { OP_KINDS, type OpKind, SHARINGS } from '../../corpus/vocabulary/ops.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { STALE } from '../../workers/kernel/encoding.ts';
import type { Kernel } from '../../workers/kernel/kernel.ts';
import { OBJECTS, SECTIONS, wordName } from '../../workers/kernel/layout.ts';
import { HELD_MAX, LOCK_CLASSES } from '../../workers/kernel/locks.ts';
import type { Scheduler } from '../../workers/kernel/machine.ts';
import { NO_ENTRY } from '../../workers/kernel/program.ts';
import { compile } from '../../workers/model/compile.ts';
import { MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { pickBit, RandomWalk } from '../../workers/schedulers/random-walk.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { allReferences, seedNamed, Wanderer } from './support/search.ts';

/** Models that have every common operation, and two that have special ones. */
const WHOLE = [
  ...MODEL_NAMES.filter((name) => COMMON.kinds.every((kind) => has(name, kind))),
  'modern-ext4',
  'modern-xfs-fixed',
];

function has(name: string, kind: OpKind): boolean {
  return compile(modelOf(name)).entry[kind] !== NO_ENTRY;
}

const GENERATORS = new Map(
  WHOLE.map((name) => {
    const kinds = OP_KINDS.filter((kind) => has(name, kind));
    const { hasMapSync, hasDsync } = compile(modelOf(name));
    const sharings = hasMapSync ? SHARINGS : COMMON.sharings;
    return [name, generatorOf({ kinds, sharings, hasSync: hasDsync })];
  }),
);

interface Drawn {
  readonly name: string;
  readonly workload: Workload;
  /** For the choices of a run. */
  readonly rngSeed: number;
}

const drawn: fc.Arbitrary<Drawn> = fc
  .tuple(fc.constantFrom(...WHOLE), fc.nat(), fc.nat())
  .map(([name, stream, rngSeed]) => {
    const generate = GENERATORS.get(name) ?? assert.fail(name);
    return { name, workload: generate(new Random(RNG_SEED, stream)), rngSeed };
  });

const ENGINES = new Map(WHOLE.map((name) => [name, new Engine(modelOf(name))]));

function engineFor({ name, workload }: Drawn): Engine {
  const engine = ENGINES.get(name) ?? assert.fail(name);
  engine.load(workload);
  engine.judge.reset();
  engine.kernel.logging = false;
  return engine;
}

function forAll(runs: number, law: (one: Drawn) => void): void {
  fc.assert(fc.property(drawn, law), { seed: RNG_SEED | 0, numRuns: runs });
}

/** At most `count` random steps; who took them. */
function wander(k: Kernel, random: Random, count: number): readonly number[] {
  const taken: number[] = [];
  while (taken.length < count && k.enabled() !== 0) {
    taken.push(pickBit(random, k.enabled()));
    k.step(taken.at(-1) ?? 0);
  }
  return taken;
}

function digestOf(k: Kernel): readonly number[] {
  return [k.digestA, k.digestB];
}

test('undo restores the vector bit for bit, and the digest', () => {
  forAll(300, (one) => {
    const k = engineFor(one).kernel;
    const random = new Random(one.rngSeed);
    k.logging = true;
    for (let i = 0; i < 6; i++) {
      wander(k, random, random.below(12));
      k.beginLog();
      const before = k.words.slice();
      const digest = digestOf(k);
      wander(k, random, 1 + random.below(5));
      k.undoLog();
      assert.deepEqual(k.words, before);
      assert.deepEqual(digestOf(k), digest);
    }
    assert.ok(k.logLength < k.logWord.length, 'the log was long enough');
  });
});

test('the digest depends on the state alone: not on the way, and as if computed afresh', () => {
  forAll(300, (one) => {
    const engine = engineFor(one);
    const k = engine.kernel;
    k.logging = true;
    wander(k, new Random(one.rngSeed), 40);
    const reached = k.words.slice();
    const digest = digestOf(k);
    k.reset();
    // The same words in another order, by way of other values.
    for (let word = reached.length - 1; word >= 0; word--) {
      k.logLength = 0;
      if (k.peek(word) !== reached[word]) k.put(word, 12345);
      k.put(word, reached[word] ?? 0);
    }
    assert.deepEqual(digestOf(k), digest);
  });
});

test('states that several orders reach have one digest, and different states have two', () => {
  for (const seed of ['b12-fault-vs-punch', 'b18-lost-dirty-tag', 'b09-store-vs-store']) {
    const engine = new Engine(modelOf('v48-entry-lock'));
    const k = engine.kernel;
    const random = new Random(RNG_SEED, 51);
    const digests = new Map<string, string>();
    const states = new Map<string, string>();
    let merges = 0;
    engine.load(seedNamed(seed));
    for (let run = 0; run < 60; run++) {
      k.reset();
      engine.judge.reset();
      k.logging = true;
      while (k.enabled() !== 0) {
        wander(k, random, 1);
        k.logLength = 0;
        const state = k.words.join();
        const digest = digestOf(k).join();
        if (digests.has(state)) merges++;
        assert.equal(digests.get(state) ?? digest, digest);
        assert.equal(states.get(digest) ?? state, state);
        digests.set(state, digest);
        states.set(digest, state);
      }
      k.logging = false;
    }
    assert.ok(merges > 100, `${merges} states were reached again`);
  }
});

test('a run goes on from a snapshot as it did before', () => {
  forAll(300, (one) => {
    const k = engineFor(one).kernel;
    const random = new Random(one.rngSeed);
    wander(k, random, random.below(30));
    const snapshot = k.words.slice();
    const taken = wander(k, random, 60);
    const end = k.words.slice();
    wander(k, random, 20);
    k.words.set(snapshot);
    k.refreshFootprints();
    for (const thread of taken) k.step(thread);
    assert.deepEqual(k.words, end);
  });
});

test('the same rngSeed gives the same run', () => {
  forAll(150, (one) => {
    const engine = engineFor(one);
    const once = (): unknown => {
      const steps = engine.run(new RandomWalk(new Random(one.rngSeed)));
      return [steps, [...engine.judge.violations], engine.kernel.words.slice()];
    };
    assert.deepEqual(once(), once());
  });
});

test('the recorded schedule of a run reproduces its trace', () => {
  forAll(400, (one) => {
    const engine = engineFor(one);
    const wanderer = new Wanderer(new Random(one.rngSeed), 1 + (one.rngSeed % 6));
    engine.run(wanderer);
    const traced = engine.traceChoices([...wanderer.choices]);
    const again = engine.trace(traced.schedule);
    assert.equal(again.digest, traced.digest);
    assert.deepEqual(again.schedule, traced.schedule);
    assert.equal(again.preemptions, traced.preemptions);
  });
});

const VALUES = STALE;
const THREADS_MASK = (1 << THREADS) - 1;
const EXTENTS = 2 | ((BLOCKS - 1) << 2);
/** The largest value of each section that has one; the smallest is 0. */
const BOUNDS: Readonly<Record<string, number>> = {
  i_size: LINES,
  i_disksize: LINES,
  extent: EXTENTS,
  committed: EXTENTS,
  slot: ((BLOCKS - 1) << 8) | 255,
  slotWait: (255 << 3) | THREADS,
  pageHome: FILES * PAGES,
  pageLock: (THREADS_MASK << 3) | THREADS,
  pageState: (31 << 8) | ((BLOCKS - 1) << 3) | 7,
  pageData: VALUES,
  blockOwner: 1 + FILES,
  cpu: VALUES,
  media: VALUES,
  pins: THREADS_MASK,
  anon: VALUES,
  journalHandles: 255,
  journalCommitter: THREADS,
  journalWait: THREADS_MASK,
  deviceDead: 1,
  runnable: THREADS_MASK,
  depth: FRAMES - 1,
  operation: OPS,
  begun: 1,
  waitsFor: OBJECTS,
  held: (HELD_MAX + 1) ** LOCK_CLASSES.length - 1,
  inject: 1,
  halted: 1,
  powerFailed: 1,
};

class BoundWatch implements Scheduler {
  private readonly walk: RandomWalk;

  constructor(random: Random) {
    this.walk = new RandomWalk(random);
  }

  begin(): void {}

  choose(k: Kernel, enabled: number): number {
    for (const { name, base, count } of SECTIONS) {
      const most = BOUNDS[name];
      if (most === undefined) continue;
      for (let word = base; word < base + count; word++) {
        const value = k.peek(word);
        if (value < 0 || value > most)
          assert.fail(`${wordName(word)} is ${value}, at most ${most}`);
      }
    }
    return this.walk.choose(k, enabled);
  }
}

test('every word with a bound stays within it', () => {
  assert.deepEqual(
    Object.keys(BOUNDS).filter((name) => !SECTIONS.some((section) => section.name === name)),
    [],
  );
  forAll(250, (one) => {
    engineFor(one).run(new BoundWatch(new Random(one.rngSeed)));
  });
});

test('no run of a seed is inconclusive, on any model', () => {
  const walk = new RandomWalk(new Random(RNG_SEED, 52));
  const names = readdirSync(path.join(PACKAGE_ROOT, 'corpus/seeds'));
  const seeds = names.map((name) => seedNamed(path.basename(name, '.txt')));
  for (const reference of allReferences()) {
    const engine = new Engine(modelOf(reference));
    for (const seed of seeds.filter((one) => engine.lackingIn(one) === null)) {
      engine.load(seed);
      for (let i = 0; i < 10; i++) {
        const steps = engine.run(walk);
        // A store that faults for ever has been found to.
        const isEnded = steps < STEPS_MAX || engine.judge.violations.length > 0;
        assert.ok(!engine.kernel.overflow && isEnded, `${steps} steps on ${reference}`);
      }
    }
  }
});

test('a read that fails as the last operation of the last thread owes nothing to a truncate', () => {
  const ops = ['munmap a0', ...Array<string>(4).fill('commit'), 'pread B 0 4096 into a0 0'];
  const threads = [['truncate B 0'], ['commit'], ['commit'], ops];
  const lines = threads.flatMap((body, t) => [`thread T${t} P0`, ...body]);
  const files = ['file A size 4096 pages written', 'file B size 4096 pages written'];
  const area = 'process P0 a0 A 0 4096 shared';
  const text = ['faultline input 1', ...files, area, ...lines, 'first T3', ''].join('\n');
  const engine = new Engine(modelOf('xfs-mmaplock-prezero'));
  const input = parseInput(text, 'six operations');
  engine.load(input);
  assert.equal(engine.trace(input.schedule).verdict.kind, 'pass');
});
