/**
 * So often each, at random moments of one campaign: kill -9 of the worker, of the coordinator and of Redis, and
 * the sudden end of an executor (a thread, which no signal reaches, so the worker is asked to end one at once).
 * Nobody helps; the campaign goes on, and everything that a worker ever saw is published, once.
 *
 * What a worker saw is taken from its log, beside the product's own books.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { PREFIX_DEFAULT, queueName } from '../../corpus/exchange/keys.ts';
import { connectionOptions } from '../../corpus/exchange/redis.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { SYSTEM_CLOCK } from '../../daemon/log/clock.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { LogWriter } from '../../daemon/log/writer.ts';
import { homeBelow } from '../../daemon/redis/redis-home.ts';
import { figure, secondsSince } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { checkFigures } from './figures.ts';
import { LogTail } from './log-tail.ts';
import { kill, Up } from './up.ts';

const VICTIMS = ['worker', 'executor', 'daemon', 'redis'] as const;
type Victim = (typeof VICTIMS)[number];
/** Between two kills: some come while the one before is still being mended. */
const GAP_MIN_MS = 50;
const GAP_RANGE_MS = 250;

/**
 * Nothing is lost, nothing doubled, and nothing stops.
 * @param flags of `up`
 */
export async function survivesKills(
  t: TestContext,
  killsEach: number,
  flags: readonly string[] = [],
): Promise<void> {
  const up = await Up.start(t, ['--jobs', '2', ...flags], {
    FAULTLINE_TEST_FAULTS: '1',
    FAULTLINE_LOG_LEVEL: 'debug',
  });
  await up.until('a first finding', async () => {
    return ((await up.status())?.findings.published ?? 0) > 0;
  });
  const random = new Random(RNG_SEED).fork('chaos');
  const killed = new Set<number>();
  const log = new LogTail(logFolderOf(up.dataDir));
  for (const victim of shuffled(random, killsEach)) {
    await alive(up, victim);
    await sleep(GAP_MIN_MS + random.below(GAP_RANGE_MS));
    const pid = await alive(up, victim);
    kill(pid, victim === 'executor' ? 'SIGUSR2' : 'SIGKILL');
    if (victim !== 'executor') killed.add(pid);
    log.look();
  }
  killed.add(await batchesReturn(up));
  assert.equal(killed.size, 3 * killsEach, 'each kill met another process');
  await resumes(up);
  await up.until('a coordinator', async () => (await up.status()) !== undefined);
  await checkFigures(up, log, up.dataDir);
  await up.control('stop');
  const { exit } = await up.ended();
  assert.equal(exit, 0, up.logs());
  assert.deepEqual(up.processes(), []);
  checkBooks(up);
}

function shuffled(random: Random, killsEach: number): readonly Victim[] {
  const left = VICTIMS.flatMap((victim) => Array<Victim>(killsEach).fill(victim));
  // One worker is left to be killed where nothing else happens, to see its batches return.
  left.shift();
  return left.map((_, i) => {
    const j = i + random.below(left.length - i);
    [left[i], left[j]] = [left[j] as Victim, left[i] as Victim];
    return left[i] as Victim;
  });
}

async function alive(up: Up, victim: Victim): Promise<number> {
  const part = victim === 'executor' ? 'worker' : victim;
  await up.until(`a ${part} to kill`, async () => up.pidOf(part) !== undefined);
  return up.pidOf(part) ?? (await alive(up, victim));
}

async function resumes(up: Up): Promise<void> {
  let runs = -1;
  await up.until('fuzzing resumes', async () => {
    const status = await up.status();
    if (status === undefined || (await up.get('/readyz'))?.ok !== true) return false;
    if (runs < 0) runs = status.runs;
    return status.runs > runs;
  });
}

/** What a killed worker had in hand comes into somebody else's. */
async function batchesReturn(up: Up): Promise<number> {
  const redis = new Redis(connectionOptions({ path: homeBelow(up.dataDir).socket }));
  try {
    await up.until('a coordinator', async () => (await up.status()) !== undefined);
    const build = (await up.status())?.build ?? '';
    const queue = `${PREFIX_DEFAULT}:${queueName(build)}`;
    let held: readonly string[] = [];
    await up.until('batches in hand', async () => {
      held = await redis.lrange(`${queue}:active`, 0, -1);
      return held.length > 0;
    });
    const startsOf = (id: string): Promise<string | null> => redis.hget(`${queue}:${id}`, 'ats');
    const before = await Promise.all(held.map(startsOf));
    const pid = await alive(up, 'worker');
    kill(pid);
    const startedMs = performance.now();
    await up.until('its batches return', async () => {
      const now = await Promise.all(held.map(startsOf));
      return now.every((starts, i) => starts === null || starts !== before[i]);
    });
    figure(`${held.length} batches of a killed worker were back after ${secondsSince(startedMs)}`);
    return pid;
  } finally {
    redis.disconnect();
  }
}

function checkBooks(up: Up): void {
  const log = new LogWriter(logFolderOf(up.dataDir), SYSTEM_CLOCK, {
    committed: () => {},
    said: assert.fail,
  });
  log.close();
  const { state, damaged } = log;
  assert.deepEqual(damaged, []);
  const published = state.triage.published();
  const signatures = published.map(({ signature }) => signature);
  assert.equal(new Set(signatures).size, signatures.length);
  const { findings, damaged: broken } = new FindingStore(up.dataDir).list();
  assert.deepEqual(broken, []);
  assert.deepEqual(findings.map(({ signature }) => signature).sort(), [...signatures].sort());
  const ended = new Set(state.quarantinedBatches.map(({ id }) => id));
  const seen = seenByWorkers(up.dataDir).filter(({ batch }) => !ended.has(batch));
  const lost = seen.filter(({ signature }) => !signatures.includes(signature));
  assert.deepEqual(lost, [], 'findings that a worker saw and that are not published');
  assert.ok(seen.length >= published.length, `${seen.length} seen, ${published.length} published`);
  // A report stays there for two seconds after Redis has it; the coordinator must have had it by then.
  const spool = path.join(up.dataDir, 'spool');
  const unknown = readdirSync(spool)
    // What a killed worker had begun to write; Redis had nothing of it, so its batch came back.
    .filter((name) => !name.startsWith('.'))
    .map((name) => (JSON.parse(readFileSync(path.join(spool, name), 'utf8')) as { id: string }).id)
    .filter((id) => state.outstanding.has(id));
  assert.deepEqual(unknown, [], 'reports that were left behind');
  const { folded, quarantined, duplicates, epoch, runs } = state;
  figure(
    `${published.length} findings; ${folded} batches folded, ${duplicates} came twice, ` +
      `${quarantined} quarantined; ${epoch} coordinators; ${runs} runs`,
  );
}

interface Sighting {
  readonly batch: string;
  readonly signature: string;
}

function seenByWorkers(dataDir: string): readonly Sighting[] {
  const lines = readFileSync(path.join(dataDir, 'log/worker.log'), 'utf8').split('\n');
  return lines.flatMap((line) => {
    if (!line.includes('"msg":"witnesses"')) return [];
    const { batch, signatures } = JSON.parse(line) as { batch: string; signatures: string[] };
    return signatures.map((signature) => ({ batch, signature }));
  });
}
