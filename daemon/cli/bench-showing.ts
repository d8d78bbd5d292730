/**
 * `bench showing`: what the live screen and an open page cost fuzzing, in processor time a run, in turns with and without.
 * `fuzz` does the same runs for its rngSeed, so their times compare; a coordinator with executors of its own is read by /proc.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Result } from '../../workers/bench/measure.ts';
import { ownAddressIn } from '../pull/api-address.ts';
import { ApiClient } from '../pull/api-client.ts';
import { campaignOf } from '../pull/api-status.ts';
import { MAIN, temporary, ticksOf } from './bench-processes.ts';

export interface ShowingBenchOptions {
  readonly model: string;
  readonly rngSeed: number;
  /** Of each turn of the coordinator. */
  readonly timeMs: number;
  readonly began: (what: string) => void;
}

const RUNS = 200_000;
/** With and without, then the other way round: what drifts cancels. */
const TURNS = [true, false, false, true, true, false, false, true] as const;
const PERCENT = 100;
/** Ticks of /proc are hundredths of a second. */
const MICROSECONDS_A_TICK = 10_000;
const READY_MS = 60_000;
const ASKED_MS = 50;
/** As dashboards/web/list.ts does. */
const FINDING_MS = 1000;
const STATUS_MS = 10_000;
const TIMES = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm;

export async function benchShowing(options: ShowingBenchOptions): Promise<readonly Result[]> {
  const folder = temporary();
  try {
    options.began(`fuzz of ${RUNS} runs, ${TURNS.length} times, half of them with a live screen`);
    const screens = TURNS.map((isShown, turn) =>
      secondsOfFuzz(path.join(folder, `fuzz${turn}`), isShown, options),
    );
    options.began('a campaign, half of its time with a page open');
    return [...screen(screens), ...(await page(path.join(folder, 'daemon'), options))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param times processor time of the turns, for the same work */
function screen(times: readonly number[]): readonly Result[] {
  // Whatever else runs only ever adds to it.
  const least = (isShown: boolean): number =>
    Math.min(...times.filter((_, turn) => TURNS[turn] === isShown));
  const [shown, plain] = [least(true), least(false)];
  return [
    { name: 'showing.screen.with', value: shown, unit: 's' },
    { name: 'showing.screen.without', value: plain, unit: 's' },
    { name: 'showing.screen', value: (PERCENT * shown) / plain - PERCENT, unit: '%' },
  ];
}

/** On a terminal either way, of which `--quiet` leaves it alone. */
function secondsOfFuzz(
  dataDir: string,
  isShown: boolean,
  { model, rngSeed }: ShowingBenchOptions,
): number {
  const flags = ['--model', model, '--rng-seed', String(rngSeed), '--runs', String(RUNS)];
  const words = [process.execPath, MAIN, 'fuzz', '--data-dir', dataDir, '--jobs', '1', ...flags];
  const line = [...words, ...(isShown ? [] : ['--quiet'])].map((word) => `'${word}'`).join(' ');
  const command = ['-qfec', `stty cols 100 rows 30; ${line}`, '/dev/null'];
  const shell = `script "$@" > /dev/null < /dev/null; times`;
  const { stdout } = spawnSync('sh', ['-c', shell, 'sh', ...command], { encoding: 'utf8' });
  // The second line is of what the shell has waited for: the terminal and all that ran on it.
  const [, children] = [...stdout.matchAll(TIMES)];
  if (children === undefined) {
    const what = `bench showing: no \`script\` of util-linux, or it failed: ${stdout}`;
    throw fail('ENVIRONMENT', { what, remedy: 'type `sudo apt-get install bsdutils`' });
  }
  const [minutes = 0, seconds = 0, systemMinutes = 0, system = 0] = children.slice(1).map(Number);
  return 60 * (minutes + systemMinutes) + seconds + system;
}

/** Of all turns of one kind: runs, and processor time of the coordinator's own thread and of all threads. */
interface Spent {
  runs: number;
  own: number;
  all: number;
}

/** What a page costs is spent on the thread that folds and serves; executors have theirs, whose time varies more. */
async function page(dataDir: string, options: ShowingBenchOptions): Promise<readonly Result[]> {
  const [shown, plain] = await spentOn(dataDir, options);
  const each = ({ runs, own }: Spent): number => (MICROSECONDS_A_TICK * own) / Math.max(1, runs);
  const whole = (MICROSECONDS_A_TICK * plain.all) / Math.max(1, plain.runs);
  return [
    { name: 'showing.page.with', value: each(shown), unit: 'us/run' },
    { name: 'showing.page.without', value: each(plain), unit: 'us/run' },
    { name: 'showing.page.run', value: whole, unit: 'us/run' },
    { name: 'showing.page', value: (PERCENT * (each(shown) - each(plain))) / whole, unit: '%' },
  ];
}

async function spentOn(
  dataDir: string,
  { model, rngSeed, timeMs }: ShowingBenchOptions,
): Promise<readonly [shown: Spent, plain: Spent]> {
  const args = ['daemon', '--redis', 'none', '--jobs', '1', '--data-dir', dataDir, '--port', '0'];
  const flags = ['-q', '--model', model, '--rng-seed', String(rngSeed)];
  const child = spawn(process.execPath, [MAIN, ...args, ...flags], { stdio: 'ignore' });
  const { pid = 0 } = child;
  const [shown, plain] = [true, false].map((): Spent => ({ runs: 0, own: 0, all: 0 }));
  assert(shown !== undefined && plain !== undefined, 'two kinds of turns');
  try {
    const url = await urlOf(dataDir);
    const client = new ApiClient(new URL(url));
    const now = async (): Promise<Spent> => {
      const { runs } = await campaignOf(client);
      return { runs, own: ticksOf(pid, pid), all: ticksOf(pid) };
    };
    // Seeds are searched first, which is slower.
    await sleep(timeMs);
    for (const isShown of TURNS) {
      const open = isShown ? new OpenPage(url) : null;
      const [before, spent] = [await now(), isShown ? shown : plain];
      await sleep(timeMs);
      const after = await now();
      for (const key of ['runs', 'own', 'all'] as const) spent[key] += after[key] - before[key];
      open?.close();
    }
    client.close();
    return [shown, plain];
  } finally {
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
  }
}

async function urlOf(dataDir: string): Promise<string> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < READY_MS) {
    const url = ownAddressIn(dataDir)?.origin;
    if (url !== undefined) return url;
    await sleep(ASKED_MS);
  }
  const what = `no coordinator served within ${READY_MS / 1000} s`;
  throw fail('ENVIRONMENT', { what, remedy: 'see `faultline doctor`' });
}

/** Follows the events and fetches the list again, as the list's script does, with less to draw. */
class OpenPage {
  private readonly url: string;
  private readonly stop = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private dueMs = Number.POSITIVE_INFINITY;

  constructor(url: string) {
    this.url = url;
    this.follow().catch(() => {});
  }

  close(): void {
    clearTimeout(this.timer);
    this.stop.abort();
  }

  private async follow(): Promise<void> {
    const { signal } = this.stop;
    const { body } = await fetch(`${this.url}/api/v1/events`, { signal });
    for await (const part of body ?? []) {
      const text = Buffer.from(part).toString();
      if (text.includes('event: finding')) this.refreshIn(FINDING_MS);
      if (text.includes('event: status')) this.refreshIn(STATUS_MS);
    }
  }

  private refreshIn(ms: number): void {
    const dueMs = performance.now() + ms;
    if (dueMs >= this.dueMs) return;
    clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => {
      this.dueMs = Number.POSITIVE_INFINITY;
      const { signal } = this.stop;
      fetch(this.url, { signal })
        .then((answer) => answer.text())
        .catch(() => {});
    }, ms);
  }
}
