/** A campaign log of an earlier version, whose fields and kinds of batches had other names, reads as it did then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../corpus/vocabulary/json.ts';
import type { Kind, Result } from '../../corpus/vocabulary/messages.ts';
import { currentRecord } from '../../daemon/campaign/earlier.ts';
import { snapshotOf, stateOf } from '../../daemon/campaign/snapshot.ts';
import { CampaignState } from '../../daemon/campaign/state.ts';
import { Coordination, reportOf } from './coordination.ts';

/** Fields by their names of this version, and how an earlier one called them. */
const FIELDS: Readonly<Record<string, string>> = {
  featuresVersion: 'features',
  featureCount: 'features',
  settings: 'plan',
  phase: 'state',
  foldedAtLastCanary: 'lastFolded',
  quarantinedBatches: 'givenUp',
  quarantined: 'givenUp',
};
const KINDS: Readonly<Record<string, string>> = { fuzz: 'explore', compare: 'matrix' };

/** @param renamed filled with every name that was replaced */
function earlier(value: Json, renamed: Set<string>): Json {
  if (Array.isArray(value)) return value.map((one) => earlier(one, renamed));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => {
    const isKind = (name === 'kind' || name === 'work') && typeof one === 'string';
    const word = isKind ? KINDS[one] : undefined;
    if (word !== undefined) renamed.add(word);
    // The campaign's own count always had this name.
    const before = name === 'quarantined' && 'folded' in value ? undefined : FIELDS[name];
    if (before !== undefined) renamed.add(name);
    return [before ?? name, word ?? earlier(one, renamed)];
  });
  return Object.fromEntries(entries);
}

function jsonOf(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

/** Some batches of each kind reported, one of each quarantined, and some under way. */
function campaign(): Coordination {
  const coordination = new Coordination();
  const lost = new Set<Kind>();
  for (let turn = 0; turn < 8; turn++) {
    for (const batch of coordination.plan(4)) {
      const { kind } = batch.work;
      const isLost = !lost.has(kind) && kind !== 'verify';
      lost.add(kind);
      const result: Result = { kind: 'quarantined', work: kind, reason: 'hang', starts: 3 };
      const report = reportOf(batch, `e.${turn}`);
      coordination.report(isLost ? { ...report, result } : report);
    }
  }
  coordination.plan(4);
  return coordination;
}

const { rows, state } = campaign();

test('records of an earlier version fold to the state of this one', () => {
  const renamed = new Set<string>();
  const folded = new CampaignState();
  for (const row of rows) folded.apply(currentRecord(earlier(jsonOf(row), renamed)));
  assert.deepEqual([...renamed].sort(), ['explore', 'featuresVersion', 'matrix']);
  // How often a workload was a parent is in no record.
  const of = (one: CampaignState): string =>
    JSON.stringify(snapshotOf(one)).replace(/"chosen":\d+/g, '"chosen":0');
  assert.equal(of(folded), of(state));
});

test('a snapshot of an earlier version is that of this one', () => {
  const renamed = new Set<string>();
  const old = earlier(jsonOf(snapshotOf(state)), renamed);
  const { featuresVersion: _, ...fields } = FIELDS;
  assert.deepEqual([...renamed].sort(), [...Object.keys(fields), 'explore', 'matrix'].sort());
  assert.deepEqual(jsonOf(snapshotOf(stateOf(old as never))), jsonOf(snapshotOf(state)));
});

test('what this version wrote stays as it is', () => {
  for (const row of rows) assert.deepEqual(currentRecord(jsonOf(row)), jsonOf(row));
  const snapshot = snapshotOf(state);
  assert.deepEqual(jsonOf(snapshotOf(stateOf(snapshot))), jsonOf(snapshot));
});
