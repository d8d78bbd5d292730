/**
 * What a coordinator exports, held against its log and the folders of its findings, at a moment at which nothing comes in:
 * runs and findings, each to the digit, whatever was killed before.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { PREFIX } from '../../corpus/exchange/metric-table.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { type Family, parseExposition } from '../support/exposition.ts';
import { figure } from '../support/patience.ts';
import type { Counted, LogTail } from './log-tail.ts';

/** A coordinator that lives, alone or in a fleet. */
interface Served {
  /** Undefined while there is no answer. */
  get(route: string): Promise<Response | undefined>;
  control(verb: string): Promise<void>;
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
}

type Exported = ReadonlyMap<string, Family>;

/** Pauses the campaign. */
export async function checkFigures(served: Served, log: LogTail, dataDir: string): Promise<void> {
  const { exported, counted, classes } = await atRest(served, log, dataDir);
  const runs = sumOf(exported, 'runs_total');
  assert.equal(runs, counted.runs, 'runs, as exported and by the log');
  const findings = counted.stored.length;
  assert.equal(sumOf(exported, 'findings_published'), findings, 'findings, as exported and logged');
  assert.equal(sumOf(exported, 'findings_known'), findings, 'findings by row');
  assert.equal(sumOf(exported, 'findings_unstored'), 0, 'findings that have no folder');
  const published = familyOf(exported, 'findings_published').samples;
  const own = published.flatMap(({ labels, value }) =>
    Array<string>(value).fill(labels.class ?? ''),
  );
  assert.deepEqual(
    own.sort(),
    [...classes].sort(),
    'findings by class, as exported and on the disk',
  );
  figure(`/metrics says ${runs} runs and ${findings} findings, as the log does`);
}

interface Rest {
  readonly exported: Exported;
  readonly counted: Counted;
  /** Of each finding on the disk. */
  readonly classes: readonly string[];
}

/** Nothing is under way, and nothing came in between two looks at the log: what was asked in between is of that state. */
async function atRest(served: Served, log: LogTail, dataDir: string): Promise<Rest> {
  let rest: Rest | undefined;
  await served.until('a campaign at rest', async () => {
    const counted = await committed(served, log);
    if (counted.underway > 0) return false;
    const text = await (await served.get('/metrics'))?.text();
    const classes = new FindingStore(dataDir).list().findings.map((one) => one.class);
    if (text === undefined || !isDeepStrictEqual(await committed(served, log), counted))
      return false;
    rest = { exported: parseExposition(text), counted, classes };
    return true;
  });
  assert.ok(rest !== undefined);
  return rest;
}

/** The state may be ahead of the log for a turn, but what is told to the coordinator is logged at once, with all before it. */
async function committed(served: Served, log: LogTail): Promise<Counted> {
  await served.control('pause');
  log.look();
  return log.counted();
}

function familyOf(exported: Exported, name: string): Family {
  const family = exported.get(`${PREFIX}${name}`);
  assert.ok(family !== undefined, `no ${name} in /metrics`);
  return family;
}

function sumOf(exported: Exported, name: string): number {
  return familyOf(exported, name).samples.reduce((sum, { value }) => sum + value, 0);
}
