/** What goes wrong in a fleet, one after the other: each fault begins, lasts as long as the seed says, and ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../corpus/vocabulary/random.ts';
import { patiently } from '../support/patience.ts';
import { type Fleet, PARTS } from './fleet.ts';
import { LogTail } from './log-tail.ts';

interface Circumstances {
  readonly fleet: Fleet;
  readonly random: Random;
  /** `libfaketime` to preload; null where it is not to be had. */
  readonly faketime: string | null;
}

/** @returns what it was, for people */
type Fault = (given: Circumstances) => Promise<string>;

export const FAULTS: Readonly<Record<string, Fault>> = {
  kill: ({ fleet, random }) => ends(fleet, random, 'SIGKILL'),
  term: ({ fleet, random }) => ends(fleet, random, 'SIGTERM'),
  everything,
  pause,
  emptied,
  'emptied without a coordinator': emptiedAway,
  'full disk': fullDisk,
  'clock jumps': clockJumps,
  'torn log': tornLog,
  'flipped log': flippedLog,
  'another build': anotherBuild,
  'second coordinator': secondCoordinator,
  'taken over': takenOver,
};

const BLACKOUT_MS = 3000;
/** Longer than a leader's name and a worker's lock hold. */
const PAUSE_MS = 15_000;
const FULL_MS = 8000;
const SHIFTS = ['+3600', '-3600', '+86400', '-86400'];
const JUMPS = 3;
const CLOCK_MS = 6000;
const BUILD_MS = 12_000;
const REFUSED = 3;

function within(random: Random, milliseconds: number): Promise<void> {
  return sleep(random.below(milliseconds));
}

async function ends({ parts }: Fleet, random: Random, signal: 'SIGKILL' | 'SIGTERM') {
  const victims = Array.from({ length: 1 + random.below(3) }, () => random.pick(PARTS));
  for (const victim of victims) {
    await parts[victim].stop(signal);
    // Another may end before this one is back.
    const isAtOnce = random.oneIn(2);
    if (!isAtOnce) await within(random, BLACKOUT_MS);
    parts[victim].start();
    await within(random, BLACKOUT_MS);
  }
  return `${signal} of ${victims.join(', ')}`;
}

async function everything({ fleet: { parts }, random }: Circumstances): Promise<string> {
  await Promise.all(PARTS.map((name) => parts[name].stop('SIGKILL')));
  const left = [...PARTS];
  while (left.length > 0) {
    const [name] = left.splice(random.below(left.length), 1);
    if (name !== undefined) parts[name].start();
    await within(random, BLACKOUT_MS / 2);
  }
  return 'SIGKILL of all at once, started in any order';
}

async function pause({ fleet: { parts }, random }: Circumstances): Promise<string> {
  const victim = random.pick(PARTS);
  const milliseconds = 500 + random.below(PAUSE_MS);
  parts[victim].signal('SIGSTOP');
  await sleep(milliseconds);
  parts[victim].signal('SIGCONT');
  return `SIGSTOP of ${victim} for ${milliseconds} ms`;
}

async function emptied({ fleet, random }: Circumstances): Promise<string> {
  const times = 1 + random.below(3);
  for (let i = 0; i < times; i++) {
    await fleet.ask((redis) => redis.flushall());
    await within(random, BLACKOUT_MS);
  }
  return `FLUSHALL, ${times} times`;
}

/** Workers report to a Redis that then forgets it, and only their disks know. */
async function emptiedAway({ fleet, random }: Circumstances): Promise<string> {
  const { coordinator, first, second } = fleet.parts;
  await coordinator.stop(random.oneIn(2) ? 'SIGKILL' : 'SIGTERM');
  await within(random, BLACKOUT_MS);
  await fleet.ask((redis) => redis.flushall());
  const isRestarted = random.oneIn(2);
  if (isRestarted) {
    for (const worker of [first, second]) await worker.stop('SIGKILL');
    for (const worker of [first, second]) worker.start();
  }
  await within(random, BLACKOUT_MS);
  coordinator.start();
  return `FLUSHALL while the coordinator is away${isRestarted ? ', and the workers killed' : ''}`;
}

async function fullDisk({ fleet, random }: Circumstances): Promise<string> {
  const isOfWorker = random.oneIn(2);
  const [disk, part] = isOfWorker
    ? [fleet.workerDisk, fleet.parts.first]
    : [fleet.disk, fleet.parts.coordinator];
  disk.fill(part.pid ?? 0);
  await sleep(1000 + random.below(FULL_MS));
  // What was refused lies in memory only, so only a worker may end meanwhile: its batches come back.
  disk.free(part.pid);
  return `a full disk of ${isOfWorker ? 'a worker' : 'the coordinator'} (${disk.kind})`;
}

async function clockJumps({ fleet, random, faketime }: Circumstances): Promise<string> {
  if (faketime === null) return 'clock jumps: skipped, no libfaketime';
  const victim = random.pick(PARTS);
  const part = fleet.parts[victim];
  const file = path.join(fleet.folder, 'clock');
  writeFileSync(file, '+0\n');
  const env = {
    LD_PRELOAD: faketime,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_CACHE_DURATION: '1',
  };
  await part.stop('SIGTERM');
  part.start(fleet.launchOf(victim, undefined, env));
  await sleep(CLOCK_MS / 2);
  const shifts = Array.from({ length: JUMPS }, () => random.pick(SHIFTS));
  for (const shift of shifts) {
    writeFileSync(file, `${shift}\n`);
    await sleep(1500 + random.below(CLOCK_MS));
  }
  await part.stop('SIGTERM');
  part.start();
  return `the clock of ${victim} jumps by ${shifts.join(', ')} seconds`;
}

/** As a crash of the machine leaves it: the beginning of a record at the end. */
async function tornLog({ fleet, random }: Circumstances): Promise<string> {
  const { coordinator } = fleet.parts;
  await coordinator.stop('SIGKILL');
  fleet.look();
  const file = lastLogOf(fleet);
  const line = pickLine(readFileSync(file, 'latin1'), random);
  appendFileSync(file, line.slice(0, 1 + random.below(line.length - 1)), 'latin1');
  coordinator.start();
  return 'a log that ends within a record';
}

/** As a bad disk leaves it. What the record said is gone; the rest counts, and the coordinator says what it skips. */
async function flippedLog({ fleet, random }: Circumstances): Promise<string> {
  const { coordinator } = fleet.parts;
  await coordinator.stop('SIGKILL');
  fleet.look();
  const file = lastLogOf(fleet);
  const text = readFileSync(file, 'latin1');
  const line = pickLine(text, random);
  const at = text.indexOf(line) + random.below(line.length);
  const bytes = Buffer.from(text, 'latin1');
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(7));
  writeFileSync(file, bytes);
  fleet.log.forget(line);
  coordinator.start();
  return `a flipped bit in ${line.slice(17, 60)}`;
}

function lastLogOf({ disk }: Fleet): string {
  const folder = path.join(disk.folder, 'campaign');
  const numbers = readdirSync(folder).flatMap(
    (name) => /^log-(\d+)\.ndjson$/.exec(name)?.[1] ?? [],
  );
  return path.join(folder, `log-${Math.max(...numbers.map(Number))}.ndjson`);
}

/** Half of the time one of the last ten, which matter most. */
function pickLine(text: string, random: Random): string {
  const lines = text.split('\n').filter((line) => line.length > 1);
  const from = random.oneIn(2) ? Math.max(0, lines.length - 10) : 0;
  const line = lines[from + random.below(Math.max(1, lines.length - from))];
  assert.ok(line !== undefined, 'a log has records');
  return line;
}

/** An upgrade that begins with the coordinator and one worker, and is taken back. */
async function anotherBuild({ fleet, random }: Circumstances): Promise<string> {
  const { parts, otherMain } = fleet;
  const worker = random.pick(['first', 'second'] as const);
  const names = ['coordinator', worker] as const;
  const replace = async (main?: string): Promise<void> => {
    for (const name of names) {
      await parts[name].stop(random.oneIn(2) ? 'SIGTERM' : 'SIGKILL');
      parts[name].start(fleet.launchOf(name, main));
    }
  };
  await replace(otherMain);
  await within(random, BUILD_MS);
  await replace();
  return `coordinator and ${worker} worker of another build for a while`;
}

/** It waits for the first one to be silent, and is refused. */
async function secondCoordinator(given: Circumstances): Promise<string> {
  const rival = rivalOf(given.fleet, []);
  const [exit] = await patiently('the end of a second coordinator', once(rival.child, 'close'));
  assert.equal(exit, REFUSED, `a second coordinator beside a living one: ${rival.said()}`);
  return 'a second coordinator beside the first';
}

/** The first one ends, as does the one that follows it: somebody who starts both is told so. */
async function takenOver({ fleet, random }: Circumstances): Promise<string> {
  const { coordinator } = fleet.parts;
  const epoch = await epochOf(fleet);
  const isSilent = random.oneIn(2);
  if (isSilent) coordinator.signal('SIGSTOP');
  const rival = rivalOf(fleet, isSilent ? [] : ['--take-over']);
  await fleet.until('a rival that leads', async () => (await epochOf(fleet)) > epoch);
  if (isSilent) coordinator.signal('SIGCONT');
  await within(random, BUILD_MS);
  const over = once(rival.child, 'close');
  rival.child.kill(random.oneIn(2) ? 'SIGTERM' : 'SIGKILL');
  await patiently('the end of a rival', over, rival.said);
  coordinator.start();
  return `a second coordinator ${isSilent ? 'while the first is stopped' : 'with --take-over'}`;
}

async function epochOf(fleet: Fleet): Promise<number> {
  return Number((await fleet.ask((redis) => redis.get('{faultline}:epoch'))) ?? 0);
}

interface Rival {
  readonly child: ChildProcess;
  readonly said: () => string;
}

/** With a log of its own, which is looked at as well. */
function rivalOf(fleet: Fleet, flags: readonly string[]): Rival {
  const dataDir = path.join(fleet.folder, `rival-${fleet.rivals.length}`);
  const { command, args, env } = fleet.launchOf('coordinator');
  const own = args.map((arg) => (arg === fleet.disk.folder ? dataDir : arg));
  const child = spawn(command, [...own, ...flags], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  fleet.rivals.push(new LogTail(path.join(dataDir, 'campaign')));
  fleet.rivalFolders.push(dataDir);
  fleet.processes.add(child);
  return { child, said: () => text };
}
