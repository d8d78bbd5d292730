/** `check` of a universe: the same answer on any number of threads, in one go or in parts; and what is refused. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { answerOf, UniverseChecks } from './universe-checks.ts';

const RACY = 'v42-immap-read';
const SOUND = 'modern-xfs-fixed';
const SMALL = '--jobs 1 --threads 2 --ops 1 --operations store,punch,pwrite';

const checks = new UniverseChecks();
const check = checks.check.bind(checks);
after(() => checks.remove());

test('what was verified, and how much: workloads, states, the chance of a missed one', async () => {
  const { exit, stdout, stderr } = await check(`--model ${SOUND} ${SMALL}`, 'sound');
  assert.equal(exit, 0, stderr);
  assert.match(stderr, /^faultline: check: modern-xfs-fixed, 40 workloads: up to 2 threads of/);
  assert.match(stdout, /^verified: 40 workloads on modern-xfs-fixed, \d+ states, \d+ transitions,/);
  assert.match(stdout, /^universe: 40 workloads, .* over store pwrite punch$/m);
  assert.match(stdout, /with a probability of at most \d\.\de-1\d$/m);
});

test('a finished search answers at once, and says so', async () => {
  const before = await check(`--model ${SOUND} ${SMALL}`, 'sound');
  assert.match(before.stderr, /searched before; sound\/sweeps\/[0-9a-f]{24}.json has the result/);
  assert.match(before.stdout, /^verified: 40 workloads/);
});

test('a damaged file, another question: the search begins anew', async () => {
  const [name = ''] = readdirSync(path.join(checks.folder, 'sound/sweeps'));
  const file = path.join(checks.folder, 'sound/sweeps', name);
  const text = readFileSync(file, 'utf8');
  for (const damaged of [text.slice(0, -9), text.replace('"slice":', '"slices":')]) {
    writeFileSync(file, damaged);
    const { stdout, stderr } = await check(`--model ${SOUND} ${SMALL}`, 'sound');
    assert.doesNotMatch(stderr, /searched before|goes on/);
    assert.match(stdout, /^verified: 40 workloads/);
    assert.equal(readFileSync(file, 'utf8').replace(/\d+/g, ''), text.replace(/\d+/g, ''));
  }
  const { stderr } = await check(`--model ${SOUND} --class deadlock ${SMALL}`, 'sound');
  assert.doesNotMatch(stderr, /searched before/);
});

test('the same answer on one thread and on two', async () => {
  const one = await check(`--model ${RACY} ${SMALL} --all`, 'one');
  const two = await check(`--model ${RACY} ${SMALL} --all --jobs 2`, 'two');
  assert.equal(one.exit, 1, one.stderr);
  assert.equal(answerOf(two), answerOf(one));
  assert.match(one.stdout, /^ +\d+ of 40 workloads: unfenced punch$/m);
});

test('unless all is asked for, the first workload that goes wrong ends it, on any threads', async () => {
  const one = await check(`--model ${RACY} ${SMALL}`, 'first');
  const two = await check(`--model ${RACY} ${SMALL} --jobs 2`, 'first-of-two');
  assert.match(one.stdout, /^violation: \d+ workloads on v42-immap-read/m);
  assert.match(one.stdout, /^more may exist: --all searches to the end$/m);
  assert.equal(answerOf(two), answerOf(one));
});

test('too many states: inconclusive, and how many workloads are', async () => {
  const { exit, stdout } = await check(`--model ${SOUND} ${SMALL} --states 50`, 'few');
  assert.equal(exit, 125);
  assert.match(stdout, /^inconclusive: 40 workloads/);
  assert.match(stdout, /^inconclusive, states: \d+ workloads$/m);
});

test('up to so many preemptions: what is verified says so, and another bound is another search', async () => {
  const none = await check(`--model ${RACY} ${SMALL} --all --preemptions 0`, 'bounded');
  assert.equal(none.exit, 0, none.stderr);
  assert.match(
    none.stdout,
    /^verified: 40 workloads on v42-immap-read, at most 0 preemptions, \d/m,
  );
  assert.match(none.stdout, /^interleavings with more preemptions, .* were not looked for$/m);
  const one = await check(`--model ${RACY} ${SMALL} --all --preemptions 1`, 'bounded');
  assert.equal(one.exit, 1, one.stderr);
  assert.doesNotMatch(one.stderr, /searched before/);
  assert.match(one.stdout, /^ +4 of 40 workloads: unfenced punch$/m);
  const { stdout } = await check(`--model ${SOUND} ${SMALL} --preemptions 2 --json`, 'bounded');
  const { verdict, preemptions } = JSON.parse(stdout);
  assert.deepEqual([verdict, preemptions], ['verified', 2]);
});

test('--json has the fields of every check, and the universe', async () => {
  const { stdout } = await check(`--model ${SOUND} ${SMALL} --json`, 'sound');
  const { verdict, states, workloads, findings, universe, isStopped, missProbability } =
    JSON.parse(stdout);
  assert.deepEqual([verdict, workloads, findings, isStopped], ['verified', 40, [], false]);
  assert.ok(states > 1000 && missProbability > 0 && missProbability < 1e-9);
  assert.deepEqual(universe, {
    ...{ threads: 2, ops: 1, pages: 1, files: 1, lines: 1 },
    ...{ operations: ['store', 'pwrite', 'punch'], mappings: ['shared'], workloads: 40 },
  });
});

// biome-ignore format: a table
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['--threads 5', /--threads is 5; it can be 1 to 4\n/],
  ['--ops 0', /argument '0' is invalid/],
  ['--pages 9', /--pages is 9; it can be 1 to 8\n/],
  ['--preemptions -1', /argument '-1' is invalid. It must be a whole number from 0 to 100.\n/],
  ['--lines 3', /--lines is 3; it can be 1 to 2\n/],
  ['--operations load,stroe', /--operations load,stroe: there is no operation "stroe"; the nearest is store\n/],
  ['--operations reflink', /--operations reflink: v42-immap-read has no such operation; it has load, store,/],
  ['--operations collapse', /takes pages before the last one, and --pages is 1; type --pages 2\n/],
  ['--mappings sync', /--mappings sync: v42-immap-read has no such mapping; type --mappings shared\n/],
  ['seed.txt --ops 1', /seed.txt and --threads, --ops, --pages say two things to search; leave out one\n/],
  ['--threads 4 --ops 6', /workloads, more than 2e\+8; lower --threads, --ops or --pages, or name fewer/],
];

for (const [words, says] of REFUSED) {
  test(`refused: ${words}`, async () => {
    const { exit, stdout, stderr } = await check(`--model ${RACY} ${words}`, 'refused');
    assert.equal(exit, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
  });
}
