/** A real Prometheus for one test: own folder, own port, one scrape a second, gone afterwards. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DebianProgram } from '../support/debian.ts';
import { PATIENCE_MS, until } from '../support/patience.ts';

/** Between two scrapes nothing new can be asked. */
export const SCRAPE_MS = 1000;

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** Value of an expression now. @throws Error with what Prometheus says about the expression */
  query(expr: string): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

/** @param scrapeConfigs as in `prometheus.yml`, of which JSON is a subset */
export async function startPrometheus(
  program: DebianProgram,
  scrapeConfigs: readonly object[],
): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-'));
  const config = path.join(folder, 'prometheus.yml');
  const global = { scrape_interval: `${SCRAPE_MS}ms`, scrape_timeout: `${SCRAPE_MS}ms` };
  writeFileSync(config, JSON.stringify({ global, scrape_configs: scrapeConfigs }));
  const child = spawn(
    program.path,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { env: program.env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await once(child, 'spawn');
    const url = `http://${await listeningAddress(child)}`;
    await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok);
    return { query: (expr) => queryAt(url, expr), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Until each of so many targets was scraped so often: rates need two samples. Takes 6 s, 5 of them until discovery. */
export async function untilScraped(
  prometheus: Prometheus,
  targets: number,
  times: number,
): Promise<void> {
  const isScraped = async (): Promise<boolean> => {
    const counts = await prometheus.query('count_over_time(faultline_build_info[5m])');
    return counts.length >= targets && counts.every(({ value }) => value >= times);
  };
  await until(`${targets} targets are scraped ${times} times`, isScraped, { askedMs: SCRAPE_MS });
}

/** Prometheus chooses the port and writes it to its log. */
async function listeningAddress(child: ChildProcess): Promise<string> {
  assert.ok(child.stderr !== null);
  let log = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    log += String(chunk);
    const address = /msg="Listening on" address=(?<address>[\d.:]+)/.exec(log)?.groups?.address;
    if (address === undefined) continue;
    child.stderr.resume();
    return address;
  }
  throw new Error(`Prometheus ended before it listened:\n${log}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const hasExited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await hasExited;
  clearTimeout(killer);
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

async function queryAt(url: string, expr: string): Promise<readonly Series[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { status, error, data } = (await response.json()) as QueryAnswer;
  if (status !== 'success' || data?.resultType !== 'vector') {
    throw new Error(`${expr}: ${error ?? data?.resultType ?? response.status}`);
  }
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
