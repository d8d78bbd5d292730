/**
 * Asking a coordinator that may be anybody: every answer is bounded in bytes and in time, and nothing it
 * says leads anywhere else. Redirects are not followed, proxies of the environment are not asked, and what is
 * compressed is refused, for it could grow without end.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import { isJsonObject, readJson } from '../../corpus/vocabulary/json.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { unreachable } from './api-address.ts';

export interface ClientBounds {
  /** Bytes of one answer's body. */
  readonly answerBytes: number;
  /** Bytes of all bodies; without a bound where somebody only looks now and then, but for days. */
  readonly allBytes: number;
  /** Milliseconds until an answer must be there whole, waiting for the server's leave included. */
  readonly answerMs: number;
  /** Milliseconds in which something of it must arrive. */
  readonly idleMs: number;
  /** Milliseconds in which `dripBytes` of it must arrive once it has begun, or its end. */
  readonly dripMs: number;
  readonly dripBytes: number;
}

export const CLIENT_BOUNDS: ClientBounds = {
  // A repro has at most 1 MiB, and as JSON a backslash before each quote.
  answerBytes: 2 << 20,
  allBytes: Number.POSITIVE_INFINITY,
  answerMs: 30_000,
  idleMs: 10_000,
  dripMs: 5000,
  // A modem's line brings as much in two seconds.
  dripBytes: 4096,
};
/** Ten thousand findings of 100 KB, each of which is more than any yet. */
export const PULL_BOUNDS: ClientBounds = { ...CLIENT_BOUNDS, allBytes: 1 << 30 };

export interface Answer {
  readonly status: number;
  readonly etag: string | null;
  /** Empty if it is damaged. */
  readonly text: string;
  /** Whether it is not what was sent: no UTF-8, or not of the digest that it came with. */
  readonly isDamaged: boolean;
}

/** How often a window of `dripMs` is looked at. */
const DRIP_LOOKS = 10;

interface Asking {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: string | undefined;
}

const HEADER_BYTES_MAX = 16 << 10;
const TOO_MANY_REQUESTS = 429;
export const NOT_MODIFIED = 304;
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID';
/** What Node calls everything else that is wrong with one. */
const CERTIFICATE = /CERT|UNABLE_TO_(?:GET|VERIFY)/;
/** Shown of what the server says is wrong. */
const DETAIL_SHOWN = 160;
/** RFC 9530. */
const CONTENT_DIGEST = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/;
/** A tag of ours has some 44 characters; it is sent back as it came, so it must fit a header. */
const ETAG = /^(?:W\/)?"[!#-~]{0,128}"$/;

export class ApiClient {
  readonly origin: string;
  private readonly bounds: ClientBounds;
  private readonly send: typeof plainRequest;
  private readonly agent: PlainAgent;
  private readonly closing = new AbortController();
  private bytes = 0;

  constructor(address: URL, bounds: ClientBounds = CLIENT_BOUNDS) {
    const isTls = address.protocol === 'https:';
    const options = { keepAlive: true, maxSockets: 1 };
    this.origin = address.origin;
    this.bounds = bounds;
    this.send = isTls ? tlsRequest : plainRequest;
    // Whatever the environment says, a certificate must be right.
    this.agent = isTls
      ? new TlsAgent({ ...options, rejectUnauthorized: true })
      : new PlainAgent(options);
  }

  get isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  /** What is under way is given up. */
  close(): void {
    this.closing.abort();
    this.agent.destroy();
  }

  /**
   * @param path one of ours, never one that the server named
   * @param etag of what is here already
   * @throws Refusal ENVIRONMENT if no coordinator answers, or not as a coordinator does
   */
  async get(path: string, etag: string | null = null): Promise<Answer> {
    const endMs = performance.now() + this.bounds.answerMs;
    for (;;) {
      const { waitMs, ...answer } = await this.ask(path, {
        method: 'GET',
        headers: etag === null ? {} : { 'If-None-Match': etag },
      });
      if (answer.status !== TOO_MANY_REQUESTS) return answer;
      if (performance.now() + waitMs > endMs) throw this.breach('it lets us ask too seldom');
      await wait(waitMs, null, { signal: this.closing.signal }).catch(() => {});
    }
  }

  /** The answer to be had now, or nothing: for what must be there. */
  async getText(path: string): Promise<string> {
    const answer = await this.get(path);
    if (answer.status === 200 && !answer.isDamaged) return answer.text;
    throw this.breach(statusText(path, answer));
  }

  /** It answered, but not as a coordinator does. */
  breach(why: string): Refusal {
    const remedy = 'is this the address of a coordinator?';
    return fail('ENVIRONMENT', { what: `${this.origin}: ${why}`, remedy });
  }

  /**
   * Asks once for what is in the path; a refusal is an answer, with its reason.
   * @param json what there is to say beside it
   * @throws Refusal ENVIRONMENT if no coordinator answers
   */
  async post(path: string, token: string, json?: string): Promise<Answer> {
    const { waitMs: _, ...answer } = await this.ask(path, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      json,
    });
    return answer;
  }

  private ask(
    path: string,
    { method, headers, json }: Asking,
  ): Promise<Answer & { waitMs: number }> {
    const { answerMs, idleMs } = this.bounds;
    return new Promise((resolve, reject) => {
      const request = this.send(new URL(path, this.origin), {
        method,
        agent: this.agent,
        signal: this.closing.signal,
        timeout: idleMs,
        maxHeaderSize: HEADER_BYTES_MAX,
        headers: {
          Accept: 'application/json',
          'Accept-Encoding': 'identity',
          ...headers,
        },
      });
      const stop = (error: Refusal): void => {
        reject(error);
        request.destroy();
      };
      const timer = setTimeout(
        () => stop(this.breach(`no whole answer within ${answerMs / 1000} s`)),
        answerMs,
      );
      const release = this.expectFlow(request, stop);
      request.on('close', () => {
        clearTimeout(timer);
        release();
        // Whatever else it was that ended it: nobody waits for ever.
        reject(this.breach('it ended the connection'));
      });
      this.guard(request, stop);
      request.on('response', (response) => {
        const parts: Buffer[] = [];
        this.collect(response, parts, stop);
        response.on('end', () => {
          if (response.complete) resolve(answerOf(response, Buffer.concat(parts)));
          else stop(this.breach('an answer is cut short'));
        });
      });
      request.end(json);
    });
  }

  private guard(request: ClientRequest, stop: (error: Refusal) => void): void {
    const { idleMs } = this.bounds;
    request.on('timeout', () => stop(this.breach(`nothing came for ${idleMs / 1000} s`)));
    // Nobody asked for these, and a server can send them for ever.
    request.on('information', () => stop(this.breach('it sends answers that are none')));
    request.on('error', (error) => stop(this.refusalOf(error)));
  }

  /**
   * Who sends a byte now and then is never silent, so what comes is counted, head and body.
   * @returns ends it
   */
  private expectFlow(request: ClientRequest, stop: (error: Refusal) => void): () => void {
    const { dripMs, dripBytes } = this.bounds;
    // Of all answers of a connection.
    let from = Number.POSITIVE_INFINITY;
    let fromMs: number | undefined;
    const look = (): void => {
      const bytes = request.socket?.bytesRead ?? 0;
      const nowMs = performance.now();
      if (bytes <= from && fromMs === undefined) return;
      fromMs ??= nowMs;
      if (nowMs - fromMs < dripMs) return;
      if (bytes - from < dripBytes) {
        stop(this.breach(`less than ${dripBytes} bytes of an answer in ${dripMs / 1000} s`));
      }
      [from, fromMs] = [bytes, nowMs];
    };
    // After a stall of this process: what has come meanwhile is read first.
    const timer = setInterval(() => setImmediate(look), dripMs / DRIP_LOOKS);
    request.on('socket', ({ bytesRead }) => {
      from = bytesRead;
    });
    return () => clearInterval(timer);
  }

  private collect(
    response: IncomingMessage,
    parts: Buffer[],
    stop: (error: Refusal) => void,
  ): void {
    const { answerBytes, allBytes } = this.bounds;
    const problem = headProblem(response, answerBytes);
    if (problem !== null) {
      stop(this.breach(problem));
      return;
    }
    let size = 0;
    response.on('error', (error) => stop(this.refusalOf(error)));
    response.on('data', (part: Buffer) => {
      size += part.length;
      this.bytes += part.length;
      if (size > answerBytes) stop(this.breach(`an answer is longer than ${answerBytes} bytes`));
      else if (this.bytes > allBytes) stop(this.breach(`more than ${allBytes} bytes in all`));
      else parts.push(part);
    });
  }

  private refusalOf(error: Error): Refusal {
    const code = 'code' in error ? String(error.code) : '';
    // It was there, and then the connection ended or was no HTTP.
    if (code === 'ECONNRESET') return this.breach('it ended the connection');
    if (code.startsWith('HPE_')) return this.breach(`what it says is no HTTP (${code})`);
    if (code === OTHER_NAME) {
      const what = `the certificate of ${this.origin} is for other names: ${printable(error.message, DETAIL_SHOWN)}`;
      const remedy = 'reach it by a name that is in it, or have one made that has this one too';
      return fail('ENVIRONMENT', { what, remedy });
    }
    if (CERTIFICATE.test(code)) {
      const what = `the certificate of ${this.origin} is not trusted: ${printable(error.message, DETAIL_SHOWN)}`;
      const remedy = 'NODE_EXTRA_CA_CERTS=FILE names the authority (PEM) that made it';
      return fail('ENVIRONMENT', { what, remedy });
    }
    if (isSystemError(error)) return unreachable(this.origin, whyOf(error));
    // Several addresses that all refuse are one error with a code and no words.
    return unreachable(this.origin, printable(error.message || code, DETAIL_SHOWN));
  }
}

/** `/api/v1/fleet is answered with 421: this server is not called "x"`. */
export function statusText(path: string, { status, text, isDamaged }: Answer): string {
  if (isDamaged) return `the answer to ${path} was damaged on the way`;
  const value = readJson(text);
  const detail = isJsonObject(value) && typeof value.detail === 'string' ? value.detail : '';
  const words = detail === '' ? '' : `: ${printable(detail, DETAIL_SHOWN)}`;
  return `${path} is answered with ${status}${words}`;
}

function headProblem(
  { statusCode = 0, headers }: IncomingMessage,
  bytesMax: number,
): string | null {
  if (statusCode >= 300 && statusCode < 400 && statusCode !== NOT_MODIFIED) {
    return 'it sends us elsewhere, and we do not go';
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') return 'an answer is compressed, which is refused';
  const length = Number(headers['content-length'] ?? 0);
  return length > bytesMax ? `an answer is longer than ${bytesMax} bytes` : null;
}

function answerOf(
  { statusCode: status = 0, headers }: IncomingMessage,
  body: Buffer,
): Answer & { readonly waitMs: number } {
  const etag = headers.etag !== undefined && ETAG.test(headers.etag) ? headers.etag : null;
  const seconds = /^\d{1,5}$/.exec(headers['retry-after'] ?? '')?.[0] ?? '1';
  const waitMs = Math.max(1, Number(seconds)) * 1000;
  const text = textOf(body, String(headers['content-digest'] ?? ''));
  return { status, etag, waitMs, text: text ?? '', isDamaged: text === undefined };
}

/** @returns undefined for what is no UTF-8, or not of the digest */
function textOf(body: Buffer, contentDigest: string): string | undefined {
  const digest = CONTENT_DIGEST.exec(contentDigest)?.[1];
  const isOther =
    digest !== undefined && digest !== createHash('sha256').update(body).digest('base64');
  if (isOther || !isUtf8(body)) return undefined;
  return body.toString('utf8');
}
