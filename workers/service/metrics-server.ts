/** What a worker tells those who ask over HTTP: its metrics, and how it is. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';

/** Where it is served, and how others reach it. */
export interface MetricsPlace {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** In an address: a name of this machine where it listens on all of its addresses. */
  readonly name: string;
}

/** Prometheus and an orchestrator's probes: whoever else comes waits, and does not keep them away for long. */
const BOUNDS = { maxHeaderSize: 16 << 10, headersTimeout: 10_000, requestTimeout: 10_000 };
const CONNECTIONS_MAX = 64;

export interface MetricsServerParts {
  /** For Prometheus, as of now. */
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
  /** Why it takes no batches, or null. */
  readonly trouble: () => string | null;
}

export interface MetricsServer {
  /** Under its name, such as `127.0.0.1:40123`. */
  readonly address: string;
  close(): void;
}

/** @throws Refusal ENVIRONMENT if the port is taken, or the address is not of this machine */
export async function serveMetrics(
  { host, port, name }: MetricsPlace,
  parts: MetricsServerParts,
): Promise<MetricsServer> {
  const server = createServer(BOUNDS, (request, response) => {
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    const answer = isReading ? ANSWERS.get(request.url ?? '') : undefined;
    if (answer === undefined) {
      response.writeHead(404).end('try /metrics, /livez or /readyz\n');
      return;
    }
    void answer(parts).then(({ status, type, text }) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listening(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `${name}:${taken}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const ANSWERS: ReadonlyMap<string, (parts: MetricsServerParts) => Promise<Answer>> = new Map([
  ['/metrics', metricsAnswer],
  // Whoever can say so is alive, whatever became of Redis.
  ['/livez', async () => plain(200, 'alive')],
  ['/readyz', async ({ trouble }) => readyAnswer(trouble())],
]);

async function metricsAnswer({ metrics, metricsType }: MetricsServerParts): Promise<Answer> {
  return { status: 200, type: metricsType, text: await metrics() };
}

function readyAnswer(trouble: string | null): Answer {
  return trouble === null ? plain(200, 'ready') : plain(503, `not ready: ${trouble}`);
}

function plain(status: number, word: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', text: `${word}\n` };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = isSystemError(error) ? whyOf(error) : error.message;
      reject(
        fail('ENVIRONMENT', {
          what: `cannot serve metrics on ${host} port ${port}: ${why}`,
          remedy: 'name another place with --metrics HOST:PORT; port 0 takes any that is free',
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
