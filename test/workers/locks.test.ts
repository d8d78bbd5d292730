/** How the simulated locks behave, a scenario each: who sleeps, who is woken, who has the lock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Op } from '../../corpus/vocabulary/ops.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { Kernel } from '../../workers/kernel/kernel.ts';
import { FAULT_LOCK, INODE_LOCK, MMAP_SEM } from '../../workers/kernel/layout.ts';
import { writerIn } from '../../workers/kernel/locks.ts';
import {
  downgradeWrite,
  downRead,
  downWrite,
  type Path,
  step,
  upRead,
  upWrite,
} from '../../workers/kernel/path.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { ORACLES } from '../../workers/oracles/oracle.ts';
import { Engine } from '../../workers/run/engine.ts';

const RANGE = { file: 0, offset: 0, length: 4096 } as const;
/** Operations that stand for the paths a test gives them. */
const OPS = {
  pread: { kind: 'pread', ...RANGE },
  punch: { kind: 'punch', ...RANGE },
  zero: { kind: 'zero', ...RANGE },
  commit: { kind: 'commit' },
} as const satisfies Record<string, Op>;
type Actor = keyof typeof OPS;

/** A stage with one operation a thread; every path is what the test says. */
class Stage {
  readonly k: Kernel;
  private readonly engine: Engine;

  constructor(
    paths: Readonly<Partial<Record<Actor, Path>>>,
    actors: readonly Actor[],
    page: 'written' | 'cached' = 'written',
  ) {
    const model = modelOf('v48-entry-lock');
    // Paths that only lock bring nothing to read(2)'s user, and that is not the point here.
    const oracles = new Set(ORACLES.filter((oracle) => oracle !== 'O12'));
    this.engine = new Engine({ ...model, paths: { ...model.paths, ...paths } }, oracles);
    const workload: Workload = {
      setup: { files: [{ size: 4096, pages: [page] }], processes: [{ areas: [null, null] }] },
      threads: actors.map((actor) => ({ process: 0, ops: [OPS[actor]] })),
    };
    this.engine.load(workload);
    this.engine.judge.reset();
    this.k = this.engine.kernel;
    this.k.fused = 0;
  }

  /** The threads take a step each, in this order; all of them must be able to. */
  steps(...threads: readonly number[]): this {
    for (const t of threads) {
      assert.ok(this.runnable().includes(t), `T${t} can run, at ${this.k.labelOf(t)}`);
      this.k.step(t);
    }
    return this;
  }

  runnable(): readonly number[] {
    return [0, 1, 2, 3].filter((t) => (this.k.enabled() & (1 << t)) !== 0);
  }

  /** The step, without its path, that a thread stands before or sleeps in. */
  at(t: number): string {
    return this.k.labelOf(t).replace(/^.*\//, '');
  }

  signatures(): readonly string[] {
    return this.engine.judge.violations.map((violation) => violation.signature);
  }
}

const READ: Path = [downRead('inodeLock'), step('getBlock'), upRead('inodeLock')];
const WRITE: Path = [downWrite('inodeLock'), step('getBlock'), upWrite('inodeLock')];

test('a queued writer keeps later readers out, and gets the lock before them', () => {
  const stage = new Stage({ pread: READ, punch: WRITE }, ['pread', 'punch', 'pread']);
  stage.steps(0, 1, 2);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0, 0);
  assert.deepEqual(stage.runnable(), [1]);
  stage.steps(1, 1);
  assert.deepEqual(stage.runnable(), [2]);
});

test('a release hands the lock over: the sleeper stands behind its request, and nobody slips in', () => {
  const stage = new Stage({ punch: WRITE }, ['punch', 'punch', 'punch']);
  stage.steps(0, 1, 0);
  assert.equal(stage.at(1), 'downWrite(inodeLock)');
  stage.steps(0);
  assert.equal(stage.at(1), 'getBlock');
  stage.steps(2);
  assert.deepEqual(stage.runnable(), [1]);
});

test('all readers up to the next writer are let in together', () => {
  const actors = ['punch', 'pread', 'pread', 'zero'] as const;
  const stage = new Stage({ pread: READ, punch: WRITE, zero: WRITE }, actors);
  stage.steps(0, 1, 2, 3, 0, 0);
  assert.deepEqual(stage.runnable(), [1, 2]);
  stage.steps(1, 1, 2);
  assert.deepEqual(stage.runnable(), [2]);
  stage.steps(2);
  assert.deepEqual(stage.runnable(), [3]);
});

test('a downgrade lets readers in and keeps the writer behind them out', () => {
  const demote: Path = [
    downWrite('inodeLock'),
    downgradeWrite('inodeLock'),
    step('getBlock'),
    upRead('inodeLock'),
  ];
  const stage = new Stage({ pread: READ, punch: demote, zero: WRITE }, ['punch', 'pread', 'zero']);
  stage.steps(0, 1, 2, 0);
  assert.deepEqual(stage.runnable(), [0, 1]);
});

test('a second down_write of one thread is a deadlock', () => {
  const twice: Path = [downWrite('inodeLock'), ...WRITE];
  const stage = new Stage({ punch: twice }, ['punch']).steps(0, 0);
  assert.deepEqual(stage.signatures(), ['lock-self inodeLock:W->W']);
});

test('a second down_read passes unless a writer has queued in between', () => {
  const twice: Path = [downRead('inodeLock'), ...READ, upRead('inodeLock')];
  const alone = new Stage({ pread: twice }, ['pread']).steps(0, 0, 0, 0, 0);
  assert.deepEqual(alone.signatures(), []);
  const met = new Stage({ pread: twice, punch: WRITE }, ['pread', 'punch']).steps(0, 1, 0);
  assert.match(met.signatures().join(), /^lock-self inodeLock:R->R$/);
});

test('an unlocked page wakes everybody who waits for it, and they compete', () => {
  const take: Path = [step('findPage'), step('lockPage'), step('unlockPage')];
  const stage = new Stage({ pread: take }, ['pread', 'pread', 'pread'], 'cached');
  stage.steps(0, 1, 2, 0, 1, 2);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0);
  assert.deepEqual(stage.runnable(), [1, 2]);
  stage.steps(2, 1);
  assert.deepEqual(stage.runnable(), [2]);
});

test('a fault that finds its page locked gives mmap_sem back before it sleeps', () => {
  const take: Path = [step('findPage'), step('lockPage'), step('getBlock'), step('unlockPage')];
  const fault: Path = [downRead('mmapSem'), step('findPage'), step('lockPageOrRetry')];
  const stage = new Stage({ pread: take, punch: fault }, ['pread', 'punch'], 'cached');
  stage.steps(0, 0, 1, 1);
  assert.notEqual(stage.k.peek(MMAP_SEM), 0);
  stage.steps(1);
  assert.deepEqual(stage.runnable(), [0]);
  assert.equal(stage.k.peek(MMAP_SEM), 0);
  stage.steps(0, 0);
  assert.deepEqual(stage.runnable(), [1]);
});

const TAKE_ENTRY: Path = [
  step('lockEntry'),
  step('getBlock'),
  step('insertEntry'),
  step('unlockEntry'),
];

test('an unlocked entry wakes the one who has waited longest', () => {
  const stage = new Stage({ pread: TAKE_ENTRY }, ['pread', 'pread', 'pread']);
  stage.steps(0, 2, 1, 0, 0);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0);
  assert.deepEqual(stage.runnable(), [2]);
  stage.steps(2, 2, 2, 2);
  assert.deepEqual(stage.runnable(), [1]);
});

test('an entry that vanishes wakes everybody', () => {
  const empty: Path = [step('lockEntry'), step('unlockEntry')];
  const stage = new Stage({ pread: empty }, ['pread', 'pread', 'pread']);
  stage.steps(0, 1, 2);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0);
  assert.deepEqual(stage.runnable(), [1, 2]);
});

test('an entry replaced by a page wakes everybody, or one as 4.7 did', () => {
  for (const [name, woken] of [
    ['replaceEntryByPage', [0, 1, 2]],
    ['replaceEntryByPageWakeOne', [0, 1]],
  ] as const) {
    const replace: Path = [step('lockEntry'), step(name), step('unlockPage')];
    const stage = new Stage({ pread: replace }, ['pread', 'pread', 'pread']);
    stage.steps(0, 1, 2, 0);
    assert.deepEqual(stage.runnable(), woken, name);
  }
});

test('a commit waits for open handles, which may nest; who starts one later waits for the commit', () => {
  const nested: Path = [
    step('journalStart'),
    step('journalStart'),
    step('journalStop'),
    step('journalStop'),
  ];
  const stage = new Stage({ pread: nested }, ['pread', 'commit', 'pread']);
  stage.steps(0, 1, 0, 1, 2);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0);
  assert.deepEqual(stage.runnable(), [1, 2]);
  stage.steps(2);
  assert.deepEqual(stage.runnable(), [1]);
  stage.steps(1);
  assert.deepEqual(stage.runnable(), [2]);
  stage.steps(2, 2, 2, 2);
  assert.deepEqual(stage.signatures(), []);
});

test('a second commit waits for the first', () => {
  const stage = new Stage({}, ['commit', 'commit']).steps(0, 1);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0);
  assert.deepEqual(stage.runnable(), [1]);
});

const ALL_PAGES: Path = [step('allPages'), step('unmapRange')];
const LOCK_PAGE: Path = [step('lockRangePage'), step('getBlock'), step('unlockRangePage')];
const LOCK_FILE: Path = [
  ...ALL_PAGES,
  step('lockRangeUnmap'),
  step('getBlock'),
  step('unlockRangeUnmap'),
];

test('a range is handed over in the order of the requests that overlap', () => {
  const stage = new Stage({ pread: LOCK_PAGE, punch: LOCK_FILE }, ['pread', 'punch', 'pread']);
  stage.steps(0, 1, 2);
  assert.deepEqual(stage.runnable(), [0]);
  stage.steps(0, 0);
  assert.equal(stage.at(1), 'getBlock');
  assert.deepEqual(stage.runnable(), [1]);
  stage.steps(1, 1);
  assert.deepEqual(stage.runnable(), [2]);
  stage.steps(2, 2);
  assert.deepEqual(stage.signatures(), []);
});

test('a range of length 0 keeps out nobody behind the first page, and everybody from page 0 on', () => {
  const truncate = (pages: Path): Path => [
    ...pages,
    step('unmapRange'),
    step('lockRangeNoLength'),
    step('unlockRangeNoLength'),
  ];
  const whole = new Stage({ pread: LOCK_PAGE, punch: truncate([step('allPages')]) }, [
    'punch',
    'pread',
  ]);
  assert.deepEqual(whole.steps(0, 1).runnable(), [0]);
  const behind: Path = [step('firstPage'), step('nextPage'), step('unmapPage')];
  const one: Path = [...behind, step('lockRangeNoLength'), step('unlockRangeNoLength')];
  const other: Path = [step('firstPage'), step('nextPage'), ...LOCK_PAGE];
  const empty = new Stage({ pread: other, punch: one }, ['punch', 'pread']);
  assert.deepEqual(empty.steps(0, 1).runnable(), [0, 1]);
});

test('a range over one that the thread holds is a deadlock, one beside it is none', () => {
  const twice: Path = [step('lockRangePage'), ...LOCK_PAGE];
  const stage = new Stage({ punch: twice }, ['punch']).steps(0, 0);
  assert.deepEqual(stage.signatures(), ['lock-self rangeLock']);
  const next: Path = [step('lockRangePage'), step('nextPage'), ...LOCK_PAGE];
  const beside = new Stage({ punch: next }, ['punch']).steps(0, 0, 0, 0);
  assert.deepEqual(beside.signatures(), ['lock-leak rangeLock punch']);
});

test('a second range passes unless a request for both has queued in between', () => {
  const twice: Path = [step('lockRangePage'), step('nextPage'), ...LOCK_PAGE];
  const met = new Stage({ punch: twice, pread: LOCK_FILE }, ['punch', 'pread']).steps(0, 1, 0);
  assert.deepEqual(met.signatures(), ['lock-self rangeLock']);
});

test('the last pin to go wakes who waits for an idle page, which keeps i_rwsem and not the fault lock', () => {
  const lines = ['file A size 4096 pages written', 'process P0 a0 A 0 4096 shared'];
  const ops = ['dma a0 0', 'dma a0 2048', 'truncate A 0'];
  const threads = ops.flatMap((op, t) => [`thread T${t} P0`, op]);
  const text = ['faultline input 1', ...lines, ...threads, 'first T0', ''].join('\n');
  const engine = new Engine(modelOf('modern-xfs-fixed'));
  engine.load(parseInput(text, 'pins'));
  const k = engine.kernel;
  const canRun = (t: number): boolean => (k.enabled() & (1 << t)) !== 0;
  const runTo = (t: number, label: string): void => {
    while (canRun(t) && k.labelOf(t) !== label) k.step(t);
  };
  runTo(0, 'dma/unpinPage');
  runTo(1, 'dma/unpinPage');
  runTo(2, 'end');
  assert.equal(k.labelOf(2), 'truncate/sleepUntilIdle');
  assert.deepEqual([writerIn(k.peek(INODE_LOCK)), writerIn(k.peek(FAULT_LOCK))], [2, -1]);
  k.step(0);
  assert.ok(!canRun(2), 'one pin is left');
  k.step(1);
  assert.ok(canRun(2));
  runTo(2, 'end');
  assert.ok(k.isFinished(2));
});

test('a release in a mode that is not held is fatal', () => {
  const releases = [
    upRead('inodeLock'),
    step('unlockEntry'),
    step('journalStop'),
    step('unlockRangePage'),
  ];
  for (const release of releases) {
    const stage = new Stage({ pread: [step('getBlock'), release] }, ['pread', 'commit']);
    stage.steps(0, 0);
    assert.match(stage.signatures().join(), /^bad-release/);
    assert.deepEqual(stage.runnable(), []);
  }
});
