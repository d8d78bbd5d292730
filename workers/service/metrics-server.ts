/** What a worker tells those who ask over HTTP, on this machine only: its metrics, and how it is. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';

const HOST = '127.0.0.1';

export interface MetricsServerParts {
  /** For Prometheus, as of now. */
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
  /** Whether it takes batches. */
  readonly isReady: () => boolean;
}

export interface MetricsServer {
  /** Such as `127.0.0.1:40123`. */
  readonly address: string;
  close(): void;
}

/**
 * @param port 0 takes any that is free
 * @throws Refusal ENVIRONMENT if the port is taken
 */
export async function serveMetrics(
  port: number,
  parts: MetricsServerParts,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
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
  await listening(server, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `${HOST}:${taken}`,
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
  ['/readyz', async ({ isReady }) => (isReady() ? plain(200, 'ready') : plain(503, 'not ready'))],
]);

async function metricsAnswer({ metrics, metricsType }: MetricsServerParts): Promise<Answer> {
  return { status: 200, type: metricsType, text: await metrics() };
}

function plain(status: number, word: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', text: `${word}\n` };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = isSystemError(error) ? whyOf(error) : error.message;
      reject(
        fail('ENVIRONMENT', {
          what: `cannot serve metrics on ${HOST}:${port}: ${why}`,
          remedy: 'name another port with --metrics-port; 0 takes any that is free',
        }),
      );
    });
    server.listen(port, HOST, resolve);
  });
}
