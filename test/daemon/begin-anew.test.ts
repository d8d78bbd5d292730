/** What is under way outlives the campaign that met it, and nobody's report leads a coordinator astray. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FuzzResult, Report } from '../../corpus/vocabulary/messages.ts';
import { readReport } from '../../daemon/campaign/check-report.ts';
import { type Due, isAtEnd, reasonToStop } from '../../daemon/campaign/due.ts';
import { Coordination, findingsOf, pin, reportOf, SETTINGS } from './coordination.ts';

const HOUR_MS = 3_600_000;
const XFS = { ...SETTINGS, models: [pin('xfs-mmaplock-prezero')] };

function fuzzBatchOf(batches: readonly Due[]): Due {
  const batch = batches.find(({ work }) => work.kind === 'fuzz');
  assert.ok(batch !== undefined);
  return batch;
}

function reportedAs(report: Report, change: Partial<FuzzResult>): Report {
  assert.ok(report.result.kind === 'fuzz');
  return { ...report, result: { ...report.result, ...change } };
}

/** Computes everything but fuzz batches until nothing more of it is due. */
function follow(coordination: Coordination, given: readonly Due[] = coordination.plan(4)): void {
  const { campaign } = coordination.state;
  let batches = given;
  for (let turn = 0; turn < 50; turn++) {
    const about = batches.filter(({ work }) => work.kind !== 'fuzz');
    if (about.length === 0) return;
    about.forEach((batch, i) => {
      coordination.report({ ...reportOf(batch, `e.${turn}.${i}`), campaign });
    });
    batches = coordination.plan(4);
  }
  assert.fail('it does not come to its end');
}

test('findings under way are followed up in a campaign of other models', () => {
  const coordination = new Coordination();
  for (const batch of coordination.plan()) coordination.report(reportOf(batch));
  const met = findingsOf(coordination.state).filter((line) => line.startsWith('minimize '));
  assert.ok(met.length > 3);
  coordination.write({ t: 'campaign', campaign: 'c2', plan: XFS, atMs: 0 });
  follow(coordination);
  assert.deepEqual(
    findingsOf(coordination.state),
    met.map((line) => line.replace('minimize ', 'published ')),
  );
});

test('a report of the campaign before opens its cases', () => {
  const coordination = new Coordination();
  const late = coordination.plan().map((batch) => reportOf(batch));
  coordination.write({ t: 'campaign', campaign: 'c2', plan: XFS, atMs: 0 });
  for (const report of late) coordination.report(report);
  assert.ok(findingsOf(coordination.state).length > 3);
  assert.equal(coordination.state.runs, 0);
});

test('what a report says of another batch, model or size is not counted', () => {
  const coordination = new Coordination();
  const batch = fuzzBatchOf(coordination.plan());
  const report = reportOf(batch);
  const models = [...coordination.state.models.keys()];
  for (const change of [{ model: 'nobody' }, { model: 'canary' }, { index: 7 }, { runs: 513 }]) {
    assert.equal(coordination.report(reportedAs(report, change)), 'duplicate');
  }
  assert.deepEqual([...coordination.state.models.keys()], models);
  assert.equal(coordination.state.runs, 0);
  assert.equal(coordination.report(report), 'folded');
});

test('a report of too many bytes is set aside, however few characters it has', () => {
  const { state } = new Coordination();
  const json = JSON.stringify({ text: 'é'.repeat(5 << 20) });
  const { result } = readReport({ id: 'b', json }, state);
  assert.match(result.kind === 'quarantined' ? result.reason : '', /larger than 8388608 bytes/);
});

test('a fleet that claims to be endless gets a bounded plan', () => {
  const coordination = new Coordination();
  const { length } = coordination.plan(Number.MAX_SAFE_INTEGER);
  assert.ok(length > 100 && length < 300, `${length} batches`);
});

test('few runs are for every model', () => {
  const coordination = new Coordination({ ...SETTINGS, stop: { ...SETTINGS.stop, runs: 100 } });
  const fuzzBatches = coordination.plan(4).filter(({ work }) => work.kind === 'fuzz');
  assert.deepEqual(
    fuzzBatches.map(({ outstanding }) => outstanding.runs),
    [34, 34, 32],
  );
});

test('a batch that is lost after the last was planned is made up for', () => {
  const models = SETTINGS.models.slice(0, 2);
  const coordination = new Coordination({
    ...SETTINGS,
    models,
    stop: { ...SETTINGS.stop, runs: 1024 },
  });
  const first = coordination.plan(4).filter(({ work }) => work.kind === 'fuzz');
  assert.equal(first.length, 2);
  coordination.report(reportOf(fuzzBatchOf(first)));
  const ids = [...coordination.state.outstanding.keys()];
  coordination.write({ t: 'abandoned', ids, atMs: 0 });
  assert.equal(reasonToStop(coordination.state), null);
  const again = coordination.plan(4);
  coordination.report(reportOf(fuzzBatchOf(again)));
  assert.equal(coordination.state.runs, 1024);
  assert.equal(reasonToStop(coordination.state), 'its runs are made');
  coordination.write({ t: 'control', control: 'stop', atMs: 0 });
  follow(coordination, again);
  assert.ok(isAtEnd(coordination.state));
});

test('a pause is no quiet time', () => {
  const coordination = new Coordination({
    ...SETTINGS,
    stop: { ...SETTINGS.stop, quietMilliseconds: HOUR_MS },
  });
  const [first, ...rest] = coordination.plan(4).map((batch) => reportOf(batch));
  assert.ok(first !== undefined);
  coordination.report(first);
  coordination.write({ t: 'report', report: rest[0] ?? first, atMs: 8 * HOUR_MS });
  assert.equal(reasonToStop(coordination.state), null);
  assert.ok(coordination.state.ranMs < HOUR_MS);
});
