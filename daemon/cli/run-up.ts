/**
 * `up`: everything on this machine. It starts a private Redis where none is given, the coordinator and a worker,
 * keeps them running whatever dies, shows what they find, and takes them down again in the right order.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolders, onDisk } from '../../corpus/disk/atomic.ts';
import { takeLock } from '../../corpus/disk/lock.ts';
import { PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { reachRedis } from '../../corpus/exchange/redis.ts';
import { requireFit } from '../../corpus/exchange/redis-fitness.ts';
import { PresenceWatch } from '../../corpus/exchange/redis-presence.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { cacheFolder } from '../redis/redis-binary.ts';
import { PrivateRedis } from '../redis/redis-server.ts';
import { type Ended, SupervisedProcess } from '../redis/supervised-process.ts';
import { NODE_FLAGS, PACKAGE_ROOT } from './installation.ts';
import { type CampaignFlags, campaignArgs, jobsByDefault } from './options/campaign-options.ts';
import { type HttpFlags, httpArgs } from './options/http-options.ts';
import {
  givenRedis,
  isWithoutRedis,
  NO_REDIS,
  type RedisFlags,
  redisEnvironment,
  redisPrefix,
} from './options/redis-choice.ts';
import { progress, type Settings } from './options/settings.ts';
import { wantedOf } from './options/wanted-campaign.ts';
import { EXIT } from './output/endings.ts';
import { sayOtherEngines } from './output/other-engines.ts';
import { sayDocument } from './output/terminal.ts';
import { UpScreen } from './output/up-screen.ts';
import { onInterrupt } from './signals.ts';
import { RESTARTED_VARIABLE, type Told } from './supervised.ts';

/** Batches take two seconds, and what is spooled a moment more; all three together end within ten. */
const WORKER_STOP_MS = 5500;
const DAEMON_STOP_MS = 3000;
/** A Redis that does not answer within this time is not there. */
const REACH_MS = 3000;
const REDIS_STARTS_MAX = 6;
const REDIS_PAUSE_MS = 300;
const MAIN = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');

type UpFlags = CampaignFlags & HttpFlags & RedisFlags & { readonly jobs?: number };

export async function runUp(flags: UpFlags, settings: Settings): Promise<number> {
  return await new Up(flags, settings).run();
}

class Up {
  private readonly flags: UpFlags;
  private readonly settings: Settings;
  private readonly screen: UpScreen;
  private redis: PrivateRedis | undefined;
  private restarting: Promise<void> | undefined;
  /** What the processes are told of it. */
  private redisFlags: RedisFlags = {};
  private url = '';
  private isStopping = false;
  private interrupt: () => void = () => {};
  private giveUp: (error: unknown) => void = () => {};
  /** Rejects if what everything stands on cannot be had. */
  private readonly interrupted: Promise<null>;

  constructor(flags: UpFlags, settings: Settings) {
    this.flags = flags;
    this.settings = settings;
    this.screen = new UpScreen(settings);
    this.interrupted = new Promise((resolve, reject) => {
      this.interrupt = () => resolve(null);
      this.giveUp = reject;
    });
    // Too late to matter once everything ends.
    this.interrupted.catch(() => {});
  }

  async run(): Promise<number> {
    // What is wrong with the flags is said before anything is started.
    wantedOf(this.flags, this.settings);
    const unlock = this.lockFolder();
    sayOtherEngines(this.settings);
    const release = onInterrupt(() => {
      progress(
        this.settings,
        'stopping: batches under way are finished first (again: stop at once)',
      );
      this.interrupt();
    });
    // At a second Ctrl-C, or when nobody reads any more (`| head`).
    const dismiss = (): void => this.redis?.dismiss();
    process.on('exit', dismiss);
    try {
      await this.provideRedis();
      await this.supervise();
      this.screen.close();
      this.sayEnd();
      return EXIT.done;
    } finally {
      this.screen.close();
      this.isStopping = true;
      // One that is just being started would be left behind.
      await this.restarting;
      await this.redis?.stop();
      process.off('exit', dismiss);
      release();
      unlock();
    }
  }

  /** Before anything there is touched: a Redis that somebody else's `up` runs is not ours to adopt, or to stop. */
  private lockFolder(): () => void {
    const folder = path.join(this.settings.dataDir, 'up');
    onDisk(folder, () => makeFolders(folder));
    return takeLock(folder);
  }

  private async provideRedis(): Promise<void> {
    if (isWithoutRedis(this.flags)) {
      this.redisFlags = { redis: NO_REDIS };
      return;
    }
    const address = givenRedis(this.flags);
    if (address === undefined) {
      await this.startRedisIfThereIs();
      return;
    }
    const client = await reachRedis(address, REACH_MS);
    try {
      await requireFit(client, redisPrefix(PREFIX_DEFAULT), address);
    } finally {
      client.disconnect();
    }
    this.redisFlags = this.flags;
  }

  private async startRedisIfThereIs(): Promise<void> {
    try {
      await this.startRedis();
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'REDIS_MISSING') throw error;
      progress(this.settings, `${error.message}; runs in one process, without a queue`);
      this.redisFlags = { redis: NO_REDIS };
    }
  }

  private async startRedis(): Promise<void> {
    const { dataDir } = this.settings;
    const say = (text: string): void => progress(this.settings, text);
    const redis = await PrivateRedis.start({
      dataDir,
      cacheDir: cacheFolder(process.env, dataDir),
      say,
    });
    if (redis.wasAdopted) say(`the Redis of an earlier run (process ${redis.pid}) goes on`);
    this.redis = redis;
    this.redisFlags = { redis: redis.url };
    const watch = new PresenceWatch({
      address: redis.address,
      folder: redis.folder,
      lost: (why) => {
        say(`${why}; the private Redis is ended: it is of no use`);
        void redis.stop();
      },
    });
    watch.start();
    void redis.exited.then(() => {
      watch.stop();
      this.restarting = this.restartRedis().catch(this.giveUp);
    });
  }

  /** @throws Refusal where it does not start, however often it is tried */
  private async restartRedis(): Promise<void> {
    for (let tries = 1; !this.isStopping; tries += 1) {
      progress(this.settings, 'the private Redis ended and is started again');
      try {
        await this.startRedis();
        return;
      } catch (error) {
        if (!(error instanceof Refusal) || tries === REDIS_STARTS_MAX) throw error;
        await sleep(tries * REDIS_PAUSE_MS);
      }
    }
  }

  /**
   * Until somebody or something ends it.
   *
   * @throws Refusal of a process that could not be helped by starting it again
   */
  private async supervise(): Promise<void> {
    const isLocal = this.redisFlags.redis === NO_REDIS;
    const jobs = ['--jobs', String(this.flags.jobs ?? jobsByDefault())];
    const coordinator = this.process('daemon', [
      ...campaignArgs(this.flags, this.settings),
      ...httpArgs(this.flags),
      ...(isLocal ? jobs : []),
    ]);
    // Without a Redis the coordinator has executors of its own.
    const shown = this.flags.insecureHttp === true ? ['--insecure-http'] : [];
    const worker = isLocal ? null : this.process('worker', [...jobs, ...shown]);
    const parts = worker === null ? [coordinator] : [coordinator, worker];
    try {
      for (const part of parts) part.start();
      const ended = await Promise.race([...parts.map((part) => part.ended), this.interrupted]);
      if (ended !== null) this.checkEnd(ended);
      await this.screen.end();
    } finally {
      this.isStopping = true;
      this.screen.stop();
      await worker?.stop(WORKER_STOP_MS);
      await coordinator.stop(DAEMON_STOP_MS);
    }
  }

  private process(name: string, args: readonly string[]): SupervisedProcess {
    const { dataDir } = this.settings;
    return new SupervisedProcess({
      name,
      args: [...NODE_FLAGS, MAIN, name, '--data-dir', dataDir, ...args],
      logDir: path.join(dataDir, 'log'),
      environment: (isRestart) => ({
        ...redisEnvironment(this.redisFlags),
        ...(isRestart ? { [RESTARTED_VARIABLE]: '1' } : {}),
      }),
      // From a process of ours.
      told: (message) => this.told(message as Told),
      said: (text) => progress(this.settings, text),
    });
  }

  private told(told: Told): void {
    if (told.kind === 'refused' || told.kind === 'working' || this.isStopping) return;
    if (told.kind === 'finished') {
      this.interrupt();
      return;
    }
    if (this.url === '') {
      progress(this.settings, `page and findings: ${told.url} (Ctrl-C drains and ends)`);
    }
    this.url = told.url;
    this.screen.follow(told.url);
  }

  /** Of all that is in the folder: what came last was found while everything ended. */
  private sayEnd(): void {
    const { dataDir, isJson } = this.settings;
    const findings = new FindingStore(dataDir).list().findings.length;
    if (isJson) sayDocument({ url: this.url, findings, dataDir });
    else this.screen.sayLast(findings);
  }

  /** Somebody else may have told it to end; otherwise it has said why it did. */
  private checkEnd({ name, exit, lastWords }: Ended): void {
    if (exit === EXIT.done) {
      progress(this.settings, `${name} was told to end, and so everything does`);
      return;
    }
    const log = path.join(this.settings.dataDir, 'log', `${name}.log`);
    const what = /^faultline: (.*)$/m.exec(lastWords)?.[1] ?? `${name} ended with ${exit}`;
    const remedy = /^hint: (.*)$/m.exec(lastWords)?.[1] ?? `${log} says more`;
    throw fail(exit === EXIT.usage ? 'PROCESS_INPUT' : 'ENVIRONMENT', { what, remedy });
  }
}
