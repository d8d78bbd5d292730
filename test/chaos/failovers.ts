/**
 * Failovers of a Redis with a replica and three Sentinels under a fleet that works: some forced, some after the primary
 * was isolated, with clients that still write to it. Replication is asynchronous, so each loses writes that Redis had
 * acknowledged; the fleet loses no finding by it, and counts nothing twice.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keysOf, PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { figure, secondsSince } from '../support/patience.ts';
import { checkBooks } from './books.ts';
import { checkFigures } from './figures.ts';
import { Fleet } from './fleet.ts';
import { checkEnds, finish } from './rounds.ts';
import { AT_ONCE, Sentinels, type Server } from './sentinels.ts';

/** Less than Sentinel takes to reach a primary that it has replaced, or more. */
const LAG_MS = 15_000;
/** So many batches between two failovers: what is run again is behind by then. */
const FOLDED_MIN = 40;
/** So many forced failovers, one in which clients are led to a replica for a while. */
const LATE_EVERY = 3;

/** What Redis had acknowledged and lost. */
interface Loss {
  readonly bytes: number;
  /** Reports of workers, where they were counted. */
  readonly reports: number;
  /** Of these, those that no log had: they were on the disk of a worker, and nowhere else. */
  readonly unlogged: number;
  /** For how long after an election the old primary took writes. */
  readonly seconds: number;
}

interface Play {
  readonly fleet: Fleet;
  readonly sentinels: Sentinels;
  readonly random: Random;
}

type Failover = (play: Play) => Promise<Loss>;

/** @param counts how many of each */
export async function survivesFailovers(
  t: TestContext,
  rngSeed: number,
  counts: { readonly forced: number; readonly isolated: number },
): Promise<void> {
  let sentinels: Sentinels | undefined;
  const fleet = await Fleet.start(t, rngSeed, async (cleanup, folder) => {
    sentinels = await Sentinels.start(cleanup, folder);
    return { host: sentinels.stable.host, port: sentinels.stable.port };
  });
  assert.ok(sentinels !== undefined);
  const play = { fleet, sentinels, random: new Random(rngSeed).fork('failovers') };
  await fleet.until('a first finding', async () => {
    return ((await fleet.status())?.findings.published ?? 0) > 0;
  });
  const losses: Loss[] = [];
  for (let i = 0; i < counts.forced; i++) {
    const isLate = i % LATE_EVERY === 0;
    losses.push(
      await failover(play, isLate ? 'forced, late' : 'forced', (given) => forced(given, isLate)),
    );
  }
  for (let i = 0; i < counts.isolated; i++) {
    const isAway = i % 2 === 0;
    const name = isAway ? 'isolated, no coordinator' : 'isolated';
    losses.push(await failover(play, name, (given) => isolated(given, isAway)));
  }
  await checkFigures(fleet, fleet.log, fleet.disk.folder);
  await finish(fleet);
  checkEnds(fleet);
  checkBooks(fleet);
  sayLosses(losses);
}

/** One, until the fleet has worked again, with both Redis in step. */
async function failover(play: Play, name: string, begin: Failover): Promise<Loss> {
  const { fleet, sentinels } = play;
  sentinels.hangsUp = play.random.oneIn(2);
  const loss = await begin(play);
  sentinels.lag = AT_ONCE;
  const startedMs = performance.now();
  await fleet.until('ready after a failover', () => fleet.isReady());
  const folded = fleet.folded();
  await fleet.until('fuzzing resumes after a failover', () => fleet.folded() > folded);
  console.log(
    `${name}, connections ${sentinels.hangsUp ? 'ended' : 'left'}: ${loss.bytes} bytes, ` +
      `${loss.reports} reports lost, ${loss.unlogged} in no log; works ${secondsSince(startedMs)} after`,
  );
  await fleet.until('batches', () => fleet.folded() - folded >= FOLDED_MIN);
  await sentinels.inStep();
  return loss;
}

/**
 * Somebody asks Sentinel for it.
 *
 * @param isLate clients are led to the old one until it is a replica and refuses writes; also a worker that starts
 */
async function forced({ fleet, sentinels, random }: Play, isLate: boolean): Promise<Loss> {
  const before = sentinels.primary;
  const lagMs = random.below(LAG_MS);
  sentinels.lag = async () => {
    if (!isLate) return await sleep(lagMs);
    await sentinels.demoted(before);
    await fleet.parts.first.stop('SIGKILL');
    fleet.parts.first.start();
    await sleep(lagMs);
  };
  await sentinels.force();
  const startedMs = performance.now();
  const bytes = await sentinels.demoted(before);
  const seconds = (performance.now() - startedMs) / 1000;
  await sentinels.followed(before);
  return { bytes, reports: 0, unlogged: 0, seconds };
}

/**
 * Clients go on with a primary that has no replica any more.
 *
 * @param isAway the coordinator is, so that nothing but the disks of workers has what is lost
 */
async function isolated({ fleet, sentinels, random }: Play, isAway: boolean): Promise<Loss> {
  const { coordinator } = fleet.parts;
  const before = sentinels.primary;
  const lagMs = random.below(LAG_MS / 4);
  if (isAway) await coordinator.stop('SIGKILL');
  before.relay.cut();
  const kept = await acknowledged(sentinels, before);
  let lost: readonly string[] = [];
  const unlogged = (): number => lost.filter((id) => !fleet.log.reported.has(id)).length;
  sentinels.lag = async () => {
    await sleep(lagMs);
    fleet.look();
    await fleet.until('a report that only the isolated one has', async () => {
      lost = [...(await acknowledged(sentinels, before))].filter((id) => !kept.has(id));
      return (isAway ? unlogged() : lost.length) > 0;
    });
  };
  await sentinels.followed(before);
  fleet.look();
  const nowhereElse = unlogged();
  before.relay.mend();
  if (isAway) coordinator.start();
  const bytes = await sentinels.demoted(before);
  return { bytes, reports: lost.length, unlogged: nowhereElse, seconds: 0 };
}

/** Batches of which that Redis has a report, or had one until a log had it. */
async function acknowledged(sentinels: Sentinels, server: Server): Promise<ReadonlySet<string>> {
  const { reports, logged } = keysOf(PREFIX_DEFAULT);
  const redis = sentinels.client(server);
  return new Set([...(await redis.hkeys(reports)), ...(await redis.zrange(logged, '0', '-1'))]);
}

function sayLosses(losses: readonly Loss[]): void {
  const sum = (of: (loss: Loss) => number): number => losses.reduce((all, one) => all + of(one), 0);
  const most = Math.max(...losses.map(({ seconds }) => seconds));
  figure(
    `${losses.length} failovers: Redis lost ${sum((one) => one.bytes)} bytes of acknowledged writes, of them ` +
      `${sum((one) => one.reports)} reports after isolation, ${sum((one) => one.unlogged)} of which no log had; ` +
      `an old primary took writes for up to ${most.toFixed(1)} s after an election`,
  );
}
