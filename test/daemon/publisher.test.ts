/** What is listed is what lies on disk, whoever else writes there. */

import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { type FindingRecord, findingId, packRecord } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { BATCH_VERSION } from '../../corpus/vocabulary/messages.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import type { Case } from '../../daemon/campaign/triage.ts';
import { Publisher } from '../../daemon/coordinator/publisher.ts';
import { SYSTEM_CLOCK } from '../../daemon/log/clock.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { LogWriter } from '../../daemon/log/writer.ts';
import { fillOlder, GONE, OWN, RENAMED, SAME, SILENT } from '../cli/older.ts';
import { SIGNATURE, sampleRecord, temporaryFolder } from '../store/sample.ts';
import { BUILD, CAMPAIGN, SETTINGS } from './coordination.ts';

const OLDER_IDS = [SAME, RENAMED, SILENT, GONE, OWN].sort();

interface Bench {
  /** Operations of each finding that was new. */
  readonly counted: readonly number[];
  readonly log: LogWriter;
  readonly publisher: Publisher;
  readonly said: readonly string[];
  finding(): Case | undefined;
}

function opened(t: TestContext, dataDir: string): Bench {
  const said: string[] = [];
  const counted: number[] = [];
  const watcher = {
    said: (text: string) => said.push(text),
    warned: (text: string) => said.push(text),
    committed: () => {},
    published: ({ operations }: StoredFinding) => counted.push(operations),
    damaged: () => {},
  };
  const log = new LogWriter(logFolderOf(dataDir), SYSTEM_CLOCK, watcher);
  t.after(() => log.close());
  const { state } = log;
  if (state.settings === null) {
    log.write({ t: 'campaign', campaign: CAMPAIGN, plan: SETTINGS });
    log.write({ t: 'led', epoch: 1, build: BUILD });
  }
  const store = new FindingStore(dataDir);
  const publisher = new Publisher({ state, log, store, clock: SYSTEM_CLOCK, watcher });
  publisher.adoptStore();
  return { counted, log, publisher, said, finding: () => state.triage.cases.get(SIGNATURE) };
}

function digests({ publisher, finding }: Bench): readonly (string | undefined)[] {
  const one = finding();
  assert.ok(one !== undefined);
  const served = publisher.packedOf(one)?.repro ?? '';
  return [finding()?.published?.reproDigest, sha256Hex(served)];
}

test('a better repro that somebody else puts there is listed as it is served', (t) => {
  const dataDir = temporaryFolder(t);
  new FindingStore(dataDir).put(sampleRecord({ loads: 3 }));
  const first = opened(t, dataDir);
  const [listed, served] = digests(first);
  assert.equal(listed, served);
  const revision = first.finding()?.published?.revision ?? 0;
  new FindingStore(dataDir).put(sampleRecord({ loads: 1 }));
  const [listedNow, servedNow] = digests(first);
  assert.equal(listedNow, servedNow);
  assert.notEqual(servedNow, served);
  assert.ok((first.finding()?.published?.revision ?? 0) > revision);
  first.log.finish();
  first.log.close();
  new FindingStore(dataDir).put(sampleRecord({ loads: 0 }));
  const second = opened(t, dataDir);
  const [listedThen, servedThen] = digests(second);
  assert.equal(listedThen, servedThen);
});

test('models that the log knows reach the disk, also after a disk that refused', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  store.put(sampleRecord());
  const { log, publisher, said } = opened(t, dataDir);
  const compared = { kind: 'compare', signature: SIGNATURE, on: ['canary'], notOn: [] } as const;
  const sender = {
    version: BATCH_VERSION,
    build: BUILD,
    campaign: CAMPAIGN,
    executor: 'e',
  } as const;
  const report = { ...sender, id: 'm', milliseconds: 1, result: compared };
  log.write({ t: 'report', report });
  const [findings, aside] = [path.join(dataDir, 'findings'), path.join(dataDir, 'aside')];
  renameSync(findings, aside);
  writeFileSync(findings, '');
  publisher.publish();
  rmSync(findings);
  renameSync(aside, findings);
  const modelsOnDisk = () => store.list().findings.flatMap(({ models }) => models);
  assert.ok(!modelsOnDisk().includes('canary'), said.join());
  publisher.publish();
  assert.ok(modelsOnDisk().includes('canary'), said.join());
  log.close();
  assert.equal(opened(t, dataDir).finding()?.models.includes('canary'), true);
});

test('a finding whose folder is gone may be found again; a disk that is away forgets nothing', (t) => {
  const dataDir = temporaryFolder(t);
  new FindingStore(dataDir).put(sampleRecord());
  const { publisher, said, finding } = opened(t, dataDir);
  const one = finding();
  assert.ok(one !== undefined);
  const [findings, aside] = [path.join(dataDir, 'findings'), path.join(dataDir, 'aside')];
  renameSync(findings, aside);
  writeFileSync(findings, '');
  assert.equal(publisher.reproOf(one), undefined);
  assert.notEqual(finding(), undefined);
  rmSync(findings);
  renameSync(aside, findings);
  assert.notEqual(publisher.reproOf(one), undefined);
  rmSync(path.join(findings, findingId(SIGNATURE)), { recursive: true });
  assert.equal(publisher.reproOf(one), undefined);
  assert.equal(finding(), undefined);
  assert.match(said.join('\n'), /^forgot finding [0-9a-f]{64}: /);
});

test('findings of an earlier version are listed and served, and what cannot be read is said', (t) => {
  const dataDir = temporaryFolder(t);
  fillOlder(dataDir);
  const first = opened(t, dataDir);
  const { triage } = first.log.state;
  assert.deepEqual(
    triage
      .published()
      .map((one) => one.published?.finding.id)
      .sort(),
    OLDER_IDS,
  );
  for (const one of triage.published()) {
    assert.match(first.publisher.packedOf(one)?.repro ?? '', /^faultline repro 1\n/);
  }
  assert.match(first.said.join('\n'), /^cannot read .*0{64}: finding.json: not a JSON object$/m);
  const models = triage.published().map((one) => one.published?.finding.model);
  assert.ok(models.includes('gone:x=1'), 'a reference that this build does not know');
  first.publisher.publish();
  first.log.finish();
  first.log.close();
  renameSync(path.join(dataDir, 'findings', GONE), path.join(dataDir, 'aside'));
  const second = opened(t, dataDir);
  assert.match(second.said.join('\n'), /^forgot finding "unfenced .*": its folder is gone/m);
  assert.equal(second.log.state.triage.published().length, OLDER_IDS.length - 1);
});

test('a second witness of a listed finding takes its place where it is better, and counts as none', (t) => {
  const dataDir = temporaryFolder(t);
  const { counted, log, publisher, finding } = opened(t, dataDir);
  const { triage } = log.state;
  const show = (bucket: string, record: FindingRecord): void => {
    const text = printInput(record.repro.input);
    const witness = { signature: SIGNATURE, bucket, text, run: 0, scheduler: 'surw' };
    const { model } = record.finding;
    triage.discover({ signature: SIGNATURE, model, witness, batch: 0, runsToFirst: 1 });
    const packed = packRecord(record);
    triage.learn({ kind: 'minimize', signature: SIGNATURE, record: packed }, 'e.1', 0);
    triage.learn({ kind: 'verify', signature: SIGNATURE, isSame: true }, 'e.2', 0);
    publisher.publish();
  };
  const operations = (): unknown => [finding()?.published?.finding.operations, counted.length];
  show('one way', sampleRecord({ loads: 2 }));
  assert.deepEqual(operations(), [3, 1]);
  show('another', sampleRecord({ loads: 5 }));
  assert.deepEqual(operations(), [3, 1], 'the store keeps the smaller one, and that is listed');
  show('a third', sampleRecord({ loads: 1 }));
  assert.deepEqual(operations(), [2, 1]);
});
