/**
 * A data directory of an earlier version. Two findings are as that version wrote them (test/golden/older): one is
 * shown again, of the other the signature is spelled otherwise today. The rest are made from them.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { type FindingRecord, findingId } from '../../corpus/vocabulary/finding.ts';
import type { Repro } from '../../corpus/vocabulary/repro.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { modelDigest, modelJson, modelOf } from '../../workers/models/registry.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const OLDER = path.join(PACKAGE_ROOT, 'test/golden/older');
/** Its id is of the first version of signatures. */
export const FIRST = '7c3fd0ef86b66420b887f1bc28acfb1072a2e4d042f8e6d4f0312daeb93f20b7';
export const RENAMED = '4138a11d5fcd0c8385e52643a3ec53b9591a7fc25b82516c25e98740bd9a1633';

const SAME_SIGNATURE = 'bad-release iMmapRwsem:W fault/upWrite(iMmapRwsem)';
const SILENT_SIGNATURE = 'unfenced punch';
const GONE_SIGNATURE = 'unfenced insert';
const OWN_SIGNATURE = 'bad-release iMmapRwsem:W fault/upWrite(iMmapRwsem)~own';
/** Of an engine before this one. */
export const SAME: string = findingId(SAME_SIGNATURE);
/** What a workload of two loads never shows. */
export const SILENT: string = findingId(SILENT_SIGNATURE);
/** Its model is not in this build, and what it carries is no model. */
export const GONE: string = findingId(GONE_SIGNATURE);
/** On a model of somebody's own, which shows another finding now. */
export const OWN: string = findingId(OWN_SIGNATURE);
export const DAMAGED: string = '0'.repeat(64);

const TWO_LOADS =
  'faultline input 1\nfile A size 4096 pages written\nprocess P0 a0 A 0 4096 shared\n' +
  'thread T0 P0\nload a0 0\nthread T1 P0\nload a0 0\nfirst T0\n';

/** @param withUnjudgeable the two that no engine can judge, too */
export function fillOlder(dataDir: string, withUnjudgeable = true): void {
  const findings = path.join(dataDir, 'findings');
  cpSync(path.join(OLDER, 'findings'), findings, { recursive: true });
  const store = new FindingStore(dataDir);
  const base = store.record(FIRST);
  store.put(variant(base, SAME_SIGNATURE, {}));
  const input = parseInput(TWO_LOADS, 'two loads');
  store.put(variant(base, SILENT_SIGNATURE, { input }));
  const own = { ...modelOf('v43rc-immap-write'), name: 'own' };
  const carried = { modelJson: modelJson(own), modelDigest: modelDigest(own) };
  store.put(variant(base, OWN_SIGNATURE, { modelRef: 'own', ...carried }));
  if (!withUnjudgeable) return;
  const gone = { modelRef: 'gone:x=1', modelJson: '{"name":"gone"}' };
  store.put(variant(base, GONE_SIGNATURE, gone));
  mkdirSync(path.join(findings, DAMAGED));
  writeFileSync(path.join(findings, DAMAGED, 'finding.json'), '{"id":');
}

function variant(base: FindingRecord, signature: string, change: Partial<Repro>): FindingRecord {
  const repro = { ...base.repro, signature, ...change };
  const finding = { ...base.finding, signature, id: findingId(signature), known: null };
  const { modelRef: model } = repro;
  return { ...base, finding: { ...finding, model, models: [model] }, repro };
}

/** Every file with its text, without what a crash may leave and the next reader clears. */
export function tree(dataDir: string): Readonly<Record<string, string>> {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => path.relative(dataDir, path.join(parentPath, name)))
    .filter((name) => !/\/\.(?:old|new)-/.test(name))
    .sort();
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(path.join(dataDir, name), 'utf8')]),
  );
}
