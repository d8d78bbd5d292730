/** A server that says whatever a test wants it to say, and what is said of its answers. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net';
import type { TestContext } from 'node:test';
import type { FindingRecord } from '../../corpus/vocabulary/finding.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import { shownFinding } from '../../daemon/http/listing.ts';
import { MemoryShowing } from '../http/showing.ts';
import { Shelf } from './shelf.ts';

export type Answerer = (response: ServerResponse, request: IncomingMessage) => void;
type Fields = Readonly<Record<string, unknown>>;

/** What is answered to each kind of question; the rest is answered as a coordinator does. */
export interface Answers {
  readonly campaign?: Answerer;
  readonly list?: Answerer;
  readonly finding?: Answerer;
}

export interface Hostile {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

const LIST = '/api/v1/findings?';
const CAMPAIGN = '/api/v1/campaign';

export async function hostile(t: Pick<TestContext, 'after'>, answers: Answers): Promise<Hostile> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { url = '' } = request;
    asked.push(url);
    if (url === CAMPAIGN) (answers.campaign ?? campaign)(response, request);
    else if (url.startsWith(LIST)) (answers.list ?? listOf(shelf()))(response, request);
    else (answers.finding ?? findingOf(shelf()))(response, request);
  });
  return { url: await listen(t, server), asked };
}

/** Ends with the test, and so does everybody who is connected. */
export async function listen(
  t: Pick<TestContext, 'after'>,
  server: Server | TcpServer,
): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  // A server that listens on a port has an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function json(value: unknown): Answerer {
  return (response) => void response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

const campaign = json(new MemoryShowing().status());

/** Rows as a coordinator shows them, changed. */
export function rowsOf(shelf: Shelf, change: (row: Fields) => unknown = (row) => row): unknown[] {
  return shelf.published().map((one) => change({ ...shownFinding(one) }));
}

export function listOf(shelf: Shelf, change?: (row: Fields) => unknown): Answerer {
  return (response, { url = '' }) => {
    const since = Number(new URL(url, 'http://x').searchParams.get('since'));
    const findings = since === 0 ? rowsOf(shelf, change) : [];
    json({ findings, next: null, revision: shelf.published().length })(response, {} as never);
  };
}

/** The record that was asked for, changed. */
export function findingOf(shelf: Shelf, change: (answer: Fields) => unknown = (a) => a): Answerer {
  return (response, { url = '' }) => {
    const id = url.split('/').at(-1) ?? '';
    const row = shelf.published().find(({ finding }) => finding.id === id);
    const record = shelf.record(id);
    if (row === undefined || record === undefined) {
      response.writeHead(404).end();
      return;
    }
    json(change({ ...shownFinding(row), record: JSON.parse(JSON.stringify(record)) as Json }))(
      response,
      {} as never,
    );
  };
}

export function shelf(...records: readonly FindingRecord[]): Shelf {
  const made = new Shelf();
  if (records.length === 0) made.fill(3);
  for (const record of records) made.put(record);
  return made;
}
