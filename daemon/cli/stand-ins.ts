/**
 * Workers that compute nothing: each has its own connections, takes batches from the real queue, waits as long as the
 * batch would take, and reports what a real run of the model has once found. A thousand of them fit into one process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Keys, keysOf, queueName } from '../../corpus/exchange/keys.ts';
import { connectionOptions, type RedisAddress } from '../../corpus/exchange/redis.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import {
  type Batch,
  type FuzzBatch,
  type FuzzResult,
  type Result,
  reportOn,
} from '../../corpus/vocabulary/messages.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { QueueClient, type TakenJob } from '../../workers/service/queue-client.ts';

export interface StandInOptions {
  readonly redis: RedisAddress;
  readonly prefix: string;
  readonly build: string;
  readonly engine: string;
  readonly version: string;
  readonly count: number;
  /** Signatures that runs meet again. */
  readonly signatures: readonly string[];
}

/** What a core makes of a model, about. */
const RUNS_PER_MS = 100;
/** A batch that is not fuzzed takes so long. */
const OTHER_MS = 50;
const BEAT_MS = 2000;
/** That run once, and are told again and again. */
const RECORDED_RUNS = 4096;
const CANDIDATES = 2;
const HITS = 8;
/** Started at once; the server accepts them one after the other. */
const STARTED_AT_ONCE = 50;

export class StandIns {
  /** Batches that were answered. */
  answered = 0;
  private readonly options: StandInOptions;
  private readonly keys: Keys;
  private readonly all: StandIn[] = [];
  private readonly runner: WorkRunner;
  private readonly recorded = new Map<string, FuzzResult>();

  constructor(options: StandInOptions) {
    this.options = options;
    this.keys = keysOf(options.prefix);
    this.runner = new WorkRunner(modelOf, options.engine);
  }

  async start(): Promise<void> {
    const { count } = this.options;
    while (this.all.length < count) {
      const from = this.all.length;
      const size = Math.min(STARTED_AT_ONCE, count - from);
      const some = Array.from({ length: size }, (_, i) => {
        const answer = (batch: Batch): Promise<Result> => this.answer(batch);
        return new StandIn({ ...this.options, keys: this.keys, number: from + i, answer });
      });
      this.all.push(...some);
      await Promise.all(some.map((one) => one.start()));
    }
  }

  stop(): void {
    for (const one of this.all) one.stop();
  }

  private async answer({ work }: Batch): Promise<Result> {
    this.answered += 1;
    if (work.kind === 'fuzz') {
      const result = this.fuzzed(work);
      await delay(work.runs / RUNS_PER_MS);
      return result;
    }
    await delay(OTHER_MS);
    switch (work.kind) {
      case 'canary':
        return { kind: 'canary', digest: '0'.repeat(64), found: ['lock-leak inodeLock punch'] };
      case 'compare': {
        const { signature } = parseRepro(work.repro, 'a batch');
        return { kind: 'compare', signature, on: [], notOn: work.models };
      }
      case 'verify': {
        const { signature } = parseRepro(work.repro, 'a batch');
        return { kind: 'verify', signature, isSame: true };
      }
      case 'minimize':
        return { kind: 'minimize', signature: work.signature, record: null };
    }
  }

  private fuzzed({ index, model, runs }: FuzzBatch): FuzzResult {
    const recorded = this.recordedOf(model);
    const { signatures } = this.options;
    const at = (index * HITS) % Math.max(1, signatures.length - HITS);
    const met = signatures.slice(at, at + HITS);
    const from = (index * CANDIDATES) % Math.max(1, recorded.candidates.length);
    return {
      ...recorded,
      index,
      runs,
      steps: Math.round((recorded.steps * runs) / RECORDED_RUNS),
      candidates: recorded.candidates.slice(from, from + CANDIDATES),
      witnesses: [],
      hits: Object.fromEntries(met.map((signature) => [signature, { count: 1, first: 0 }])),
    };
  }

  private recordedOf(model: string): FuzzResult {
    const there = this.recorded.get(model);
    if (there !== undefined) return there;
    const batch: FuzzBatch = {
      ...{ kind: 'fuzz', index: 0, model, rngSeed: 1, runs: RECORDED_RUNS },
      ...{ sources: [{ kind: 'fresh' }], featuresDigest: null, settledDigest: null, settled: [] },
    };
    const result = this.runner.run(batch) as FuzzResult;
    this.recorded.set(model, result);
    return result;
  }
}

interface StandInParts extends StandInOptions {
  readonly keys: Keys;
  readonly number: number;
  readonly answer: (batch: Batch) => Promise<Result>;
}

class StandIn {
  private readonly parts: StandInParts;
  private readonly id: string;
  private readonly redis: Redis;
  private readonly exchange: Exchange;
  private client: QueueClient | undefined;
  private readonly unlogged = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: StandInParts) {
    this.parts = parts;
    this.id = `stand-in-${parts.number}`;
    this.redis = new Redis({ ...connectionOptions(parts.redis), lazyConnect: true });
    this.redis.on('error', () => {});
    this.exchange = new Exchange(this.redis, parts.keys);
  }

  async start(): Promise<void> {
    const { build, keys } = this.parts;
    await this.redis.connect();
    await this.beat();
    this.timer = setInterval(() => void this.beat().catch(() => {}), BEAT_MS);
    this.client = new QueueClient({
      queue: queueName(build),
      prefix: keys.prefix,
      redis: this.redis,
      room: 1,
      take: (job) => this.take(job),
      trouble: () => {},
    });
  }

  stop(): void {
    clearInterval(this.timer);
    this.client?.abandon();
    this.redis.disconnect();
  }

  private async take({ text }: TakenJob): Promise<void> {
    const batch = JSON.parse(text) as Batch;
    const startedMs = performance.now();
    const result = await this.parts.answer(batch);
    const milliseconds = Math.round(performance.now() - startedMs);
    const report = reportOn(batch, { executor: this.id, milliseconds, result });
    await this.exchange.ingest(batch.id, JSON.stringify(report));
    this.unlogged.add(batch.id);
  }

  /** Also asks what has become of its reports, as a worker does for its spool. */
  private async beat(): Promise<void> {
    const { build, version, number } = this.parts;
    const said = { id: this.id, host: 'here', pid: number, build, version, executors: 1, busy: 1 };
    const beat = { ...said, isDraining: false, runs: 0, metrics: null };
    await this.exchange.beat(this.id, JSON.stringify(beat));
    const ids = [...this.unlogged];
    const fates = await this.exchange.fates(ids);
    for (const [i, fate] of fates.entries())
      if (fate === 'logged') this.unlogged.delete(ids[i] ?? '');
  }
}
