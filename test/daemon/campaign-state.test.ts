/**
 * What a coordinator knows is a function of its rows, and what it has found does not depend on what the queue
 * loses, repeats or reorders.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FindingRecord, packRecord } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { Report, Result } from '../../corpus/vocabulary/messages.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { type Due, isAtEnd, reasonToStop } from '../../daemon/campaign/due.ts';
import { bucketsWith, settledOf } from '../../daemon/campaign/plan-batch.ts';
import { snapshotOf, stateOf } from '../../daemon/campaign/snapshot.ts';
import { CampaignState } from '../../daemon/campaign/state.ts';
import { droppedText, recordToStore } from '../../daemon/campaign/triage.ts';
import { sampleRecord } from '../store/sample.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { BUILD, Coordination, findingsOf, pin, reportOf, SETTINGS } from './coordination.ts';

const FUZZ_BATCHES = 4;

/**
 * Runs a campaign of a few fuzz batches until nothing is due, through a queue that does as the tape says.
 * @param seen is told of every report that came
 */
function campaign(
  tape: (choices: number) => number,
  seen: (report: Report) => void = () => {},
): Coordination {
  const coordination = new Coordination();
  const came = (report: Report): void => {
    seen(report);
    coordination.report(report);
  };
  const queue: Due[] = [];
  const given: Report[] = [];
  for (let turns = 0; turns < 4000; turns++) {
    if (coordination.state.nextIndex >= FUZZ_BATCHES && coordination.state.phase === 'running') {
      coordination.write({ t: 'control', control: 'stop', atMs: 0 });
    }
    queue.push(...coordination.plan());
    if (queue.length === 0) return coordination;
    const next = tape(queue.length);
    const [batch] = queue.splice(next, 1);
    if (batch === undefined) continue;
    switch (tape(8)) {
      case 0:
        // Lost on the way; it is missed and handed out again.
        coordination.write({ t: 'abandoned', ids: [batch.outstanding.id], atMs: 0 });
        break;
      case 1:
        // Computed twice.
        came(reportOf(batch, 'e.1'));
        came(reportOf(batch, 'e.2'));
        break;
      case 2: {
        // Given up as lost, and then it comes after all.
        coordination.write({ t: 'abandoned', ids: [batch.outstanding.id], atMs: 0 });
        came(reportOf(batch));
        break;
      }
      case 3: {
        const old = given[tape(Math.max(1, given.length))];
        if (old !== undefined) came(old);
        came(reportOf(batch));
        break;
      }
      default:
        came(reportOf(batch));
    }
    given.push(reportOf(batch));
  }
  assert.fail('the campaign does not come to its end');
}

test('what a report told of is found once, whatever the queue loses, repeats or reorders', () => {
  const tapes = fc.array(fc.nat({ max: 1 << 20 }), { maxLength: 200 });
  fc.assert(
    fc.property(tapes, (tape) => {
      let at = 0;
      const told = new Set<string>();
      const runs = new Map<number, number>();
      // Behind the tape's end the queue is a good one, so that every campaign ends.
      const { state } = campaign(
        (choices) => (tape[at++] ?? choices - 1) % choices,
        ({ result }) => {
          if (result.kind !== 'fuzz') return;
          for (const { signature } of result.witnesses) told.add(`published ${signature}`);
          runs.set(result.index, result.runs);
        },
      );
      const found = findingsOf(state);
      assert.deepEqual(found, [...told].sort());
      assert.ok(found.length >= 8, `${found.length} findings`);
      assert.equal(
        state.runs,
        [...runs.values()].reduce((sum, one) => sum + one, 0),
      );
      assert.ok(isAtEnd(state));
    }),
    { seed: RNG_SEED, numRuns: 40, endOnFailure: true },
  );
});

test('a state is a function of its rows, and a snapshot stands for them', () => {
  const coordination = campaign((choices) => choices - 1);
  const again = new CampaignState();
  const half = coordination.rows.length >> 1;
  for (const row of coordination.rows.slice(0, half)) again.apply(row);
  const restored = stateOf(JSON.parse(JSON.stringify(snapshotOf(again))));
  for (const row of coordination.rows.slice(half)) restored.apply(row);
  assert.deepEqual(withoutChoices(restored), withoutChoices(coordination.state));
});

/** How often a workload was a parent is no row: a plan that got lost may count or not. */
function withoutChoices(state: CampaignState): unknown {
  return JSON.parse(JSON.stringify(snapshotOf(state)).replace(/"chosen":\d+/g, '"chosen":0'));
}

test('counts come in once, whoever reports again', () => {
  const coordination = new Coordination();
  const [batch] = coordination.plan().filter(({ work }) => work.kind === 'fuzz');
  assert.ok(batch !== undefined);
  const report = reportOf(batch);
  assert.equal(coordination.report(report), 'folded');
  const { runs, steps } = coordination.state;
  assert.equal(coordination.report(report), 'duplicate');
  assert.deepEqual([coordination.state.runs, coordination.state.steps], [runs, steps]);
  assert.equal(runs, 512);
});

test('fuzz batches of at most 4096 executors are under way, whatever heartbeats say', () => {
  const coordination = new Coordination();
  const batches = Array.from({ length: 2 * 4096 - 1 }, (_, index) => {
    return { id: `fuzz-${index}`, kind: 'fuzz', index, runs: 1, signature: null } as const;
  });
  coordination.write({ t: 'planned', batches, atMs: 0 });
  const planned = (): number =>
    coordination.plan(1e9).filter(({ work }) => work.kind === 'fuzz').length;
  assert.deepEqual([planned(), planned()], [1, 0]);
});

test('what another build found is minimized here, and its counts stay out', () => {
  const coordination = new Coordination();
  const [batch] = coordination.plan().filter(({ work }) => work.kind === 'fuzz');
  assert.ok(batch !== undefined);
  const foreign = { ...reportOf(batch), build: sha256Hex('older') };
  assert.equal(coordination.report(foreign), 'foreign');
  assert.equal(coordination.state.runs, 0);
  assert.ok(coordination.plan(9).some(({ work }) => work.kind === 'minimize'));
});

test('a batch that is quarantined closes its range, and a finding keeps its witness', () => {
  const coordination = new Coordination();
  for (const batch of coordination.plan()) coordination.report(reportOf(batch));
  const giveUp = (batch: Due): void => {
    const { id, kind } = batch.outstanding;
    const result: Result = { kind: 'quarantined', work: kind, reason: 'hang', starts: 3 };
    assert.equal(coordination.report({ ...reportOf(batch), id, result }), 'quarantined');
  };
  const first = coordination.plan(9).filter(({ work }) => work.kind === 'minimize');
  assert.ok(first.length > 0);
  for (const batch of first) giveUp(batch);
  const second = coordination.plan(9).filter(({ work }) => work.kind === 'minimize');
  assert.deepEqual(
    second.map(({ work }) => work.kind === 'minimize' && work.testsMax),
    first.map(() => 0),
    'the witness is kept as it is',
  );
  for (const batch of second) coordination.report(reportOf(batch));
  for (const batch of coordination.plan(9)) {
    if (batch.work.kind === 'verify') coordination.report(reportOf(batch, 'e.2'));
  }
  const { length } = coordination.state.triage.published();
  assert.equal(length, first.length);
  assert.equal(coordination.state.quarantined, first.length);
});

test('whatever was quarantined before, a verification has a second chance, and no third', () => {
  const { triage } = new Coordination().state;
  const record = sampleRecord({ signature: 'lock-self pageLock', model: 'v43rc-immap-write' });
  const { signature, model } = record.finding;
  const text = printInput(record.repro.input);
  const witness = { signature, text, run: 0, scheduler: 'surw' } as const;
  triage.discover({ signature, model, witness, batch: 0, runsToFirst: 1 });
  const stage = (): unknown => triage.cases.get(signature)?.stage;
  triage.wasQuarantined(signature, 'minimize');
  triage.learn({ kind: 'minimize', signature, record: packRecord(record) }, 'e.1', 0);
  triage.wasQuarantined(signature, 'verify');
  assert.equal(stage(), 'verify');
  triage.wasQuarantined(signature, 'verify');
  assert.equal(stage(), 'refuted');
});

test('a repro that another executor does not confirm is not published', () => {
  const coordination = new Coordination();
  for (const batch of coordination.plan()) coordination.report(reportOf(batch));
  for (const batch of coordination.plan(1)) coordination.report(reportOf(batch));
  const verifications = coordination.plan(1).filter(({ work }) => work.kind === 'verify');
  assert.ok(verifications.length > 0);
  for (const batch of verifications) {
    const report = reportOf(batch, 'e.2');
    assert.ok(report.result.kind === 'verify' && report.result.isSame, 'it is right, in truth');
    coordination.report({ ...report, result: { ...report.result, isSame: false } });
  }
  assert.equal(coordination.state.triage.published().length, 0);
  const refuted = [...coordination.state.triage.cases.values()].filter(
    ({ stage }) => stage === 'refuted',
  );
  assert.equal(refuted.length, verifications.length);
});

test('every verification names the executor that made the repro', () => {
  const coordination = new Coordination();
  for (const batch of coordination.plan()) coordination.report(reportOf(batch));
  for (const batch of coordination.plan(1)) coordination.report(reportOf(batch, 'maker.7'));
  const verifications = coordination
    .plan(1)
    .flatMap(({ work }) => (work.kind === 'verify' ? [work] : []));
  assert.ok(verifications.length > 0);
  for (const { notOn } of verifications) assert.equal(notOn, 'maker.7');
});

test('a campaign stops at its runs exactly, at its time, and when it stays quiet', () => {
  const coordination = new Coordination({ ...SETTINGS, stop: { ...SETTINGS.stop, runs: 5000 } });
  let planned = 0;
  for (let turn = 0; turn < 9; turn++) {
    for (const batch of coordination.plan()) {
      if (batch.work.kind === 'fuzz') planned += batch.work.runs;
      coordination.report(reportOf(batch));
    }
  }
  assert.equal(planned, 5000);
  assert.equal(coordination.state.runs, 5000);
  assert.equal(reasonToStop(coordination.state), 'its runs are made');
  const quiet = new Coordination({
    ...SETTINGS,
    stop: { ...SETTINGS.stop, quietMilliseconds: 50 },
  });
  assert.equal(reasonToStop(quiet.state), null);
  for (const batch of quiet.plan()) quiet.report(reportOf(batch));
  assert.equal(reasonToStop(quiet.state), 'nothing new was found for long');
});

test('a campaign after another has its own runs and its own time', () => {
  const stop = { ...SETTINGS.stop, runs: 512, milliseconds: 100 };
  const settings = { ...SETTINGS, models: [pin('v42-immap-read')], stop };
  const coordination = new Coordination(settings);
  const { state } = coordination;
  for (const batch of coordination.plan()) coordination.report(reportOf(batch));
  assert.ok(state.steps > 0);
  assert.equal(reasonToStop(state), 'its runs are made');
  const rest = { ...settings, stop: { ...stop, runs: null } };
  coordination.write({ t: 'campaign', campaign: 'c2', plan: rest, atMs: 7000 });
  const { startedMs, runs, steps, inconclusive, ranMs, lastFindingMs, ranAtFindingMs } = state;
  assert.deepEqual([startedMs, runs, steps, inconclusive], [7000, 0, 0, 0]);
  assert.deepEqual([ranMs, lastFindingMs, ranAtFindingMs], [0, 0, 0]);
  assert.equal(reasonToStop(state), null);
});

test('a new build forgets which features are known, and nothing else', () => {
  const coordination = campaign((choices) => choices - 1);
  const before = findingsOf(coordination.state);
  const entries = coordination.state.tallyOf('v42-immap-read').frontier.entries.length;
  coordination.write({ t: 'led', epoch: 2, build: sha256Hex('newer'), atMs: 0 });
  const { frontier } = coordination.state.tallyOf('v42-immap-read');
  assert.equal(frontier.size, 0);
  assert.equal(frontier.entries.length, entries);
  assert.deepEqual(findingsOf(coordination.state), before);
  assert.notEqual(coordination.state.build, BUILD);
});

test('a witness that another build minimized and none verified is minimized again, and published', () => {
  const coordination = new Coordination();
  for (const batch of coordination.plan()) coordination.report(reportOf(batch));
  for (const batch of coordination.plan(1)) coordination.report(reportOf(batch));
  const waiting = coordination.plan(1).filter(({ work }) => work.kind === 'verify');
  assert.ok(waiting.length > 0);
  coordination.write({ t: 'led', epoch: 2, build: sha256Hex('newer'), atMs: 0 });
  for (const batch of waiting) coordination.report(reportOf(batch, 'e.2'));
  assert.equal(coordination.state.triage.mismatches, 0);
  const again = (batch: Due, executor: string): void => {
    coordination.report({ ...reportOf(batch, executor), build: sha256Hex('newer') });
  };
  const minimizations = coordination.plan(9).filter(({ work }) => work.kind === 'minimize');
  for (const { outstanding } of waiting) {
    assert.ok(minimizations.some((one) => one.outstanding.signature === outstanding.signature));
  }
  for (const batch of minimizations) again(batch, 'e.1');
  for (const batch of coordination.plan(9)) if (batch.work.kind === 'verify') again(batch, 'e.2');
  const published = coordination.state.triage.published().map(({ signature }) => signature);
  for (const { outstanding } of waiting) assert.ok(published.includes(outstanding.signature ?? ''));
});

test('what is dropped is said, with its signature', () => {
  const signature = 'lock-self pageLock';
  const said = [
    droppedText({ kind: 'minimize', signature, record: null }),
    droppedText({ kind: 'verify', signature, isSame: false }),
    droppedText({ kind: 'verify', signature, isSame: true }),
  ];
  assert.match(said[0] ?? '', /"lock-self pageLock": this build does not show it$/);
  assert.match(said[1] ?? '', /another executor ran it otherwise$/);
  assert.equal(said[2], null);
});

test('a listed inversion stays listed while the deadlock that it foretells is minimized and verified', () => {
  const signature = 'lock-cycle iMmapRwsem pageLock';
  const model = 'v43rc-immap-write';
  const coordination = new Coordination({ ...SETTINGS, models: [pin(model)] });
  const { triage } = coordination.state;
  const [inversion, deadlock] = ['lock-order', 'deadlock'].map((symptom) => {
    const sample = sampleRecord({ signature, model });
    return { ...sample, finding: { ...sample.finding, class: symptom as 'deadlock' } };
  }) as [FindingRecord, FindingRecord];
  const meet = (bucket: string): void => {
    const witness = { signature, bucket, text: printInput(inversion.repro.input), run: 0 };
    triage.discover({
      signature,
      model,
      witness: { ...witness, scheduler: 'surw' },
      batch: 0,
      runsToFirst: 1,
    });
  };
  const minimize = (record: FindingRecord): void => {
    triage.learn({ kind: 'minimize', signature, record: packRecord(record) }, 'e.1', 0);
  };
  const verify = (isSame: boolean): void => {
    triage.learn({ kind: 'verify', signature, isSame }, 'e.2', 0);
  };
  const listed = (): unknown => triage.published().map(({ published }) => published?.finding.class);
  meet('inversion');
  minimize(inversion);
  verify(true);
  assert.deepEqual(listed(), ['lock-order']);
  meet('deadlock');
  assert.equal(triage.cases.get(signature)?.stage, 'published', 'not before the first is on disk');
  meet('inversion');
  assert.equal(triage.cases.get(signature)?.waiting.length, 1, 'that bucket has its witness');
  triage.stored(signature);
  assert.equal(triage.cases.get(signature)?.stage, 'minimize', 'it had waited');
  minimize(deadlock);
  const open = triage.cases.get(signature);
  assert.ok(open !== undefined && open.stage === 'verify');
  assert.equal(recordToStore(open), null, 'what is not verified is not stored');
  assert.deepEqual(listed(), ['lock-order']);
  assert.ok(!isAtEnd(coordination.state));
  verify(true);
  assert.deepEqual(listed(), ['deadlock']);
  assert.deepEqual(triage.settled(), ['inversion', 'deadlock']);
  triage.stored(signature);
  meet('another');
  minimize(deadlock);
  verify(false);
  assert.deepEqual(listed(), ['deadlock'], 'a witness that came to nothing takes nothing away');
  assert.equal(triage.cases.get(signature)?.stage, 'published');
});

test('a campaign tells its batches which ways into a cycle have a witness, up to a bound', () => {
  const signature = 'lock-cycle a b';
  let buckets: readonly string[] = [];
  for (let i = 0; buckets.length < 4; i++) {
    const more = bucketsWith(buckets, { signature, bucket: `way ${i >> 1}` });
    assert.equal(more === null, i % 2 === 1, `${i}`);
    buckets = more ?? buckets;
  }
  assert.deepEqual(settledOf(signature, buckets), [signature]);
  assert.equal(bucketsWith(buckets, { signature, bucket: 'one more' }), null);
  assert.deepEqual(bucketsWith([], { signature }), [signature]);
  assert.equal(bucketsWith([signature], { signature, bucket: 'way 0' }), null);
});

test('no id of a batch comes twice, also where damage has taken what said it was planned', () => {
  const whole = new Coordination();
  const lost = whole.plan().map(({ outstanding }) => outstanding.id);
  whole.plan(2);
  const damaged = new CampaignState();
  const [campaign, led, , later] = whole.rows;
  for (const row of [campaign, led, later]) if (row !== undefined) damaged.apply(row);
  assert.equal(damaged.nextId, whole.state.nextId);
  assert.ok(lost.length > 0 && damaged.outstanding.size < whole.state.outstanding.size);
});
