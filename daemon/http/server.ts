/**
 * What a coordinator shows of itself over HTTP: health, metrics, findings, the campaign, and pages to read.
 * Whoever reaches it may read; writing needs the token. It listens beyond the loopback only where it has a token
 * to ask for, and TLS or the word that the network is trusted. It outlives whatever it is sent.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { readNamed, readSecret } from '../../corpus/disk/read-bounded.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { type Clock, SYSTEM_CLOCK } from '../log/clock.ts';
import { makeApp, problemOf } from './app.ts';
import {
  bindProblem,
  listenRefusal,
  namesOf,
  tokenProblem,
  urlOf,
  withoutBrackets,
} from './bind.ts';
import { BOUNDS, type Bounds } from './bounds.ts';
import { Connections } from './connections.ts';
import { EventStreams } from './events.ts';
import { requestProblem, type Site } from './gate.ts';
import { readGuides } from './guides.ts';
import { COMMON_HEADERS, Problem } from './problem.ts';
import { RateLimit } from './rate-limit.ts';
import { readScripts } from './scripts.ts';
import type { Showing } from './showing.ts';
import { Token } from './token.ts';

export interface ServerOptions {
  readonly showing: Showing;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** The secret text that writes must carry; with the empty one nobody writes. */
  readonly token: string;
  /** Names of PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly isInsecureAllowed: boolean;
  readonly version: string;
  /** Further values of `Host` that mean this server, such as a proxy's; without a port they have ours. */
  readonly hosts?: readonly string[];
  /** Where the scripts of the page lie; without it none are served. */
  readonly scriptsFolder?: string;
  /** Where the guides lie; without it there are none. */
  readonly guidesFolder?: string;
  readonly clock?: Clock;
  /** Told of errors that are no answer, each a bug of ours; the server goes on. */
  readonly onFault?: (error: unknown) => void;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Ends streams at once and answers under way after a second; calling it again waits for the same end. */
  close(): Promise<void>;
}

/** @throws Refusal USAGE for a bind that would be open to others, ENVIRONMENT where it cannot listen */
export async function startServer(
  options: ServerOptions,
  bounds: Bounds = BOUNDS,
): Promise<RunningServer> {
  const {
    showing,
    tls,
    version,
    hosts = [],
    clock = SYSTEM_CLOCK,
    onFault = console.error,
  } = options;
  checkBinding(options);
  const host = withoutBrackets(options.host);
  const server = makeServer(tls, bounds);
  const port = await listen(server, host, options.port);
  server.on('error', onFault);

  const streams = new EventStreams(showing, bounds.streams, bounds.keepAliveMs);
  const token = new Token(options.token);
  const bodyBytesMax = bounds.bodyBytes;
  const scripts = readScripts(options.scriptsFolder ?? null);
  const guides = readGuides(options.guidesFolder ?? null);
  const app = makeApp({ showing, streams, token, version, bodyBytesMax, scripts, guides }, onFault);
  const connections = new Connections(server, bounds.connections);
  const isTls = tls !== null;
  const site: Site = { isTls, port, names: namesOf(host, port, isTls, hosts), bodyBytesMax };
  answerRequests(server, app.fetch, { connections, site, bounds, clock, onFault });
  answerGarbage(server, connections);

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    streams.close();
    closed ??= end(server, connections, bounds.closeMs);
    return closed;
  };
  return { url: urlOf(host, port, isTls), port, close };
}

function checkBinding({ host, token, tls, isInsecureAllowed }: ServerOptions): void {
  const binding = { host, hasToken: token !== '', hasTls: tls !== null, isInsecureAllowed };
  const what = tokenProblem(token) ?? bindProblem(binding);
  if (what !== null) throw fail('USAGE', { what });
}

function makeServer(tls: ServerOptions['tls'], bounds: Bounds): Server {
  const options = {
    maxHeaderSize: bounds.headerBytes,
    headersTimeout: bounds.headerMs,
    requestTimeout: 2 * bounds.headerMs,
    // How often the two above are looked at: late by a tenth at most.
    connectionsCheckingInterval: bounds.headerMs / 10,
    // The gate says it, with our headers.
    requireHostHeader: false,
  };
  const server =
    tls === null ? createServer(options) : makeTlsServer(tls, options, bounds.headerMs);
  server.timeout = bounds.idleMs;
  return server;
}

function makeTlsServer(
  { certFile, keyFile }: NonNullable<ServerOptions['tls']>,
  options: object,
  handshakeTimeout: number,
): Server {
  const [cert, key] = [readNamed(certFile), readSecret(keyFile)];
  try {
    return createTlsServer({ ...options, handshakeTimeout, cert, key });
  } catch {
    const why = `it is not a certificate in PEM, or ${keyFile} is not its key`;
    throw fail('FILE_UNREADABLE', { file: certFile, why });
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(listenRefusal(error, host, port));
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port;
}

interface Desk {
  readonly connections: Connections;
  readonly site: Site;
  readonly bounds: Bounds;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

type Fetch = Parameters<typeof getRequestListener>[0];

function answerRequests(server: Server, fetch: Fetch, desk: Desk): void {
  const { connections, site, bounds, clock, onFault } = desk;
  const limit = new RateLimit(bounds.requestsPerSecond);
  const answer = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      if (error instanceof RequestError) return new Problem(400, 'this is not a URL').response();
      return problemOf(error, onFault).response();
    },
  });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    connections.begin(incoming.socket, outgoing);
    // Only ever that the client is gone.
    outgoing.on('error', () => outgoing.destroy());
    for (const [name, value] of Object.entries(COMMON_HEADERS)) outgoing.setHeader(name, value);
    const address = incoming.socket.remoteAddress ?? '';
    const problem =
      rateProblem(limit.ask(address, clock.monotonicMs())) ?? requestProblem(incoming, site);
    if (problem === undefined) answer(incoming, outgoing).catch(onFault);
    else problem.send(outgoing);
  });
}

function rateProblem(waitSeconds: number): Problem | undefined {
  if (waitSeconds === 0) return undefined;
  const headers = { 'Retry-After': String(Math.ceil(waitSeconds)) };
  return new Problem(429, 'too many requests from this address', { headers });
}

/** What is no HTTP, too much of it, or too slow. */
function answerGarbage(server: Server, connections: Connections): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // In the middle of an answer another one cannot be understood.
    if (!socket.writable || error.code === 'ECONNRESET' || connections.isAnswering(socket)) {
      socket.destroy();
      return;
    }
    socket.end(garbageProblem(error.code).text(), () => socket.destroy());
  });
}

function garbageProblem(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem(431, 'the request line and headers are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem(408, 'the request did not arrive in time');
    default:
      return new Problem(400, 'this is not HTTP');
  }
}

async function end(server: Server, connections: Connections, closeMs: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  connections.endIdle();
  const timer = setTimeout(() => connections.endAll(), closeMs);
  await closed;
  clearTimeout(timer);
}
