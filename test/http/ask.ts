/** Clients for the tests: one that asks properly, with whatever headers, and one that only writes bytes. */
import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Sends the body without saying how long it is. */
  readonly isChunked?: boolean;
  /** Where from: all of 127/8 is this machine, each a client of its own. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks over a connection of its own. */
export async function ask(
  { port }: { readonly port: number },
  path: string,
  { method = 'GET', headers = {}, body, isChunked = false, from }: Asking = {},
): Promise<Answer> {
  const length = isChunked ? { 'Transfer-Encoding': 'chunked' } : {};
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: false,
    headers: { ...length, ...headers },
    ...(from === undefined ? {} : { localAddress: from }),
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const { statusCode = 0, headers } = incoming;
      text(incoming).then((body) => resolve({ status: statusCode, headers, body }), reject);
    });
  });
  outgoing.end(body);
  return answered;
}

export async function askJson<T>(
  server: { readonly port: number },
  path: string,
  asking: Asking = {},
): Promise<T> {
  const { status, body } = await ask(server, path, asking);
  assert.equal(status, 200, `${path}: ${body}`);
  return JSON.parse(body) as T;
}

/** The problem that the answer is. */
export function problemIn({ status, headers, body }: Answer): ProblemBody {
  assert.equal(headers['content-type'], 'application/problem+json', body);
  const problem = JSON.parse(body) as ProblemBody;
  assert.equal(problem.status, status);
  assert.ok(problem.type === 'about:blank' && problem.title !== '' && problem.detail !== '', body);
  return problem;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly candidates?: readonly string[];
}

/** A connection that says nothing yet, and takes its end as it comes. */
export async function openSocket(port: number, from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return socket;
}

export interface Exchange {
  readonly from?: string;
  readonly to?: string;
}

/** All that comes until the other side ends. */
export async function exchange(
  port: number,
  bytes: string | Buffer,
  { from = '127.0.0.1', to = '127.0.0.1' }: Exchange = {},
): Promise<string> {
  const socket = connect({ host: to, port, localAddress: from });
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  // A reset is an end too.
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.end(bytes);
  await ended;
  return Buffer.concat(parts).toString('latin1');
}
