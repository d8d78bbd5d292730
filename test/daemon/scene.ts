/** A coordinator in this process on a real Redis, hands that compute its batches, and their end in the right order. */
import type { TestContext } from 'node:test';
import { Worker } from 'bullmq';
import { keysOf, queueName } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { Batch } from '../../corpus/vocabulary/messages.ts';
import { readSubmission } from '../../daemon/cli/options/submission.ts';
import { type Daemon, startDaemon } from '../../daemon/service/service.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { standingOf } from '../../workers/reproduce/naming.ts';
import { type TestRedis, testClient, testDatabase } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { until } from '../support/patience.ts';
import { BUILD, pin, SETTINGS } from './coordination.ts';

export const PREFIX = '{faultline}';
export const TOKEN = 'a'.repeat(64);
export const EXPECTATIONS = {
  expectedOf: () => ['B12'],
  standingOf,
  designOf: () => undefined,
  timelineOf: () => undefined,
};

/** Ends what a test began, the last thing first: neither a queue nor a coordinator ends well without its Redis. */
export class Scene<Redis extends Pick<TestRedis, 'address'> = Pick<TestRedis, 'address'>> {
  readonly redis: Redis;
  readonly dataDir: string;
  private readonly endings: (() => Promise<unknown>)[];

  private constructor(redis: Redis, dataDir: string, endings: (() => Promise<unknown>)[]) {
    this.redis = redis;
    this.dataDir = dataDir;
    this.endings = endings;
  }

  static async of(t: TestContext): Promise<Scene> {
    return await Scene.at(t, testDatabase);
  }

  static async at<R extends Pick<TestRedis, 'address'>>(
    t: TestContext,
    redis: (t: TestContext) => Promise<R>,
  ): Promise<Scene<R>> {
    const endings: (() => Promise<unknown>)[] = [];
    t.after(async () => {
      for (const end of endings.reverse()) await end().catch(() => {});
    });
    return new Scene(await redis(t), temporaryFolder(t), endings);
  }

  after(end: () => Promise<unknown>): void {
    this.endings.push(end);
  }
}

export interface Running {
  readonly daemon: Daemon;
  readonly url: string;
  readonly lines: readonly string[];
  /** Rejects where it never does. */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/** Its campaign goes on. */
export async function coordinator(
  scene: Scene,
  dataDir: string = scene.dataDir,
  build: string = BUILD,
): Promise<Running> {
  const running = await servingCoordinator(scene, dataDir, build);
  await running.started;
  return running;
}

/** It serves; its Redis may be away. */
export async function servingCoordinator(
  scene: Scene,
  dataDir: string = scene.dataDir,
  build: string = BUILD,
): Promise<Running> {
  const lines: string[] = [];
  let url = '';
  let ready = (): void => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const daemon = await startDaemon({
    dataDir,
    executors: { redis: scene.redis.address },
    prefix: PREFIX,
    build,
    version: '0.0.0',
    wanted: SETTINGS,
    drawn: { campaign: 'c1', rngSeed: 1 },
    isRestart: false,
    takesOver: false,
    seeds: [],
    canary: pin('canary'),
    expectations: EXPECTATIONS,
    readSubmission,
    http: { host: '127.0.0.1', port: 0, token: TOKEN, tls: null, isInsecureAllowed: false },
    say: (text) => lines.push(text),
    warn: (text) => lines.push(text),
    found: () => {},
    webhook: null,
    serving: (given) => {
      url = given;
    },
    ready,
  });
  const stop = async (): Promise<void> => {
    daemon.stop();
    await daemon.finished.finally(() => daemon.close());
  };
  scene.after(stop);
  return { daemon, url, lines, started: Promise.race([isReady, daemon.finished]), stop };
}

/** Computes whatever is queued, as a worker would, in this thread. */
export function hands(t: TestContext, scene: Scene): void {
  const exchange = new Exchange(testClient(t, scene.redis.address), keysOf(PREFIX));
  const runner = new WorkRunner(modelOf, sha256Hex('engine'));
  let done = 0;
  const connection = testClient(t, scene.redis.address);
  const worker = new Worker(
    queueName(BUILD),
    async ({ data }: { data: Batch }) => {
      const { version, id, build, campaign, work } = data;
      const result = runner.run(work);
      const report = {
        version,
        id,
        build,
        campaign,
        executor: `e.${done}`,
        milliseconds: 5000,
        result,
      };
      await exchange.ingest(id, JSON.stringify(report));
      done += 1;
      return 'ok';
    },
    { connection, prefix: PREFIX, drainDelay: 1 },
  );
  worker.on('error', () => {});
  // One that is closed while it connects keeps its connection, and with it this process.
  scene.after(async () => {
    await worker.waitUntilReady();
    await worker.close(true);
  });
}

interface Status {
  readonly runs: number;
  readonly state: string;
  readonly batches: { readonly folded: number; readonly quarantined: number };
  readonly findings: { readonly published: number };
}

export async function statusOf({ url }: Running): Promise<Status> {
  // A connection that is kept may be closed by the server while this thread computes.
  const headers = { connection: 'close' };
  return (await (await fetch(`${url}/api/v1/campaign`, { headers })).json()) as Status;
}

export async function untilPublished(running: Running, count: number): Promise<void> {
  await until(
    `${count} findings`,
    async () => (await statusOf(running)).findings.published >= count,
  );
}
