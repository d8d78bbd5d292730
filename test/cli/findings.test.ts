/** `findings` as a list for people, and what a campaign says of what it has not seen. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import type { Mark } from '../../corpus/store/marks.ts';
import { type FindingRecord, findingId } from '../../corpus/vocabulary/finding.ts';
import type { ScopeProgress } from '../../daemon/campaign/scope-progress.ts';
import { silenceInWords, silenceOf, UNTRIED } from '../../daemon/campaign/silence.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { sampleRecord, temporaryFolder } from '../store/sample.ts';
import { type Ended, faultlineHere } from './faultline.ts';

const NEW = 'cache-structure entry setup';
const CANARY = 'lock-leak inodeLock punch';

/** B12 as the model expects it, B13 on a model that is clean of it, something new, and a canary. */
function filled(folder: string): void {
  const store = new FindingStore(path.join(folder, '.faultline'));
  const put = (signature: string, change: Partial<FindingRecord['finding']>): void => {
    const record = sampleRecord({ signature });
    const finding = { ...record.finding, signature, id: findingId(signature), ...change };
    store.put({ ...record, finding });
  };
  put(CANARY, {
    class: 'lock-leak',
    known: 'CANARY',
    title: 'the canary',
    model: 'v42-immap-read',
  });
  put('unfenced punch', {});
  put(NEW, { class: 'cache-structure', known: null, title: 'entry', standing: 'new' });
  put('beyond-eof truncate', { class: 'beyond-eof', known: 'B13', title: 'beyond EOF' });
}

async function idsOf(folder: string, ...flags: readonly string[]): Promise<readonly string[]> {
  const { stdout, exit, stderr } = await faultlineHere(['findings', '--json', ...flags], folder);
  assert.equal(exit, 0, stderr);
  return JSON.parse(stdout).map(({ signature }: { signature: string }) => signature);
}

test('by rows, canaries last; --new, --known, --forbidden, --sort, --limit', async (t) => {
  const folder = temporaryFolder(t);
  filled(folder);
  const rows = ['unfenced punch', 'beyond-eof truncate', NEW, CANARY];
  assert.deepEqual(await idsOf(folder), rows);
  assert.deepEqual(await idsOf(folder, '--new'), [NEW]);
  assert.deepEqual(await idsOf(folder, '--known', '--limit', '1'), ['unfenced punch']);
  // The model of the sample says that it is clean of B13.
  assert.deepEqual(await idsOf(folder, '--forbidden'), ['beyond-eof truncate']);
  assert.equal((await idsOf(folder, '--sort', 'severity'))[0], 'unfenced punch');
  assert.equal((await idsOf(folder, '--sort', 'size')).at(-1), CANARY);
  const { stdout } = await faultlineHere(['findings'], folder);
  assert.match(stdout, /^FORBIDDEN B13 {2}beyond EOF$/m);
});

test('a mark is kept whatever happens to the repro, and shown with the finding', async (t) => {
  const folder = temporaryFolder(t);
  filled(folder);
  const [first, second] = [findingId('unfenced punch'), findingId('beyond-eof truncate')];
  const mark = (...args: readonly string[]): Promise<Ended> =>
    faultlineHere(['mark', ...args], folder);
  assert.equal((await mark(first.slice(0, 12), 'fixed', '--note', 'since 4.4')).exit, 0);
  assert.equal((await mark(second, 'duplicate-of', first)).exit, 0);
  assert.equal((await mark(first, 'duplicate-of', second)).exit, 2);
  assert.equal((await mark(first, 'fixed', '--note', 'two\nlines')).exit, 2);
  filled(folder);
  const { stdout } = await faultlineHere(['findings'], folder);
  assert.match(stdout, new RegExp(`^ {2}${first.slice(0, 12)} {2}\\[fixed: since 4\\.4\\]$`, 'm'));
  const listed = await faultlineHere(['findings', '--json'], folder);
  const marks = JSON.parse(listed.stdout).map(({ mark: one }: { mark: Mark | null }) => one?.as);
  assert.deepEqual(marks, ['fixed', 'duplicate-of', undefined, undefined]);
  assert.equal((await mark(first, 'none')).exit, 0);
  assert.doesNotMatch((await faultlineHere(['findings'], folder)).stdout, /fixed/);
});

test('silence has a number: what is not seen yet, and the rate that so many runs exclude', () => {
  const reference = 'xfs-mmaplock-prezero';
  const { finding } = sampleRecord({ model: reference });
  const seen = [{ ...finding, known: 'B10' }];
  const { expect } = modelOf(reference);
  const breadth = { workloads: 1900, given: 41, exhausted: 40 };
  const silence = silenceOf(reference, expect.find, { ...UNTRIED, runs: 30_000, breadth }, seen);
  assert.deepEqual(silence.notSeen, ['B11']);
  assert.equal(silence.excludedRate, 1 / 10_000);
  assert.equal(
    silenceInWords(silence),
    'not seen yet: B11; no verified scope yet; 40 of 41 seeds searched to the last interleaving; ' +
      '30000 runs of 1900 workloads exclude, with 95 %, what more than 1 in 10000 show',
  );
});

test('beside silence stands what was searched whole: how much, and all that goes wrong in it', () => {
  const size = { threads: 2, ops: 1, pages: 1, kinds: ['load', 'punch'], areAllKinds: true };
  const counts = { workloads: 10, of: 10, states: 500, transitions: 900, pairs: 2 ** 20 };
  const shown = { inconclusive: 0, signatures: ['a', 'b', 'c', 'd'] };
  const first = { ...size, ...counts, ...shown };
  const scope: ScopeProgress = {
    verified: [first, { ...first, ops: 2, areAllKinds: false, states: 1000 }],
    inconclusive: [{ ...first, pages: 2, inconclusive: 3 }],
    next: { ...first, threads: 3, workloads: 4 },
    ranges: [[6, 10]],
    quarantined: 2,
  };
  const { finding } = sampleRecord({ model: 'mine' });
  const findings = [
    { ...finding, signature: 'a', known: 'B12' },
    { ...finding, signature: 'b', known: null, looksLike: 'B11' },
    { ...finding, signature: 'c', known: null, looksLike: null },
    { ...finding, signature: 'e', known: 'B99' },
  ];
  const silence = silenceOf('mine', [], { ...UNTRIED, scope }, findings);
  assert.equal(silence.scope.missProbability, 2 ** -43);
  assert.match(
    silenceInWords(silence),
    new RegExp(
      '; verified scope: all 10 workloads of up to 2 threads x 1 operation on 1 page' +
        ' and all 10 workloads of up to 2 threads x 2 operations \\(load punch\\) on 1 page,' +
        ' 1500 states: nothing but B12, like B11, 1 new, 1 under way' +
        '; inconclusive: 3 of 10 workloads of up to 2 threads x 1 operation on 2 pages' +
        '; searched so far: 4 of 10 workloads of up to 3 threads x 1 operation on 1 page' +
        '; parts of it that no executor could end: 2; ',
    ),
  );
  const clean = { ...UNTRIED, scope: { ...scope, verified: [{ ...first, signatures: [] }] } };
  assert.match(
    silenceInWords(silenceOf('mine', [], clean, findings)),
    /500 states: nothing goes wrong;/,
  );
});

test('silence says where nothing was run, and where nothing is expected', () => {
  const nothing = silenceInWords(silenceOf('mine', ['B12'], UNTRIED, []));
  assert.equal(
    nothing,
    'not seen yet: B12; no verified scope yet; nothing of it was run, which excludes nothing',
  );
  const breadth = { workloads: 5, given: 0, exhausted: 0 };
  const unasked = silenceInWords(silenceOf('mine', [], { ...UNTRIED, runs: 300, breadth }, []));
  assert.match(unasked, /^its model names nothing that it is expected to show; .* 1 in 100 show$/);
});
