/** SPIN as a peer: whose row a denial is, what a program does not deny, and the document of the whole. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { SpinPeer, type SpinSubject } from '../../workers/bench/detect/spin/peer.ts';
import { faultlineHere } from '../cli/faultline.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { scenarioOf } from './scenario.ts';

const skip = await skipReason('spin');
const spin = await debianProgram('spin');
const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function subjectOf(row: string, model: string, seed: string): Promise<SpinSubject> {
  assert.ok('path' in spin);
  const programs = { spin: spin.path, gcc: spin.gcc ?? 'gcc' };
  const peer = await SpinPeer.open(programs, new AbortController().signal);
  try {
    return await peer.subjectOf(scenarioOf(row, model, seed));
  } finally {
    peer.close();
  }
}

test('a deadlock of another row is passed by', { skip }, async () => {
  const states = [];
  for (const row of ['B01', 'B03']) {
    const subject = await subjectOf(row, 'v43rc-immap-write', 'b03-mkwrite-vs-store');
    assert.ok('carried' in subject);
    assert.deepEqual(subject.carried.claims, ['deadlock']);
    assert.ok(subject.searched.isFound);
    states.push(subject.searched.states);
  }
  assert.ok(Number(states[0]) < Number(states[1]), String(states));
});

test('what its program does not have, or not deny, is no miss: it is said', { skip }, async () => {
  for (const [row, model, seed, lacks] of [
    ['B10', 'v45-radix', 'b10-load-vs-store', /^step addEntry, .* has no Promela fragment$/],
    ['B09', 'v42-immap-read', 'b09-store-vs-store', /^no claim of its program is about B09$/],
    [
      'F02',
      'boaz-rwlock',
      'f02-pwrite-beside-write-fault',
      /^no interleaving of its program denies zero_page where F02 shows$/,
    ],
  ] as const) {
    const subject = await subjectOf(row, model, seed);
    assert.ok('lacks' in subject, row);
    assert.match(subject.lacks, lacks);
  }
});

test('--json has states apart from schedules, and the same of both from the same number', {
  skip,
}, async () => {
  assert.ok('path' in spin);
  const { PATH } = process.env;
  process.env.PATH = `${path.dirname(spin.path)}${path.delimiter}${PATH}`;
  try {
    const measure = async (schedulers: string): Promise<string> => {
      const args = ['bench', 'detect', '--model', 'v42-immap-read', '--rows', 'B12,B33', '-q'];
      const options = ['--trials', '4', '--schedulers', schedulers, '--json'];
      const { exit, stdout, stderr } = await faultlineHere([...args, ...options], folder);
      assert.equal(exit, 0, stderr);
      return stdout;
    };
    const names = 'surw,spin-random,spin-verify';
    const text = await measure(names);
    assert.equal(await measure(names), text);
    const { rows, overall, shared, spin: version } = JSON.parse(text);
    assert.match(version, /^\d+\.\d+/);
    const [place] = rows[0].places;
    assert.deepEqual(Object.keys(place), ['model', 'seed', 'figures', 'spin']);
    const schedulers = (figures: readonly { scheduler: string }[]): readonly string[] =>
      figures.map(({ scheduler }) => scheduler);
    assert.deepEqual(schedulers(place.figures), ['surw', 'spin-random']);
    assert.ok(place.spin.verify.isFound && place.spin.faultline.isFound);
    assert.equal(rows[1].places[0].spin.lacks, 'no claim of its program is about B33');
    assert.deepEqual(schedulers(overall), ['surw']);
    assert.deepEqual(schedulers(shared.figures), ['surw', 'spin-random']);
    assert.deepEqual(schedulers(shared.factors), ['spin-random']);
    const [alone] = JSON.parse(await measure('surw')).overall;
    assert.deepEqual(overall[0], alone);
  } finally {
    process.env.PATH = PATH;
  }
});
