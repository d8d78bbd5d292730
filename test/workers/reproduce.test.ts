/** From a run that goes wrong to a repro, with the real engine, and back again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSmaller, measureOf } from '../../corpus/breeding/minimize.ts';
import { rowsOf, without } from '../../corpus/breeding/reductions.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { checkInput } from '../../corpus/vocabulary/validate.ts';
import { type Wanted, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { TraceRow } from '../../workers/kernel/tracer.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { criticalPair } from '../../workers/reproduce/critical-pair.ts';
import { failingInputOf, hunt, stepOf } from '../../workers/reproduce/hunt.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { replayVerdict } from '../../workers/reproduce/replay-verdict.ts';
import { type Reproduction, reproduce } from '../../workers/reproduce/reproduce.ts';
import { Engine, violationsOf } from '../../workers/run/engine.ts';
import { modelNamed } from '../support/models.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed, Wanderer } from './support/search.ts';

const OPTIONS = { testsMax: 5000, statesMax: 200_000 };
const RUNS_MAX = 50_000;

interface Known {
  readonly model: string;
  readonly seed: string;
  readonly signature: string;
  readonly threads: number;
  readonly ops: number;
  readonly preemptions: number;
}

const B12 = 'unfenced punch';
/** Its first step needs a lock that some models do not take. */
const EARLY = parseInput(
  'faultline input 1\nfile A size 4096 pages hole\nprocess P0 a0 A 0 4096 shared\nthread T0 P0\nmunmap a0\n',
  'early',
);
const B18 = 'durability dirty-entry pwrite/dropEntry';

// biome-ignore format: a table
const KNOWN: Readonly<Record<string, Known>> = {
  B12: row('v42-immap-read', 'b12-fault-vs-punch-reuse', B12, 2, 2, 1),
  B10: row('v42-immap-read', 'b10-load-vs-store', 'zero-page fault', 2, 2, 1),
  B11: row('xfs-mmaplock-prezero', 'b11-load-vs-pwrite', 'zero-page pwrite', 2, 2, 1),
  B14: row('v42-immap-read', 'b14-fault-vs-truncate-pwrite', 'stale-pte truncate', 2, 3, 1),
  B01: row('v43rc-immap-write', 'b01-store-vs-load', 'lock-self iMmapRwsem:W->W', 2, 2, 1),
  B03: row('v43rc-immap-write', 'b03-mkwrite-vs-store', 'lock-cycle iMmapRwsem pageLock', 2, 3, 2),
  B04: row('v43rc-immap-write', 'b04-load-vs-punch-vs-fsync', 'lock-cycle iMmapRwsem journal', 3, 3, 1),
  B51: row('v42-immap-read', 'b51-page-lock-vs-handle-vs-fsync', 'lock-cycle journal pageLock', 3, 4, 1),
  B18: row('v48-entry-lock', 'b18-lost-dirty-tag', B18, 2, 3, 1),
  canary: row('canary', 'b12-fault-vs-punch', 'lock-leak inodeLock punch', 1, 1, 0),
};

function row(
  model: string,
  seed: string,
  signature: string,
  threads: number,
  ops: number,
  preemptions: number,
): Known {
  return { model, seed, signature, threads, ops, preemptions };
}

/** A seed with the schedule of some random run that shows the signature. */
function wildInput(engine: Engine, known: Known): Input {
  const workload = seedNamed(known.seed);
  const wanderer = new Wanderer(new Random(RNG_SEED, 53), 4);
  for (let run = 0; run < RUNS_MAX; run++) {
    engine.load(workload);
    engine.run(wanderer);
    if (engine.judge.violations.length === 0) continue;
    const traced = engine.traceChoices([...wanderer.choices]);
    if (stepOf(traced, known.signature) > 0) return { ...workload, schedule: traced.schedule };
  }
  return assert.fail(`no ${known.signature} in ${RUNS_MAX} runs`);
}

/** A step of a run, and where it is to come. */
interface Move {
  readonly from: number;
  readonly to: number;
}

function opCount(input: Input): number {
  return input.threads.flatMap(({ ops }) => ops).length;
}

function reproduced(engine: Engine, input: Input, signature: string): Reproduction {
  return reproduce(engine, input, signature, OPTIONS) ?? assert.fail(`${signature} is gone`);
}

/** With up to two preemptions. */
function canStillFail(engine: Engine, input: Input, wanted: Wanted): boolean {
  const range = { from: 0, to: 2, stepsMax: 100_000 };
  return hunt(engine, input, wanted, range).traced !== null;
}

for (const [id, known] of Object.entries(KNOWN)) {
  const engine = new Engine(modelOf(known.model));
  const size = `${known.threads} threads, ${known.ops} operations, ${known.preemptions} preemptions`;

  test(`${id} on ${known.model} comes down to ${size}, exactly`, () => {
    const wild = wildInput(engine, known);
    const repro = reproduced(engine, wild, known.signature);
    const { input, preemptions, traced, proof } = repro;
    assert.equal(input.threads.length, known.threads, printInput(input));
    assert.equal(opCount(input), known.ops, printInput(input));
    assert.equal(preemptions, known.preemptions, printInput(input));
    assert.deepEqual(proof, { kind: 'exactly', preemptions });
    assert.equal(repro.budgetRanOut, false);
    assert.equal(checkInput(input), null);
    assert.ok(stepOf(traced, known.signature) > 0);
    assert.equal(traced.preemptions, preemptions);
    assert.ok(!isSmaller(measureOf(wild, preemptions), measureOf(input, preemptions)));
    // Without a preemption nothing can be swapped; with one there may still be no single pair that decides.
    if (preemptions === 0) assert.equal(repro.criticalPair, null);
  });

  test(`${id}: the same on every run, and again from its own result`, () => {
    const wild = wildInput(engine, known);
    const once = reproduced(engine, wild, known.signature);
    assert.deepEqual(reproduced(engine, wild, known.signature), once);
    const fresh = new Engine(modelOf(known.model));
    assert.deepEqual(reproduced(fresh, wild, known.signature), once);
    const again = reproduced(engine, once.input, known.signature);
    assert.deepEqual({ ...again, tests: 0 }, { ...once, tests: 0 });
  });

  test(`${id}: without any one operation, thread or switch it does not fail`, () => {
    const { signature } = known;
    const { input, traced: shown } = reproduced(engine, wildInput(engine, known), signature);
    // The deadlock itself: an inversion takes less.
    const wanted = worstOf(violationsOf(shown), signature) ?? assert.fail(signature);
    for (const gone of rowsOf(input).flatMap(({ ops }) => ops)) {
      if (opCount(input) === 1) continue;
      const fewer = without(input, (one) => one.thread === gone.thread && one.index === gone.index);
      assert.equal(canStillFail(engine, fewer, wanted), false, printInput(fewer));
    }
    const { first, switches } = input.schedule;
    for (const index of switches.keys()) {
      engine.load(input);
      const traced = engine.trace({ first, switches: switches.toSpliced(index, 1) });
      assert.equal(stepOf(traced, wanted), 0);
    }
  });
}

test('the schedule of a repro ends with the violating step', () => {
  const known = KNOWN.B18 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const { input, traced } = reproduced(engine, wildInput(engine, known), known.signature);
  const witness = failingInputOf(input, traced, known.signature);
  assert.deepEqual(witness?.input.schedule, input.schedule);
  assert.deepEqual(traced.schedule, input.schedule);
});

test('a run that goes wrong at its first step has a repro', () => {
  const engine = new Engine(modelNamed('munmap-without-mmap-sem.json'));
  const { input, traced } = reproduced(engine, EARLY, 'lock-missing mmapSem:R munmap/findArea');
  assert.deepEqual(
    input.threads.map(({ ops }) => ops.map(({ kind }) => kind)),
    [['munmap']],
  );
  assert.equal(stepOf(traced, 'lock-missing mmapSem:R munmap/findArea'), 1);
});

test('a run that goes wrong at its first step has a critical pair: a crash before it prevents it', () => {
  const threads = [...EARLY.threads, { process: 0, ops: [{ kind: 'crash' } as const] }];
  const input = { ...EARLY, threads };
  const model = modelNamed('munmap-without-mmap-sem.json');
  const { pair } = subjectOn(model, input, 'lock-missing mmapSem:R munmap/findArea');
  assert.deepEqual(pair, ['T0 op 0 at munmap/enter 1', 'T1 op 0 at crash/powerFail 1']);
});

/** Whether the step at `from` comes to `to` with all before it as asked, and nothing is shown then. */
function isLostBy(engine: Engine, rows: readonly TraceRow[], wanted: string, move: Move): boolean {
  const { from, to } = move;
  const asked = rows.toSpliced(from, 1).toSpliced(to, 0, ...rows.slice(from, from + 1));
  const traced = engine.traceChoices(asked.map(({ thread }) => thread));
  const isAsAsked = asked.slice(0, to + 1).every(({ thread }, i) => {
    return thread === traced.rows[i]?.thread;
  });
  return isAsAsked && traced.rows[to]?.label === rows[from]?.label && stepOf(traced, wanted) === 0;
}

test('a critical pair decides: one of its steps past the other, and the signature is lost', () => {
  let pairs = 0;
  for (const id of ['B12', 'B01', 'B51', 'B18']) {
    const { model, seed, signature } = KNOWN[id] ?? assert.fail(id);
    const engine = new Engine(modelOf(model));
    const wanderer = new Wanderer(new Random(RNG_SEED, 53), 4);
    for (let run = 0; run < 150; run++) {
      engine.load(seedNamed(seed));
      engine.run(wanderer);
      if (engine.judge.violations.length === 0) continue;
      const { schedule, rows } = engine.traceChoices([...wanderer.choices]);
      const input = { ...seedNamed(seed), schedule };
      const pair = criticalPair(engine, input, signature);
      if (pair === null) continue;
      pairs += 1;
      const [before, after] = [pair.beforeStep - 1, pair.afterStep - 1];
      const moves = [
        { from: after, to: before },
        { from: before, to: after },
      ];
      const isLost = moves.some((move) => isLostBy(engine, rows, signature, move));
      assert.ok(isLost, `${id} ${printInput(input)}`);
    }
  }
  assert.ok(pairs > 10, `${pairs} pairs`);
});

test('the critical pair of B10: the zero page comes back after the store has looked for one', () => {
  const known = KNOWN.B10 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const { criticalPair, traced } = reproduced(engine, wildInput(engine, known), known.signature);
  assert.ok(criticalPair !== null);
  assert.match(criticalPair.before, /^T\d op 0 at fault\/findPage~2 1$/);
  assert.match(criticalPair.after, /^T\d op 0 at fault\/addZeroPage 1$/);
  assert.equal(traced.rows[criticalPair.beforeStep - 1]?.label, 'fault/findPage~2');
  assert.equal(traced.rows[criticalPair.afterStep - 1]?.label, 'fault/addZeroPage');
});

test('a step decides that came too early: the last unmap of a truncate, before the fault that it should undo', () => {
  const text = `faultline input 1
file A size 4096 pages written
process P0 a0 A 0 4096 shared
thread T0 P0
load a0 0
thread T1 P0
truncate A 0
pwrite A 0 4096
first T0
switch T0 op 0 at fault/findPage 1 to T1
switch T1 op 0 at truncate/unmapCows/clearPteCows~2 1 to T0
`;
  const { model, signature } = KNOWN.B14 ?? assert.fail();
  const pair = criticalPair(new Engine(modelOf(model)), parseInput(text, 'early'), signature);
  assert.deepEqual(pair, {
    before: 'T1 op 0 at truncate/unmapCows/downWrite(iMmapRwsem)~2 1',
    after: 'T0 op 0 at fault/downRead(iMmapRwsem) 1',
    beforeStep: 11,
    afterStep: 14,
  });
});

test('anchors that mean nothing are no obstacle: nearly sequential schedules are tried', () => {
  const known = KNOWN.B12 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const place = { thread: 0, op: 0, label: 'fault/thisWasRenamed', occurrence: 7, to: 1 };
  const input = { ...seedNamed(known.seed), schedule: { first: 1, switches: [place] } };
  assert.equal(opCount(reproduced(engine, input, B12).input), known.ops);
  const options = { statesMax: 100_000, traceDigest: 'another' };
  const replayed = replayVerdict(engine, input, B12, options);
  assert.equal(replayed.verdict, 'reproduced');
  assert.equal(replayed.matches, false);
});

test('a switch to an occurrence that no longer comes falls back to the last one that does', () => {
  const known = KNOWN.B12 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const { input, traced } = reproduced(engine, wildInput(engine, known), B12);
  const switches = input.schedule.switches.map((one) => ({ ...one, occurrence: 3 }));
  const moved = { ...input, schedule: { ...input.schedule, switches } };
  // No steps for a sweep: what is found, the anchors have found.
  const replayed = replayVerdict(engine, moved, B12, { statesMax: 0, traceDigest: null });
  assert.equal(replayed.verdict, 'reproduced');
  assert.equal(replayed.traceDigest, traced.digest);
});

test('a switch at a label that has another name now is looked for by its step', () => {
  const known = KNOWN.B12 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const { input, traced } = reproduced(engine, wildInput(engine, known), B12);
  const { step, label } = engine.program;
  const older = (name: string): string => name.replace('/', '/once/');
  const switches = input.schedule.switches.map((one) => ({ ...one, label: older(one.label) }));
  const renamed = { ...input, schedule: { ...input.schedule, switches } };
  const options = { statesMax: 0, traceDigest: null };
  assert.equal(replayVerdict(engine, renamed, B12, options).verdict, 'inconclusive');
  const recorded = { step, label: label.map(older) };
  const replayed = replayVerdict(engine, renamed, B12, { ...options, recorded });
  assert.equal(replayed.verdict, 'reproduced');
  assert.equal(replayed.traceDigest, traced.digest);
});

test('a replay says whether the repro still fails, whether the run is the same, and what else it saw', () => {
  const known = KNOWN.B12 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const { input, traced } = reproduced(engine, wildInput(engine, known), B12);
  const options = { statesMax: 100_000, traceDigest: traced.digest };
  const same = replayVerdict(engine, input, B12, options);
  assert.deepEqual(same, {
    verdict: 'reproduced',
    signature: B12,
    traceDigest: traced.digest,
    matches: true,
    others: [],
    shown: [],
    traced,
    states: 0,
    isComplete: false,
  });
  const prezero = new Engine(modelOf('xfs-mmaplock-prezero'));
  const fixed = replayVerdict(prezero, input, B12, options);
  assert.equal(fixed.verdict, 'fixed');
  assert.equal(fixed.matches, false);
  assert.deepEqual(fixed.others, []);
  const other = replayVerdict(engine, input, B18, options);
  assert.equal(other.verdict, 'violation');
  assert.ok(other.others.includes(B12) || other.signature === B12);
  const shown = other.shown.map((one) => one.signature).sort();
  assert.deepEqual(shown, [other.signature, ...other.others].sort());
  for (const { signature, traced: run } of other.shown) assert.ok(stepOf(run, signature) > 0);
});

test('a signature that never was there gives no repro', () => {
  const engine = new Engine(modelOf('xfs-mmaplock-prezero'));
  assert.equal(reproduce(engine, seedNamed('b12-fault-vs-punch'), B12, OPTIONS), null);
});

test('without tests the input comes back as it was, with a shorter schedule at most', () => {
  const known = KNOWN.B18 ?? assert.fail();
  const engine = new Engine(modelOf(known.model));
  const wild = wildInput(engine, known);
  const repro = reproduce(engine, wild, B18, { testsMax: 0, statesMax: 0 });
  assert.deepEqual(repro?.input.threads, wild.threads);
  assert.equal(repro?.budgetRanOut, true);
  assert.equal(repro?.proof.kind, 'at-most');
});
