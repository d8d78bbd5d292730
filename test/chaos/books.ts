/** What must be true when a fleet has ended: what workers reported, what the log holds, what was published, and how often. */
import assert from 'node:assert/strict';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import type { CampaignState } from '../../daemon/campaign/state.ts';
import { SYSTEM_CLOCK } from '../../daemon/log/clock.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { LogWriter } from '../../daemon/log/writer.ts';
import { figure } from '../support/patience.ts';
import type { Fleet } from './fleet.ts';
import type { Sighting } from './spool-journal.ts';

/** Whatever a coordinator knew when it ended. */
function stateIn(dataDir: string): CampaignState {
  const log = new LogWriter(logFolderOf(dataDir), SYSTEM_CLOCK, {
    committed: () => {},
    said: assert.fail,
  });
  log.close();
  return log.state;
}

/** Nothing is lost, and nothing doubled. */
export function checkBooks(fleet: Fleet): void {
  const state = stateIn(fleet.disk.folder);
  checkReports(fleet);
  checkCounts(fleet, state);
  checkFindings(fleet, state);
  const { seen, missed, mismatches } = state.canaries;
  assert.deepEqual({ missed, mismatches }, { missed: 0, mismatches: 0 }, 'canaries');
  assert.equal(state.triage.mismatches, 0, 'repros that another executor ran otherwise');
  assert.ok(seen > 0);
}

/** Whatever lay on a worker's disk is in a log. */
function checkReports(fleet: Fleet): void {
  const reports = new Set(fleet.journals.flatMap((one) => [...one.reports]));
  const lost = [...reports].filter((id) => !isLogged(fleet, id));
  assert.deepEqual(lost, [], 'reports that a worker made and no log has');
  const left = fleet.journals.flatMap((one) => one.left()).filter((id) => !isLogged(fleet, id));
  assert.deepEqual(left, [], 'reports that are left behind');
  figure(`${reports.size} reports that workers made are in the log: 0 lost`);
}

function isLogged({ log, rivals }: Fleet, id: string): boolean {
  return log.reported.has(id) || rivals.some((one) => one.reported.has(id));
}

/** Each batch counts once. */
function checkCounts({ log }: Fleet, state: CampaignState): void {
  const { folded, runs, doubled } = log.counted();
  assert.deepEqual(doubled, [], 'fuzz batches that count twice');
  assert.equal(state.folded, folded, 'batches that count, by the product and by its log');
  assert.equal(state.runs, runs, 'runs that count, by the product and by its log');
  figure(`${folded} batches and ${runs} runs count once each: 0 doubled`);
}

/** What a worker saw is published, once; or its batch was quarantined, or a coordinator that is gone has it. */
function checkFindings(fleet: Fleet, state: CampaignState): void {
  const published = state.triage.published().map(({ signature }) => signature);
  assert.equal(new Set(published).size, published.length, 'signatures that are published twice');
  const { findings, damaged } = new FindingStore(fleet.disk.folder).list();
  assert.deepEqual(damaged, []);
  assert.deepEqual(findings.map(({ signature }) => signature).sort(), [...published].sort());
  const known = new Set(published);
  for (const folder of fleet.rivalFolders) {
    if (hasLog(fleet, folder))
      for (const one of stateIn(folder).triage.cases.keys()) known.add(one);
  }
  const seen = fleet.journals.flatMap(({ sightings }) => sightings);
  const ended = new Set(state.quarantinedBatches.map(({ id }) => id));
  const missing = seen
    .filter(
      ({ batch, signatures }) => !ended.has(batch) && signatures.some((one) => !known.has(one)),
    )
    .filter((one) => !diedUnwritten(fleet, one));
  assert.deepEqual(missing, [], 'findings that a worker saw and that are not published');
  const { duplicates, epoch, quarantined } = state;
  figure(
    `${published.length} findings of ${seen.length} sightings; ${duplicates} reports came twice or late, ` +
      `${quarantined} batches quarantined, ${epoch} epochs`,
  );
}

function hasLog({ rivals, rivalFolders }: Fleet, folder: string): boolean {
  return (rivals[rivalFolders.indexOf(folder)]?.rowCount ?? 0) > 0;
}

/** Its worker was killed before its report was anywhere; such a batch is run again, or planned anew. */
function diedUnwritten(fleet: Fleet, { batch, pid }: Sighting): boolean {
  const { first, second } = fleet.parts;
  const wasKilled = first.killed.has(pid) || second.killed.has(pid);
  return wasKilled && !isLogged(fleet, batch);
}
