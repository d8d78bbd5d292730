/** A fleet of real processes: a Redis of its own, a coordinator, two workers, each on its own disk, with what they say. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { connectionOptions, describe, type RedisAddress } from '../../corpus/exchange/redis.ts';
import type { CampaignStatus } from '../../daemon/campaign/views.ts';
import type { Cleanup } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { debianProgram } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { PATIENCE_MS, until } from '../support/patience.ts';
import { Disk } from './disk.ts';
import { LogTail } from './log-tail.ts';
import { type Launch, Part } from './part.ts';
import { SpoolJournal } from './spool-journal.ts';

export const PARTS = ['coordinator', 'first', 'second', 'redis'] as const;
export type PartName = (typeof PARTS)[number];

/** More threads than cores make more batches, and so more moments to die in. */
const JOBS = '6';
const ASKED_MS = 50;
/** Enough for a hundred findings; all of them would be compared for a quarter of an hour at the end. */
const MODELS = ['v42-immap-read', 'v48-entry-lock', 'xfs-mmaplock-prezero'];

export class Fleet {
  readonly folder: string;
  /** Of the coordinator. */
  readonly disk: Disk;
  /** Of the first worker. */
  readonly workerDisk: Disk;
  readonly log: LogTail;
  readonly rivals: LogTail[] = [];
  readonly rivalFolders: string[] = [];
  readonly journals: readonly SpoolJournal[];
  readonly parts: Readonly<Record<PartName, Part>>;
  readonly address: RedisAddress;
  /** Others that end with the test. */
  readonly processes = new Set<ChildProcess>();
  /** The program of another build: the same code under another digest. */
  readonly otherMain: string;
  private readonly main = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');
  private readonly rngSeed: number;
  private readonly redisLaunch: Launch;

  private constructor(
    t: Cleanup,
    rngSeed: number,
    redisLaunch: Launch,
    folder: string,
    address: RedisAddress,
  ) {
    this.folder = folder;
    this.rngSeed = rngSeed;
    this.redisLaunch = redisLaunch;
    this.address = address;
    this.disk = new Disk(t, path.join(folder, 'coordinator'));
    this.workerDisk = new Disk(t, path.join(folder, 'first'));
    const dirs = [this.workerDisk.folder, path.join(folder, 'second')] as const;
    const journals = dirs.map((dir) => new SpoolJournal(t, dir));
    this.journals = journals;
    this.log = new LogTail(path.join(this.disk.folder, 'campaign'));
    this.otherMain = otherBuild(path.join(folder, 'other'));
    const worker = (name: 'first' | 'second', i: number): Part =>
      new Part({
        name,
        launch: this.launchOf(name),
        heard: (line, pid) => journals[i]?.hear(line, pid),
      });
    this.parts = {
      coordinator: new Part({ name: 'coordinator', launch: this.launchOf('coordinator') }),
      first: worker('first', 0),
      second: worker('second', 1),
      redis: new Part({ name: 'redis', launch: redisLaunch }),
    };
  }

  /**
   * Whatever is left of it when the test ends is killed.
   *
   * @param elsewhere starts another Redis in that folder; then the part `redis` is none
   */
  static async start(
    t: TestContext,
    rngSeed: number,
    elsewhere?: (t: Cleanup, folder: string) => Promise<RedisAddress>,
  ): Promise<Fleet> {
    const program = await debianProgram('redis-server');
    assert.ok('path' in program, 'a test that needs Redis asks for skipReason first');
    // Before the folder goes, which has mounts in it, and processes that write there.
    const ends: (() => unknown)[] = [];
    t.after(async () => {
      await fleet?.end();
      for (const end of ends) end();
    });
    let fleet: Fleet | undefined;
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, 'redis'));
    const socket = path.join(folder, 'redis.sock');
    const place = ['--port', '0', '--unixsocket', socket];
    const kept = ['--dir', path.join(folder, 'redis'), '--appendonly', 'yes', '--save', ''];
    const { path: command, env } = program;
    const cleanup: Cleanup = { after: (end) => ends.push(end) };
    const launch = { command, args: [...place, ...kept], env };
    const address = (await elsewhere?.(cleanup, folder)) ?? { path: socket };
    fleet = new Fleet(cleanup, rngSeed, launch, folder, address);
    const isOwn = elsewhere === undefined;
    for (const name of PARTS) if (isOwn || name !== 'redis') fleet.parts[name].start();
    return fleet;
  }

  /** How a part is started; by another program of Faultline, in another environment. */
  launchOf(name: PartName, main: string = this.main, env: NodeJS.ProcessEnv = {}): Launch {
    if (name === 'redis') {
      const { command, args, env: own } = this.redisLaunch;
      return { command, args, env: { ...own, ...env } };
    }
    const given = ['--redis', describe(this.address), '--data-dir', this.dirOf(name)];
    const args =
      name === 'coordinator'
        ? [
            'daemon',
            ...given,
            '--port',
            '0',
            '--rng-seed',
            String(this.rngSeed),
            '--model',
            ...MODELS,
          ]
        : ['worker', ...given, '--jobs', JOBS];
    const { FAULTLINE_REDIS_URL: _, ...own } = process.env;
    const level = name === 'coordinator' ? 'info' : 'debug';
    return {
      command: process.execPath,
      args: [main, ...args],
      env: { ...own, FAULTLINE_LOG_LEVEL: level, ...env },
    };
  }

  dirOf(name: PartName): string {
    return path.join(this.folder, name);
  }

  /** Undefined while there is no answer. */
  async get(route: string): Promise<Response | undefined> {
    const file = path.join(this.disk.folder, 'daemon.json');
    if (!existsSync(file)) return undefined;
    try {
      const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string };
      return await fetch(`${url}${route}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
      return undefined;
    }
  }

  async isReady(): Promise<boolean> {
    return (await this.get('/readyz'))?.ok === true;
  }

  async status(): Promise<CampaignStatus | undefined> {
    const answer = await this.get('/api/v1/campaign');
    return answer?.ok === true ? ((await answer.json()) as CampaignStatus) : undefined;
  }

  async control(verb: string): Promise<void> {
    const token = readFileSync(path.join(this.disk.folder, 'token'), 'utf8').trim();
    const { url } = JSON.parse(readFileSync(path.join(this.disk.folder, 'daemon.json'), 'utf8'));
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/api/v1/campaign/${verb}`, { method: 'POST', headers });
    assert.equal(answer.status, 202, await answer.text());
  }

  /** By its log, which does not go back. */
  folded(): number {
    this.look();
    return this.log.counted().folded;
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, isSo, { said: () => this.said(), askedMs: ASKED_MS });
  }

  /** One command to Redis. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(connectionOptions(this.address));
    redis.on('error', () => {});
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  look(): void {
    for (const log of [this.log, ...this.rivals]) log.look();
    for (const journal of this.journals) journal.left();
  }

  said(): string {
    return PARTS.map((name) => this.parts[name].said).join('\n');
  }

  private async end(): Promise<void> {
    for (const child of this.processes) child.kill('SIGKILL');
    await Promise.all(Object.values(this.parts).map((part) => part.stop('SIGKILL')));
  }
}

/** A package of its own, which shares what it needs with this one. */
function otherBuild(folder: string): string {
  mkdirSync(path.join(folder, 'dist'), { recursive: true });
  cpSync(path.join(PACKAGE_ROOT, 'package.json'), path.join(folder, 'package.json'));
  cpSync(path.join(PACKAGE_ROOT, 'dist/bundle'), path.join(folder, 'dist/bundle'), {
    recursive: true,
  });
  for (const shared of ['node_modules', 'corpus']) {
    symlinkSync(path.join(PACKAGE_ROOT, shared), path.join(folder, shared));
  }
  const identity = readFileSync(path.join(PACKAGE_ROOT, 'dist/identity.json'), 'utf8');
  const { engine, build } = JSON.parse(identity) as { engine: string; build: string };
  const other = [...build].reverse().join('');
  const text = JSON.stringify({ engine, build: other });
  writeFileSync(path.join(folder, 'dist/identity.json'), text);
  return path.join(folder, 'dist/bundle/main.js');
}
