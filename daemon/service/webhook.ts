/**
 * Tells another server of each new finding: one POST of a small JSON. That server may be slow, away or hostile, and the
 * coordinator never waits for it: what cannot be told within a few tries is counted and left. The address may hold a
 * secret, so only its host is ever said.
 */
import { request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { whyOf } from '../../corpus/disk/atomic.ts';
import { type StoredFinding, shownId } from '../../corpus/vocabulary/finding.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

/** What is told of a finding. */
export interface News {
  readonly id: string;
  readonly title: string;
  /** Of the catalogue; null where none describes it. */
  readonly row: string | null;
  readonly model: string;
  readonly class: string;
  readonly standing: string;
  /** Of its page. */
  readonly url: string;
}

export function newsOf(finding: StoredFinding, origin: string): News {
  const { id, title, known: row, model, standing } = finding;
  const url = `${origin}/findings/${shownId(id)}`;
  return { id, title, row, model, class: finding.class, standing, url };
}

export interface WebhookBounds {
  /** Milliseconds that one try may take, from the look-up of the name to the answer's head. */
  readonly tryMs: number;
  /** Between tries; one more than these there are. */
  readonly pausesMs: readonly number[];
  /** Findings that wait to be told, at first or again. */
  readonly waitingMax: number;
}

const WEBHOOK_BOUNDS: WebhookBounds = {
  tryMs: 10_000,
  pausesMs: [1000, 5000, 25_000, 125_000],
  waitingMax: 1000,
};

const HEADER_BYTES_MAX = 16 << 10;
/** A status that may be another one soon. */
const PASSING: readonly number[] = [408, 425, 429];

interface WebhookParts {
  readonly url: URL;
  readonly version: string;
  /** One line for people. */
  readonly said: (text: string) => void;
  /** Of one finding it was not told. */
  readonly failed: () => void;
}

/** Why a try failed, and whether another may do better. */
interface Failure {
  readonly why: string;
  readonly isPassing: boolean;
}

export class Webhook {
  private readonly parts: WebhookParts;
  private readonly bounds: WebhookBounds;
  private readonly closing = new AbortController();
  private waiting = 0;
  /** One request at a time. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(parts: WebhookParts, bounds: WebhookBounds = WEBHOOK_BOUNDS) {
    this.parts = parts;
    this.bounds = bounds;
  }

  /** Returns at once. */
  send(news: News): void {
    if (this.closing.signal.aborted) return;
    if (this.waiting >= this.bounds.waitingMax) {
      this.giveUp(news, `${this.waiting} others wait already`);
      return;
    }
    this.waiting += 1;
    void this.tell(news).then((failure) => {
      this.waiting -= 1;
      if (failure !== null) this.giveUp(news, failure.why);
    });
  }

  /** What waits is not told: its finding is on the disk. */
  close(): void {
    this.closing.abort();
  }

  /** While one waits for its next try, others have theirs. @returns the last failure; null once it was told */
  private async tell(news: News): Promise<Failure | null> {
    const { signal } = this.closing;
    for (const pauseMs of this.bounds.pausesMs) {
      const failure = await this.tryInTurn(news);
      if (failure === null || !failure.isPassing || signal.aborted) return failure;
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
    return await this.tryInTurn(news);
  }

  private tryInTurn(news: News): Promise<Failure | null> {
    const tried = this.turn.then(() => this.try(news));
    this.turn = tried;
    return tried;
  }

  private giveUp({ id }: News, why: string): void {
    const { url, said, failed } = this.parts;
    said(`the webhook at ${url.host} was not told of finding ${shownId(id)}: ${why}`);
    failed();
  }

  /** Never rejects. Of the answer nothing but its status is read. */
  private try(news: News): Promise<Failure | null> {
    const { url, version } = this.parts;
    if (this.closing.signal.aborted) {
      return Promise.resolve({ why: this.abortedWhy(), isPassing: false });
    }
    const body = JSON.stringify(news);
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(this.bounds.tryMs)]);
    const options: RequestOptions & { rejectUnauthorized: boolean } = {
      method: 'POST',
      agent: false,
      signal,
      maxHeaderSize: HEADER_BYTES_MAX,
      // Whatever the environment says, a certificate must be right.
      rejectUnauthorized: true,
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': `faultline/${version}`,
      },
    };
    return new Promise((resolve) => {
      const request = (url.protocol === 'https:' ? tlsRequest : plainRequest)(url, options);
      request.on('response', ({ statusCode = 0 }) => {
        resolve(failureOf(statusCode));
        request.destroy();
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const why = signal.aborted ? this.abortedWhy() : (whyIn(error) ?? 'no HTTP');
        resolve({ why, isPassing: true });
      });
      // An upgrade, or what else ends without an answer.
      request.on('close', () => resolve({ why: 'it ended the connection', isPassing: true }));
      request.end(body);
    });
  }

  private abortedWhy(): string {
    if (this.closing.signal.aborted) return 'the coordinator ends';
    return `no answer within ${this.bounds.tryMs / 1000} s`;
  }
}

function failureOf(status: number): Failure | null {
  if (status >= 200 && status < 300) return null;
  const isPassing = status >= 500 || PASSING.includes(status);
  const isElsewhere = status >= 300 && status < 400;
  return {
    why: isElsewhere ? `it answers ${status}, and no redirect is followed` : `it answers ${status}`,
    isPassing,
  };
}

function whyIn(error: NodeJS.ErrnoException): string | undefined {
  if (error.errno !== undefined) return whyOf(error);
  return error.code === undefined ? undefined : printable(error.code);
}
