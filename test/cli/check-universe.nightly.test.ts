/** A search of a universe that is stopped or killed on its way comes to the answer of one that is not. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answerOf, UniverseChecks } from './universe-checks.ts';

/** Far from its end when the first part of it is kept. */
const WORDS =
  '--model v42-immap-read --all --threads 2 --ops 2 --pages 1 --operations store,punch,fsync';

const checks = new UniverseChecks();
after(() => checks.remove());

test('Ctrl-C keeps what is done, kill -9 loses nothing, the same command goes on', async () => {
  const stopped = await checks.ended(WORDS, 'stopped', 'SIGINT');
  assert.ok([1, 125].includes(stopped.exit ?? 0), stopped.stderr);
  assert.match(stopped.stderr, /stopped; the same command goes on: faultline check --threads 2 /);
  const killed = await checks.ended(WORDS, 'stopped', 'SIGKILL');
  assert.equal(killed.exit, null, killed.stderr);
  const rest = await checks.check(WORDS, 'stopped');
  assert.match(rest.stderr, /check: goes on after \d+ workloads/);
  assert.equal(answerOf(rest), answerOf(await checks.check(WORDS, 'at-once')));
});
