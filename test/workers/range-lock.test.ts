/**
 * The range lock behaves as lib/range_lock.c of Aug 2015: its tree, which counts for each range those in the way, is
 * written down here once more and followed step by step. Threads lock and unlock ranges of any kind, [n, n - 1] among them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { PAGES, THREADS } from '../../corpus/vocabulary/limits.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { Kernel } from '../../workers/kernel/kernel.ts';
import { R_UFROM, R_UTO, RANGE_LOCK, T_HELD } from '../../workers/kernel/layout.ts';
import { C_RANGE, heldCount } from '../../workers/kernel/locks.ts';
import { type Path, step } from '../../workers/kernel/path.ts';
import {
  rangeBlockers,
  rangesAt,
  rangeWord,
  withoutRange,
  withRange,
} from '../../workers/kernel/ranges.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

/** Both ends inclusive, as the kernel has them. */
interface Range {
  readonly start: number;
  readonly last: number;
}
interface Node extends Range {
  readonly thread: number;
  blocking: number;
}

function overlap(one: Range, other: Range): boolean {
  return one.start <= other.last && other.start <= one.last;
}

/** range_lock and range_unlock. */
class Tree {
  readonly nodes: Node[] = [];

  lock(thread: number, range: Range): void {
    const blocking = this.nodes.filter((node) => overlap(node, range)).length;
    this.nodes.push({ ...range, thread, blocking });
  }

  unlock(thread: number): void {
    const [node] = this.nodes.splice(this.placeOf(thread), 1);
    assert.ok(node !== undefined && node.blocking === 0, `T${thread} holds what it unlocks`);
    for (const other of this.nodes) if (overlap(other, node)) other.blocking -= 1;
  }

  threads(isHeld: boolean): readonly number[] {
    const nodes = this.nodes.filter(({ blocking }) => (blocking === 0) === isHeld);
    return nodes.map(({ thread }) => thread).sort();
  }

  private placeOf(thread: number): number {
    return this.nodes.findIndex((node) => node.thread === thread);
  }
}

const ROUNDS = 4;
const ROUND: Path = [step('lockRangeUnmap'), step('unlockRangeUnmap')];

/** Every thread locks and unlocks a range a round. */
function kernelOf(): Kernel {
  const model = modelOf('v42-immap-read');
  const pread = Array.from({ length: ROUNDS }, () => ROUND).flat();
  const engine = new Engine({ ...model, paths: { ...model.paths, pread } });
  const workload: Workload = {
    setup: { files: [{ size: 4096, pages: ['written'] }], processes: [{ areas: [null, null] }] },
    threads: Array.from({ length: THREADS }, () => ({
      process: 0,
      ops: [{ kind: 'pread', file: 0, offset: 0, length: 4096 }],
    })),
  };
  engine.load(workload);
  engine.judge.reset();
  return engine.kernel;
}

function runnable(k: Kernel): readonly number[] {
  return THREAD_NUMBERS.filter((t) => (k.enabled() & (1 << t)) !== 0);
}

const THREAD_NUMBERS = Array.from({ length: THREADS }, (_, t) => t);

/** Gives the range to the request that the thread stands before, and follows the step in the tree. */
function follow(k: Kernel, tree: Tree, t: number, range: Range): void {
  if (/\/lockRange/.test(k.labelOf(t))) {
    k.put(k.frameOf(t) + R_UFROM, range.start);
    k.put(k.frameOf(t) + R_UTO, range.last + 1);
    tree.lock(t, range);
  } else tree.unlock(t);
  k.step(t);
}

const arbRange = fc
  .tuple(fc.nat(PAGES), fc.nat(PAGES))
  .map(([a, b]): Range => ({ start: Math.min(a, b), last: Math.max(a, b) - 1 }));
/** Who goes on, of those that can, and what it asks for. */
const arbTurn = fc.record({ pick: fc.nat(), range: arbRange });
const arbTurns = fc.array(arbTurn, { minLength: 8, maxLength: 4 * THREADS * ROUNDS });

test('who holds a range and who sleeps is what the tree of the kernel counts', () => {
  const k = kernelOf();
  const seen = { together: 0, waiting: 0, handed: 0 };
  const law = fc.property(arbTurns, (turns) => {
    k.reset();
    const tree = new Tree();
    for (const { pick, range } of turns) {
      const able = runnable(k);
      const t = able[pick % able.length];
      if (t === undefined) break;
      const before = tree.threads(false).length;
      const isLock = /\/lockRange/.test(k.labelOf(t));
      follow(k, tree, t, range);
      const held = THREAD_NUMBERS.filter((one) => heldCount(k.peek(T_HELD + one), C_RANGE) === 1);
      assert.deepEqual(held, tree.threads(true));
      const asleep = THREAD_NUMBERS.filter(
        (one) => !k.isFinished(one) && !runnable(k).includes(one),
      );
      assert.deepEqual(asleep, tree.threads(false), 'no wake-up is lost, and none is early');
      if (held.length > 1) seen.together += 1;
      if (asleep.length > 1) seen.waiting += 1;
      if (!isLock && asleep.length < before) seen.handed += 1;
    }
  });
  fc.assert(law, { seed: RNG_SEED, numRuns: 400 });
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 100, `${what}: ${count}`);
});

test('ranges that are held together never overlap, and every thread has its turn', () => {
  const k = kernelOf();
  const law = fc.property(fc.array(arbTurn, { minLength: 8, maxLength: 8 }), (turns) => {
    k.reset();
    const tree = new Tree();
    let steps = 0;
    for (let able = runnable(k); able.length > 0; able = runnable(k)) {
      const { pick, range } = turns[steps % turns.length] ?? { pick: 0, range: ALL };
      follow(k, tree, able[(pick + steps) % able.length] ?? 0, range);
      const held = tree.nodes.filter(
        ({ thread }) => heldCount(k.peek(T_HELD + thread), C_RANGE) > 0,
      );
      for (const one of held) {
        for (const other of held) assert.ok(one === other || !overlap(one, other));
      }
      steps += 1;
    }
    assert.ok(THREAD_NUMBERS.every((t) => k.isFinished(t)));
    assert.equal(k.peek(RANGE_LOCK), 0);
  });
  fc.assert(law, { seed: RNG_SEED, numRuns: 200 });
});

const ALL: Range = { start: 0, last: PAGES - 1 };

test('no request overtakes one that it overlaps', () => {
  const arbWord = fc
    .tuple(fc.nat(THREADS - 1), arbRange)
    .map(([thread, { start, last }]) => rangeWord(thread, start, last + 1));
  const law = fc.property(
    fc.array(arbWord, { maxLength: 7 }),
    arbWord,
    fc.nat(6),
    (words, last, gone) => {
      const before = words.reduce<readonly number[]>(withRange, []);
      const after = withRange(before, last);
      const place = after.lastIndexOf(last);
      assert.deepEqual(after.toSpliced(place, 1), before, 'nobody else moves');
      assert.equal(
        rangeBlockers(after, place),
        rangeBlockers([...before, last], before.length),
        'it waits for all that were there',
      );
      if (gone >= before.length) return;
      const left = withoutRange(before, gone);
      const rest = before.toSpliced(gone, 1);
      for (const [i, one] of rest.entries()) {
        if (rest.indexOf(one) !== rest.lastIndexOf(one)) continue;
        assert.equal(rangeBlockers(left, left.indexOf(one)), rangeBlockers(rest, i));
      }
    },
  );
  fc.assert(law, { seed: RNG_SEED, numRuns: 2000 });
});

test('ranges that overlap nothing are kept in one order, whoever came first', () => {
  const [one, other, all] = [rangeWord(0, 0, 1), rangeWord(1, 4, 6), rangeWord(2, 0, PAGES)];
  const sorted = [one, other].reduce<readonly number[]>(withRange, []);
  assert.deepEqual([other, one].reduce<readonly number[]>(withRange, []), sorted);
  const apart = [other, all, one].reduce<readonly number[]>(withRange, []);
  assert.deepEqual(apart, [other, all, one]);
  assert.deepEqual(withoutRange(apart, 1), sorted);
});

test('[n, n - 1] overlaps what reaches across the border before page n, and no single page', () => {
  const empty = rangeWord(0, 2, 2);
  const isKept = (from: number, to: number): boolean =>
    rangeBlockers([rangeWord(1, from, to), empty], 1) !== 0;
  for (let page = 0; page < PAGES; page++) assert.ok(!isKept(page, page + 1), `page ${page}`);
  assert.ok(isKept(1, 3));
  assert.ok(isKept(0, PAGES));
  assert.ok(!isKept(2, PAGES));
  assert.ok(!isKept(0, 2));
  assert.deepEqual(
    rangesAt(0, (word) => [empty, 0, empty][word] ?? 0),
    [empty],
  );
});

test('a need of the range lock is asked of the file that the step works on', () => {
  const base = modelOf('v42-immap-read');
  const copy: Path = [step('firstPage'), step('getBlock'), step('copyOut')];
  const pread: Path = [step('lockRangePage'), ...copy, step('unlockRangePage')];
  const needs = [{ step: 'installPte', lock: 'rangeLock', mode: 'W', source: 'a test' }] as const;
  const engine = new Engine({ ...base, needs, paths: { ...base.paths, pread } });
  const shownWith = (mapped: string): readonly string[] => {
    const files = ['file A size 4096 pages written', 'file B size 4096 pages written'];
    const lines = [...files, `process P0 a0 ${mapped} 0 4096 shared`, 'thread T0 P0'];
    const text = ['faultline input 1', ...lines, 'pread A 0 2048 into a0 0', 'first T0', ''];
    const found = explore(engine, parseInput(text.join('\n'), mapped), {
      statesMax: 1000,
      all: true,
    });
    return found.violations.map(({ signature }) => signature);
  };
  assert.deepEqual(shownWith('A'), []);
  assert.deepEqual(shownWith('B'), ['lock-missing rangeLock:W fault/installPte']);
});
