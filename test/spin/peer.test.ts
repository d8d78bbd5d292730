/** SPIN as a peer of `bench detect`: what it finds is what Faultline's row is, from one number the same, within bounds. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { DETECTORS } from '../../workers/bench/detect/detectors.ts';
import { figuresOf, sampleOf } from '../../workers/bench/detect/samples.ts';
import type { Trial } from '../../workers/bench/detect/scenarios.ts';
import { SpinPeer } from '../../workers/bench/detect/spin/peer.ts';
import { Workshop } from '../../workers/bench/detect/spin/programs.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { scenarioOf } from './scenario.ts';

const skip = await skipReason('spin');
const spin = await debianProgram('spin');
const TRIALS = 16;

/** Where temporary folders are made. */
const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
process.env.TMPDIR = folder;
after(() => rmSync(folder, { recursive: true, force: true }));

test('B12: it is met by both searches, and simulations draw as a random walk does', {
  skip,
}, async () => {
  assert.ok('path' in spin);
  const programs = { spin: spin.path, gcc: spin.gcc ?? 'gcc' };
  const peer = await SpinPeer.open(programs, new AbortController().signal);
  try {
    const scenario = scenarioOf('B12', 'v42-immap-read', 'b12-fault-vs-punch');
    const subject = await peer.subjectOf(scenario);
    assert.ok('carried' in subject);
    const { carried, searched } = subject;
    assert.deepEqual(carried.claims, ['stale_mapping']);
    assert.deepEqual([searched.isFound, carried.searched.isFound], [true, true]);
    // Before they have stored all: 424 and 1432 (workers/README.md).
    const [theirStates, ourStates] = [searched.states, carried.searched.states];
    assert.ok(theirStates > 0 && theirStates < 424, String(theirStates));
    assert.ok(ourStates > 0 && ourStates < 1432, String(ourStates));
    const trial = await peer.trialOf(carried);
    const counts = await countsOf(trial);
    assert.ok(counts.some((count) => count > 1));
    const [theirs, ours] = [counts, await countsOf(DETECTORS.random?.(scenario))].map((list) =>
      figuresOf(sampleOf('', list, 100)),
    );
    assert.ok(theirs && ours && theirs.low < ours.high && ours.low < theirs.high);
    const late = counts.findIndex((count) => count > 1);
    const count = counts[late] ?? 0;
    assert.equal(await trial(late, count), count);
    assert.equal(await trial(late, count - 1), null);
  } finally {
    peer.close();
  }
  assert.deepEqual(readdirSync(folder), []);
});

async function countsOf(trial: Trial | null | undefined): Promise<readonly number[]> {
  assert.ok(trial);
  const counts = [];
  for (let rngSeed = 0; rngSeed < TRIALS; rngSeed++)
    counts.push((await trial(rngSeed, 100)) ?? 100);
  return counts;
}

test('a process that takes too much is ended and reported; a measurement that is stopped ends it too', async () => {
  const stop = new AbortController();
  const hasty = new Workshop(stop.signal, { timeMs: 1, bytes: 1000 });
  const slow = await hasty.run('sleep', ['1000'], folder);
  assert.equal(slow.over, 'time');
  hasty.close();
  const workshop = new Workshop(stop.signal, { timeMs: PATIENCE_MS, bytes: 1000 });
  const loud = await workshop.run('seq', ['1000'], folder);
  assert.equal(loud.over, 'output');
  await assert.rejects(
    workshop.must('seq', ['1000'], folder),
    /seq 1000 failed: it takes more output than anything needs/,
  );
  await assert.rejects(workshop.must('false', [], folder), /false failed: exit 1/);
  const stopped = workshop.run('sleep', ['1000'], folder);
  stop.abort();
  await assert.rejects(stopped, { name: 'AbortError' });
  workshop.close();
  assert.deepEqual(readdirSync(folder), []);
});
