/**
 * Faults drawn from a seed, one a round, for so long; then the books. A round begins with a fault and ends when the
 * fleet is ready again and so many batches of the round count: with fewer, it is void and does not count as one.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Random } from '../../corpus/vocabulary/random.ts';
import { libfaketime } from '../support/debian.ts';
import { figure } from '../support/patience.ts';
import { checkBooks } from './books.ts';
import { FAULTS } from './faults.ts';
import { checkFigures } from './figures.ts';
import { Fleet, PARTS } from './fleet.ts';

const FOLDED_MIN = 200;
/** What is asked for; a busy machine may take longer, which is said and fails nothing. */
const READY_SECONDS = 60;
/** A round that has too few batches by then is void. */
const ROUND_MS = 10 * 60_000;
/** So many void rounds say that the machine is too busy for any. */
const VOIDS_MAX = 5;
const DONE = 0;
/** Of a coordinator whose Redis another one leads. */
const REFUSED = 3;
/** Of a worker that asks for another in its place. */
const TEMPORARY = 75;

interface Round {
  readonly fault: string;
  readonly readySeconds: number;
  readonly folded: number;
}

/** @param milliseconds after so long no round begins */
export async function survivesRounds(
  t: TestContext,
  rngSeed: number,
  milliseconds: number,
): Promise<void> {
  const random = new Random(rngSeed).fork('faults');
  const faketime = await libfaketime();
  const fleet = await Fleet.start(t, rngSeed);
  await fleet.until('a first finding', async () => {
    return ((await fleet.status())?.findings.published ?? 0) > 0;
  });
  const endMs = performance.now() + milliseconds;
  const rounds: Round[] = [];
  let voids = 0;
  for (const name of deals(random)) {
    const round = await playRound(fleet, random, name, faketime);
    console.log(
      `${round.fault}: ready ${round.readySeconds.toFixed(1)} s after, ${round.folded} batches`,
    );
    if (round.folded >= FOLDED_MIN) rounds.push(round);
    else voids += 1;
    if (round.folded < FOLDED_MIN) figure(`void: ${round.folded} batches only; ${round.fault}`);
    const isEnough = rounds.length > 0 || voids === VOIDS_MAX;
    if (performance.now() > endMs && isEnough) break;
  }
  sayRounds(rngSeed, rounds, voids);
  await checkFigures(fleet, fleet.log, fleet.disk.folder);
  await finish(fleet);
  checkEnds(fleet);
  checkBooks(fleet);
}

/** Every fault once, in any order, and again. */
function* deals(random: Random): Generator<string> {
  for (;;) {
    const left = Object.keys(FAULTS);
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0] ?? '';
  }
}

async function playRound(
  fleet: Fleet,
  random: Random,
  name: string,
  faketime: string | null,
): Promise<Round> {
  const before = fleet.folded();
  const startedMs = performance.now();
  const begin = FAULTS[name];
  assert.ok(begin !== undefined, `a fault ${name}`);
  const fault = await begin({ fleet, random, faketime });
  const endedMs = performance.now();
  // What was folded before it ended may still be on its way to be shown.
  await fleet.until(`ready after ${fault}`, () => fleet.isReady());
  const readySeconds = (performance.now() - endedMs) / 1000;
  const atReady = fleet.folded();
  await fleet.until(`fuzzing resumes after ${fault}`, () => fleet.folded() > atReady);
  const isOver = (): boolean =>
    fleet.folded() - before >= FOLDED_MIN || performance.now() - startedMs > ROUND_MS;
  await fleet.until('batches', isOver);
  return { fault, readySeconds, folded: fleet.folded() - before };
}

function sayRounds(rngSeed: number, rounds: readonly Round[], voids: number): void {
  const seconds = rounds.map(({ readySeconds }) => readySeconds);
  const late = seconds.filter((one) => one > READY_SECONDS).length;
  figure(
    `seed ${rngSeed}: ${rounds.length} rounds, ${voids} void; ready at most ` +
      `${Math.max(0, ...seconds).toFixed(1)} s after a fault, ${late} times after ${READY_SECONDS} s`,
  );
  assert.ok(rounds.length > 0, 'no round had enough batches');
}

/** Everything that is known is followed up, and all that was reported is in the log. */
export async function finish(fleet: Fleet): Promise<void> {
  const { coordinator, first, second, redis } = fleet.parts;
  const over = coordinator.over();
  await fleet.control('stop');
  await over;
  for (const part of [first, second, redis]) await part.stop('SIGTERM');
  fleet.look();
}

export function checkEnds({ parts }: Fleet): void {
  const allowed = [DONE, REFUSED, TEMPORARY];
  const wrong = PARTS.flatMap((name) => parts[name].unasked).filter(
    ({ exit }) => exit === null || !allowed.includes(exit),
  );
  assert.deepEqual(wrong, [], 'ends that no fault asked for');
}
