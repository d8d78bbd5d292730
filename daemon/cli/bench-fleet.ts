/**
 * `bench queue` and `bench scale`: what the queue costs against fuzzing in one process, and what a second worker
 * process brings. A real `up` is measured from outside: runs by its API, processor time by /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Result } from '../../workers/bench/measure.ts';
import { ownAddressIn } from '../pull/api-address.ts';
import { ApiClient } from '../pull/api-client.ts';
import { campaignOf, fleetOf } from '../pull/api-status.ts';
import { MAIN, temporary, ticksOf } from './bench-processes.ts';
import { NODE_FLAGS } from './installation.ts';

export interface FleetBenchOptions {
  readonly model: string;
  readonly rngSeed: number;
  readonly timeMs: number;
  readonly began: (what: string) => void;
}

/** Until batches have their full size and code is compiled. */
const WARM_UP_MS = 6000;
const START_MS = 30_000;
const ASKED_MS = 20;
const STOP_MS = 12_000;

/** One executor, in one process and through the queue. */
export async function benchQueue(options: FleetBenchOptions): Promise<readonly Result[]> {
  options.began('fuzz in one process');
  const alone = await fuzzAlone(options);
  options.began('the same through the queue');
  return await withFleet(options, async (fleet) => {
    await fleet.warmUp();
    const pid = await fleet.workerPid();
    const before = cpuOf(pid);
    const speed = await fleet.runsPerSecond(options.timeMs);
    const after = cpuOf(pid);
    const share = (100 * (after.main - before.main)) / (after.all - before.all);
    return [
      { name: 'queue.fuzz', value: alone, unit: 'runs/s' },
      { name: 'queue.runs', value: speed, unit: 'runs/s' },
      { name: 'queue.ratio', value: (100 * speed) / alone, unit: '%' },
      { name: 'queue.share', value: share, unit: '%' },
    ];
  });
}

/** One worker process with one executor, and two of them. */
export async function benchScale(options: FleetBenchOptions): Promise<readonly Result[]> {
  options.began('one worker process');
  return await withFleet(options, async (fleet) => {
    await fleet.warmUp();
    const one = await fleet.runsPerSecond(options.timeMs);
    options.began('two worker processes');
    fleet.addWorker();
    await fleet.warmUp();
    const two = await fleet.runsPerSecond(options.timeMs);
    return [
      { name: 'scale.one', value: one, unit: 'runs/s' },
      { name: 'scale.two', value: two, unit: 'runs/s' },
      { name: 'scale.ratio', value: two / one, unit: 'x' },
    ];
  });
}

async function fuzzAlone({ model, rngSeed, timeMs }: FleetBenchOptions): Promise<number> {
  const folder = temporary();
  try {
    const time = `${WARM_UP_MS + timeMs}ms`;
    const args = ['fuzz', '--model', model, '--jobs', '1', '--time', time, '--json'];
    const child = started([...args, '--rng-seed', String(rngSeed), '--data-dir', folder], 'pipe');
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await once(child, 'close');
    const { runs, seconds } = JSON.parse(text) as { runs: number; seconds: number };
    return runs / seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withFleet<T>(
  options: FleetBenchOptions,
  measure: (fleet: MeasuredFleet) => Promise<T>,
): Promise<T> {
  const folder = temporary();
  const fleet = new MeasuredFleet(folder, options);
  try {
    return await measure(fleet);
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class MeasuredFleet {
  private readonly folder: string;
  private readonly processes: ChildProcess[];
  private client: ApiClient | undefined;

  constructor(folder: string, { model, rngSeed }: FleetBenchOptions) {
    this.folder = folder;
    const args = ['up', '--model', model, '--jobs', '1', '--port', '0', '--data-dir', folder, '-q'];
    this.processes = [started([...args, '--rng-seed', String(rngSeed)], 'ignore')];
  }

  addWorker(): void {
    this.processes.push(started(['worker', '--jobs', '1', '--data-dir', this.folder], 'ignore'));
  }

  async warmUp(): Promise<void> {
    await this.untilRunsGrow();
    await sleep(WARM_UP_MS);
  }

  async workerPid(): Promise<number> {
    const [worker] = await fleetOf(await this.api());
    if (worker === undefined) throw silent();
    return worker.pid;
  }

  /** From the end of one batch to the end of another, so that no part of a batch is counted. */
  async runsPerSecond(timeMs: number): Promise<number> {
    const first = await this.untilRunsGrow();
    await sleep(timeMs);
    const last = await this.untilRunsGrow();
    return ((last.runs - first.runs) * 1000) / (last.atMs - first.atMs);
  }

  async stop(): Promise<void> {
    this.client?.close();
    const ends = this.processes.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    });
    await Promise.all(ends);
  }

  private async untilRunsGrow(): Promise<{ readonly runs: number; readonly atMs: number }> {
    const client = await this.api();
    const { runs: before } = await campaignOf(client);
    const endMs = performance.now() + START_MS;
    for (;;) {
      const { runs } = await campaignOf(client);
      const atMs = performance.now();
      if (runs > before) return { runs, atMs };
      if (atMs > endMs) throw silent();
      await sleep(ASKED_MS);
    }
  }

  private async api(): Promise<ApiClient> {
    const endMs = performance.now() + START_MS;
    while (this.client === undefined) {
      const address = ownAddressIn(this.folder);
      if (address !== undefined) this.client = new ApiClient(address);
      else if (performance.now() > endMs) throw silent();
      else await sleep(ASKED_MS);
    }
    return this.client;
  }
}

function started(args: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
  return spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
    stdio: ['ignore', stdout, 'inherit'],
  });
}

/** Clock ticks of user and system time: of the main thread, whose number is the process's, and of all. */
function cpuOf(pid: number): { readonly main: number; readonly all: number } {
  return { main: ticksOf(pid, pid), all: ticksOf(pid) };
}

function silent(): Error {
  const what = `the fleet made no runs within ${START_MS / 1000} s`;
  return fail('ENVIRONMENT', { what, remedy: 'see `faultline doctor`' });
}
