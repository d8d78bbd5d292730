/** What `import … from 'faultline'` gives: it answers as the engine, the search and the fuzzer do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arbWorkload,
  check,
  draw,
  EMPTY_SCHEDULE,
  fc,
  MODEL_NAMES,
  modelFromText,
  modelOf,
  parseInput,
  printInput,
  Refusal,
  replay,
  runRandom,
  runUnder,
  vocabularyOf,
} from '../../workers/api/faultline.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const FAULT_VS_PUNCH = parseInput(
  `faultline input 1
file A size 4096 pages written
process P0 a0 A 0 4096 shared
thread T0 P0
load a0 0
thread T1 P0
punch A 0 4096
first T0
`,
  'fault-vs-punch',
);
const BROKEN = modelOf('v42-immap-read');
const SMALL = { threadsMax: 2, opsMax: 2, pagesMax: 1, filesMax: 1 };
/** Of each property: some seconds. */
const NUM_RUNS = 100;

test('check answers as the search of the engine does, and `all` says more', () => {
  const options = { statesMax: 1_000_000, all: true };
  const found = explore(new Engine(BROKEN), FAULT_VS_PUNCH, options);
  const { verdict, states, counterexamples, isComplete } = check(BROKEN, FAULT_VS_PUNCH, options);
  assert.deepEqual([verdict, states, isComplete], [found.verdict, found.states, found.isComplete]);
  assert.deepEqual(
    counterexamples.map(({ signature, run }) => [signature, run.digest]),
    found.violations.map(({ signature, traced }) => [signature, traced.digest]),
  );
  const [b12] = counterexamples;
  assert.equal(b12?.name, 'B12 fault maps a block that a hole punch frees');

  const none = check(BROKEN, FAULT_VS_PUNCH, { all: true, counts: () => false });
  assert.equal(none.verdict, 'verified');
  const cut = check(BROKEN, FAULT_VS_PUNCH, { statesMax: 3 });
  assert.equal(cut.verdict, 'inconclusive');
  assert.equal(check(BROKEN, FAULT_VS_PUNCH, { preemptions: 0 }).verdict, 'verified');
  assert.equal(check(BROKEN, FAULT_VS_PUNCH, { preemptions: 1 }).verdict, 'violation');
});

test('every counterexample replays: the same run, the same signature, and a drawing of it', () => {
  const workloads = arbWorkload({ ...vocabularyOf(BROKEN), ...SMALL });
  let met = 0;
  fc.assert(
    fc.property(workloads, fc.nat(), (workload, rngSeed) => {
      const searched = check(BROKEN, workload, { statesMax: 100_000, all: true });
      const drawn = runRandom(BROKEN, workload, { runs: 30, rngSeed });
      for (const { signature, run, name } of [
        ...searched.counterexamples,
        ...drawn.counterexamples,
      ]) {
        met++;
        const again = replay(BROKEN, parseInput(printInput(run.input), 'run'));
        assert.equal(again.digest, run.digest);
        const { verdict } = again;
        assert.ok(verdict.kind === 'violation');
        assert.ok(verdict.violations.some((one) => one.signature === signature));
        const drawing = draw(BROKEN, run.input, signature).replaceAll(/\n {2}/g, ' ');
        assert.ok(drawing.startsWith(name), drawing);
      }
      // What random runs meet the search has met.
      const known = new Set(searched.counterexamples.map(({ signature }) => signature));
      if (!searched.isComplete) return;
      for (const { signature } of drawn.counterexamples) assert.ok(known.has(signature));
    }),
    { seed: RNG_SEED, numRuns: NUM_RUNS },
  );
  assert.ok(met > 0, 'no workload went wrong');
});

test('random runs: the same number, the same runs, by each scheduler; another number, others', () => {
  const digestsOf = (rngSeed: number, scheduler?: 'surw' | 'pct3' | 'random'): string => {
    const options = { runs: 50, rngSeed, ...(scheduler === undefined ? {} : { scheduler }) };
    const { runs, steps, counterexamples } = runRandom(BROKEN, FAULT_VS_PUNCH, options);
    assert.equal(runs, 50);
    assert.ok(counterexamples.length > 0, `${scheduler}`);
    return [steps, ...counterexamples.map(({ run }) => run.digest)].join(' ');
  };
  for (const scheduler of [undefined, 'surw', 'pct3', 'random'] as const) {
    assert.equal(digestsOf(7, scheduler), digestsOf(7, scheduler));
    assert.notEqual(digestsOf(7, scheduler), digestsOf(8, scheduler));
  }
});

test('a function picks the threads, where there is a choice', () => {
  const asked: string[] = [];
  const alternating = runUnder(BROKEN, FAULT_VS_PUNCH, (enabled, current) => {
    asked.push(`${current}: ${enabled.join(' ')}`);
    return enabled.find((thread) => thread !== current) ?? assert.fail('there is no choice');
  });
  assert.equal(asked[0], '-1: 0 1');
  assert.ok(asked.every((question) => question.endsWith(': 0 1')));
  const first = alternating.steps.slice(0, 4).map(({ thread }) => thread);
  assert.deepEqual(first, [0, 1, 0, 1]);
  assert.equal(replay(BROKEN, alternating.input).digest, alternating.digest);

  const stubborn = runUnder(BROKEN, FAULT_VS_PUNCH, (enabled, current) =>
    enabled.includes(current) ? current : Math.min(...enabled),
  );
  const byDefault = replay(BROKEN, { ...FAULT_VS_PUNCH, schedule: EMPTY_SCHEDULE });
  assert.equal(stubborn.digest, byDefault.digest);
  assert.deepEqual(stubborn.input.schedule, EMPTY_SCHEDULE);
  assert.equal(byDefault.verdict.kind, 'pass');
  assert.throws(
    () => runUnder(BROKEN, FAULT_VS_PUNCH, () => 2),
    /thread 2 was picked, .* 0, 1 can/,
  );
});

test('a model has all that is drawn from its vocabulary', () => {
  const run = (name: string): void => {
    const model = modelOf(name);
    const workloads = arbWorkload({ ...vocabularyOf(model), ...SMALL });
    fc.assert(
      fc.property(workloads, (workload) => {
        replay(model, { ...workload, schedule: EMPTY_SCHEDULE });
      }),
      { seed: RNG_SEED, numRuns: NUM_RUNS },
    );
  };
  for (const name of MODEL_NAMES) run(name);
  assert.ok(vocabularyOf(modelOf('modern-xfs-fixed')).sharings.includes('sync'));
  assert.ok(!vocabularyOf(BROKEN).sharings.includes('sync'));
});

test("a model of one's own is read as the command line reads it", () => {
  const text = (name: string): string => `faultline model 1
name    ${name}
title   punch takes MMAPLOCK shared
extends xfs-mmaplock-prezero
toggle  punch = write | read

for punch=read:
  in punch: replace down_write(XFS_MMAPLOCK) by down_read(XFS_MMAPLOCK)
`;
  const [sound, shared] = [null, 'punch=read'].map((toggles) =>
    modelFromText(text('mine'), 'mine.model', toggles),
  );
  assert.ok(sound !== undefined && shared !== undefined);
  assert.equal(check(sound, FAULT_VS_PUNCH).verdict, 'verified');
  assert.match(check(shared, FAULT_VS_PUNCH).counterexamples[0]?.name ?? '', /^looks like B12: /);
  const taken = { code: 'MODEL_NAME_TAKEN' };
  assert.throws(() => modelFromText(text('v42-immap-read')), taken);
  assert.throws(() => modelFromText(`${text('mine')}in punch: nonsense\n`, 'mine.model'), {
    code: 'MODEL_INVALID',
    message: /^mine\.model:9:\d+: /,
  });
  assert.throws(() => modelOf('v42-imap-read'), { code: 'MODEL_UNKNOWN' });
});

test('what makes no sense, or what a model lacks, is refused', () => {
  const beyond = { ...FAULT_VS_PUNCH, threads: [{ process: 3, ops: [] }] };
  const refused = (run: () => unknown, code: string, message: RegExp): void => {
    assert.throws(run, (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  };
  refused(() => check(BROKEN, beyond), 'INPUT_INVALID', /^thread T0: names process 3/);
  const clone = {
    ...FAULT_VS_PUNCH,
    threads: [{ process: 0, ops: [{ kind: 'reflink', file: 0 }] }],
  } as const;
  const lacking = /no path for reflink/;
  refused(() => check(BROKEN, clone), 'OPERATION_LACKING', lacking);
  refused(() => runRandom(BROKEN, clone, { runs: 1, rngSeed: 1 }), 'OPERATION_LACKING', lacking);
  refused(
    () => replay(BROKEN, { ...clone, schedule: EMPTY_SCHEDULE }),
    'OPERATION_LACKING',
    lacking,
  );
});
