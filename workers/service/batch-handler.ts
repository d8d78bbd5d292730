/**
 * What becomes of a batch that was taken from the queue: it is computed and reported, or it goes back to be tried
 * elsewhere, or it is quarantined with a reason. Whatever it is, it harms nobody: anything may lie in the queue.
 */

import { BATCH_BYTES_MAX, decodeBatch } from '../../corpus/exchange/codec.ts';
import type { Metrics } from '../../corpus/exchange/metrics.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  BATCH_VERSION,
  type Batch,
  type FuzzBatch,
  type Kind,
  type ModelPin,
  type NamedLists,
  NO_EXECUTOR,
  type Report,
  reportOn,
  type Work,
  wishOf,
} from '../../corpus/vocabulary/messages.ts';
import type { Checked } from '../../corpus/vocabulary/schemas.ts';
import { canonicalReference, MODEL_NAMES, modelDigest, pinnedModel } from '../models/registry.ts';
import { ExecutorFailure, type ExecutorPool } from './executors.ts';
import { isWord, reasonText, reportId, reportText } from './fit-report.ts';
import type { ListCache } from './list-cache.ts';
import type { Outbox } from './outbox.ts';
import type { TakenJob } from './queue-client.ts';
import type { Repeats } from './repeats.ts';

/** A batch that took down so many executors is quarantined. */
const LOSSES_MAX = 3;
/**
 * So is one that was started so often. It may take down whole workers, which then cannot say so; but one that
 * merely waited in the hand of a worker that was killed, or lost its Redis, was started as well.
 */
const STARTS_MAX = 10;
/** Models whose digest is kept. */
const DIGESTS_MAX = 1000;
/** Of a job that is no batch, in metrics and messages. */
const NO_KIND = 'none';
/** In reports of what names no campaign. */
const NO_CAMPAIGN = 'none';

type KindOfJob = Kind | typeof NO_KIND;

export interface BatchHandlerParts {
  readonly pool: ExecutorPool;
  readonly featureLists: ListCache<Uint32Array>;
  readonly settledLists: ListCache<readonly string[]>;
  readonly outbox: Outbox;
  readonly metrics: Metrics<'worker'>;
  readonly build: string;
  readonly troubles: Repeats;
  /** A batch is reported. */
  readonly finished: () => void;
  /** A batch met signatures that want a witness. */
  readonly saw: (batch: string, signatures: readonly string[]) => void;
}

/** The batch goes back into its queue. */
class Returned extends Error {
  override readonly name = 'Returned';
}

export class BatchHandler {
  private readonly parts: BatchHandlerParts;
  private readonly digests = new Map<string, string>();
  private inWork = 0;

  constructor(parts: BatchHandlerParts) {
    this.parts = parts;
  }

  /** Batches that are neither reported to the disk nor given back. */
  get underway(): number {
    return this.inWork;
  }

  /** @throws Returned if it is to be tried again */
  async take(job: TakenJob): Promise<void> {
    const startedMs = performance.now();
    const read = readBatch(job.text);
    const kind = read.value?.work.kind ?? NO_KIND;
    this.inWork += 1;
    let send: () => Promise<void>;
    try {
      send = await this.keep(await this.computeReport(read, job), kind);
    } catch (error) {
      if (error instanceof Returned) this.count(kind, 'failed');
      throw error;
    } finally {
      this.inWork -= 1;
    }
    await send();
    const seconds = (performance.now() - startedMs) / 1000;
    this.parts.metrics.observe('worker_batch_duration_seconds', { kind }, seconds);
    this.parts.finished();
  }

  private async computeReport(read: Read, job: TakenJob): Promise<Report> {
    const { value: batch, problem, campaign } = read;
    if (batch === null) return this.quarantinedReport(job, campaign, null, problem);
    const { work } = batch;
    const refusal = this.refusalOf(job, batch);
    if (refusal !== null) return this.quarantinedReport(job, campaign, work.kind, refusal);
    try {
      return await this.compute(batch);
    } catch (error) {
      if (!(error instanceof ExecutorFailure)) throw error;
      const { failure, message } = error;
      const isItsOwnFault = failure === 'refused' || failure === 'broken';
      const reason = `${failure}: ${message}`;
      if (!isItsOwnFault && job.returns + 1 < LOSSES_MAX) throw new Returned(reason);
      return this.quarantinedReport(job, campaign, work.kind, reason);
    }
  }

  /** Why it is not computed here; null if it is. */
  private refusalOf(job: TakenJob, batch: Batch): string | null {
    const { id, build, work } = batch;
    if (id !== job.id) return `its job has another id than batch ${id}`;
    if (build !== this.parts.build) return `it was planned by another build: ${build}`;
    if (job.starts > STARTS_MAX) return startedTooOften(job);
    const pinned = new Set(batch.models.map(({ reference }) => reference));
    for (const reference of modelsOf(work)) {
      if (!pinned.has(reference)) return `it does not say which model ${reference} is`;
    }
    for (const pin of batch.models) {
      const problem = this.modelProblem(pin);
      if (problem !== null) return problem;
    }
    return null;
  }

  private modelProblem(pin: ModelPin): string | null {
    const { reference, digest, json } = pin;
    try {
      const key = `${reference} ${json ?? ''}`;
      const here = this.digests.get(key) ?? digestOf(pin);
      if (here === null) return `model ${reference} has a shorter name, or that of a built-in one`;
      if (this.digests.size >= DIGESTS_MAX) this.digests.clear();
      this.digests.set(key, here);
      return here === digest
        ? null
        : `model ${reference} differs here: ${digest} there, ${here} here`;
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }

  private async compute(batch: Batch): Promise<Report> {
    const { work } = batch;
    const lists = work.kind === 'fuzz' ? await this.listsOf(work) : {};
    return reportOn(batch, await this.parts.pool.execute(work, wishOf(batch, lists)));
  }

  private async listsOf({ featuresDigest, settledDigest }: FuzzBatch): Promise<NamedLists> {
    const { featureLists, settledLists } = this.parts;
    return {
      features: await featureLists.get(featuresDigest),
      settled: await settledLists.get(settledDigest),
    };
  }

  /** @param work null where it cannot be read */
  private quarantinedReport(
    job: TakenJob,
    campaign: string,
    work: Kind | null,
    reason: string,
  ): Report {
    return {
      version: BATCH_VERSION,
      id: reportId(job.id),
      build: this.parts.build,
      campaign,
      executor: NO_EXECUTOR,
      milliseconds: 0,
      result: { kind: 'quarantined', work, reason: reasonText(reason), starts: job.starts },
    };
  }

  /** Onto the disk; returns how to send it. */
  private async keep(report: Report, kind: KindOfJob): Promise<() => Promise<void>> {
    const { outbox, troubles, saw } = this.parts;
    const { id, result } = report;
    if (result.kind === 'fuzz' && result.witnesses.length > 0) {
      const signatures = result.witnesses.map(({ signature }) => signature);
      saw(id, signatures);
    }
    const send = await outbox.keep(id, reportText(report));
    this.count(kind, result.kind === 'quarantined' ? 'quarantined' : 'ok');
    if (result.kind === 'quarantined') {
      const { reason } = result;
      troubles.tell(`quarantined ${kind} batch ${id}: ${reason}`, reason.split(':')[0]);
    }
    return send;
  }

  private count(kind: KindOfJob, result: 'ok' | 'quarantined' | 'failed'): void {
    this.parts.metrics.inc('worker_batches_total', { kind, result });
  }
}

/** The campaign also of what is no batch: its coordinator may be waiting for it nevertheless. */
type Read = Checked<Batch> & { readonly campaign: string };

function readBatch(text: string): Read {
  if (Buffer.byteLength(text) > BATCH_BYTES_MAX) {
    return notBatch(`it is larger than ${BATCH_BYTES_MAX} bytes`, NO_CAMPAIGN);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return notBatch('it is not JSON', NO_CAMPAIGN);
  }
  const campaign = campaignOf(value);
  const decoded = decodeBatch(value);
  return decoded.value === null ? notBatch(decoded.problem, campaign) : { ...decoded, campaign };
}

function notBatch(problem: string, campaign: string): Read {
  return { value: null, problem: `not a batch: ${problem}`, campaign };
}

function campaignOf(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null && 'campaign' in value;
  return isObject && isWord(value.campaign) ? value.campaign : NO_CAMPAIGN;
}

function startedTooOften({ starts, lastFailure }: TakenJob): string {
  const last = lastFailure === null ? '' : `; ${lastFailure}`;
  return `started ${starts - 1} times without an answer${last}`;
}

function modelsOf(work: Work): readonly string[] {
  switch (work.kind) {
    case 'compare':
      return work.models;
    case 'canary':
      return [work.batch.model];
    default:
      return [work.model];
  }
}

/**
 * Null if the reference is not the canonical one: one model has one name. A built-in one is what it is here and
 * travels without its text.
 */
function digestOf(pin: ModelPin): string | null {
  const { reference, json } = pin;
  const [name = ''] = reference.split(':');
  if (json !== undefined && MODEL_NAMES.includes(name)) return null;
  const model = pinnedModel(pin);
  return canonicalReference(model) === reference ? modelDigest(model) : null;
}
