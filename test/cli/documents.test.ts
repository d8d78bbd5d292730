/** What scripts read: the fields of each document, and texts that survive a terminal. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { canonicalJson } from '../../corpus/vocabulary/json.ts';
import { checkModel } from '../../workers/model/check-model.ts';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { sampleRecord } from '../store/sample.ts';
import { golden } from '../support/golden.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { faultlineHere } from './faultline.ts';
import { fillFolder, RACY } from './repros.ts';

const FINDING = [
  'id',
  'signature',
  'class',
  'title',
  'known',
  'looksLike',
  'standing',
  'model',
  'models',
  'threads',
  'operations',
  'preemptions',
  'sites',
  'runsToFirst',
  'file',
];
/** Everything but lines of what can be seen. */
const UNSEEN = /[^\n\P{C}]/u;

const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
let id = '';

before(async () => {
  id = await fillFolder(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function documentOf(...args: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await faultlineHere([...args, '--json'], folder);
  assert.doesNotThrow(() => JSON.parse(stdout), stderr);
  assert.match(stdout, /^[\x20-\x7e\n]*$/);
  return JSON.parse(stdout);
}

function keysOf(value: unknown): readonly string[] {
  assert.ok(typeof value === 'object' && value !== null);
  return Object.keys(value);
}

test('findings: a list of findings, each with its fields and its file', async () => {
  const findings = await documentOf('findings');
  assert.ok(Array.isArray(findings) && findings.length === 1);
  assert.deepEqual(keysOf(findings[0]), [...FINDING, 'engine', 'mark']);
  assert.equal(findings[0].known, 'B12');
  assert.match(readFileSync(path.join(folder, findings[0].file), 'utf8'), /^faultline repro 1\n/);
  assert.deepEqual(await documentOf('findings', '--model', 'canary'), []);
});

test('check: verdict, numbers and findings', async () => {
  const document = await documentOf('check', 'seed.txt', '--model', RACY);
  for (const key of ['verdict', 'states', 'transitions', 'depth', 'workloads', 'seconds']) {
    assert.ok(keysOf(document).includes(key), key);
  }
  const { findings } = document as { findings: readonly unknown[] };
  assert.deepEqual(keysOf(findings[0]), FINDING);
});

test('replay: verdict, signature and trace digest', async () => {
  const document = await documentOf('replay', id);
  assert.deepEqual(keysOf(document).slice(0, 3), ['verdict', 'signature', 'traceDigest']);
});

test('models: a row for each, and one of them as canonical JSON that is a model', async () => {
  const models = await documentOf('models');
  assert.ok(Array.isArray(models));
  assert.deepEqual(
    models.map(({ name }) => name),
    MODEL_NAMES,
  );
  const fields = ['name', 'title', 'origin', 'order', 'toggles', 'expect'];
  for (const model of models) assert.deepEqual(keysOf(model), fields);
  const { stdout } = await faultlineHere(['models', RACY, '--json'], folder);
  assert.equal(stdout, `${canonicalJson(JSON.parse(stdout))}\n`);
  assert.equal(checkModel(JSON.parse(stdout), 'stdout').name, RACY);
});

test('version: program, engine and Node', async () => {
  assert.deepEqual(keysOf(await documentOf('version')), ['version', 'build', 'engine', 'node']);
});

test('show --as json comes back as the text it was made from', async () => {
  const json = await faultlineHere(['show', id, '--as', 'json'], folder);
  const text = await faultlineHere(['show', '-', '--as', 'text'], folder, json.stdout);
  assert.equal(text.exit, 0, text.stderr);
  assert.equal(text.stdout, readFileSync(path.join(folder, 'repro.txt'), 'utf8'));
});

test('a repro in a mail, quoted, is replayed from stdin', async () => {
  const mail = readFileSync(path.join(folder, 'repro.txt'), 'utf8').replace(/^/gm, '> ');
  const { exit, stdout } = await faultlineHere(['replay', '-'], folder, mail);
  assert.equal(exit, 1);
  assert.match(stdout, /^reproduced/m);
});

test('nothing that others wrote reaches a terminal as anything but text', async () => {
  const hostile = '\x1b]0;x\x07\u202e\u200b\x9b31m\ud800';
  const dataDir = path.join(folder, 'hostile');
  const record = sampleRecord();
  const { file } = new FindingStore(dataDir).put({ ...record, columns: hostile }).finding;
  const other = sampleRecord({ signature: 'stale-pte fault vs zero' });
  const spoilt = new FindingStore(dataDir).put(other).finding;
  const titled = JSON.stringify({ ...other.finding, title: hostile, [hostile]: 1 });
  writeFileSync(path.join(path.dirname(spoilt.file), 'finding.json'), titled);
  writeFileSync(path.join(folder, 'hostile.json'), JSON.stringify({ [hostile]: hostile }));
  const runs = [
    ['findings', '--data-dir', dataDir],
    ['show', path.dirname(file)],
    ['show', path.dirname(spoilt.file)],
    ['models', './hostile.json'],
    ['show', 'hostile.json'],
    ['replay', hostile.replace('\ud800', '')],
    [hostile.replace('\ud800', '')],
  ];
  for (const args of runs) {
    const { stdout, stderr } = await faultlineHere(args, folder);
    assert.ok(`${stdout}${stderr}`.length > 10);
    assert.doesNotMatch(`${stdout}${stderr}`, UNSEEN, args.join(' '));
  }
});

/** In the order of the help. */
async function verbs(): Promise<readonly string[]> {
  const { stdout } = await faultlineHere(['--help'], folder);
  return [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map((found) => found[1] ?? '');
}

test('the guide has a line for every verb', async () => {
  const guide = readFileSync(path.join(PACKAGE_ROOT, 'daemon/README.md'), 'utf8');
  const lines = guide.split('\n').filter((line) => line.startsWith('| `'));
  const listed = lines.flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([a-z]+)/g)]);
  const known = new Set(listed.map((found) => found[1]));
  const all = await verbs();
  assert.ok(all.includes('check') && all.includes('version'));
  assert.deepEqual(
    all.filter((verb) => !known.has(verb)),
    [],
  );
});

test('help of every verb', async () => {
  const all = await verbs();
  const words = [...all, 'findings export', 'findings import'].map((verb) => verb.split(' '));
  const helps = await Promise.all(words.map((verb) => faultlineHere([...verb, '--help'], folder)));
  for (const { exit, stderr } of helps) assert.equal(exit, 0, stderr);
  const text = helps.map(({ stdout }) => stdout).join(`\n${'-'.repeat(72)}\n\n`);
  assert.ok(text.split('\n').every((line) => line.length <= 80));
  golden('cli/help.txt', text);
});
