/** `faultline up` on a folder of its own, as somebody would start it, with ways to see and to kill its parts. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { CampaignStatus } from '../../daemon/campaign/views.ts';
import { homeBelow, pidIn } from '../../daemon/redis/redis-home.ts';
import { temporaryFolder } from '../store/sample.ts';
import { debianProgram } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { PATIENCE_MS, patiently, until } from '../support/patience.ts';

const MAIN = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');
const ASKED_MS = 25;

/** `exit`: its code, or null after a signal. */
interface UpEnded {
  readonly exit: number | null;
}

export class Up {
  readonly dataDir: string;
  private readonly closed: Promise<UpEnded>;
  private readonly child: ChildProcess;
  private text = '';
  private isOver = false;

  private constructor(dataDir: string, child: ChildProcess) {
    this.dataDir = dataDir;
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    this.closed = new Promise((resolve) => {
      child.on('close', (exit) => {
        this.isOver = true;
        resolve({ exit });
      });
    });
  }

  /** Whatever is left of it when the test ends is killed. */
  static async start(
    t: TestContext,
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
    dataDir: string = temporaryFolder(t),
  ): Promise<Up> {
    const redis = await debianProgram('redis-server');
    assert.ok('path' in redis, 'a test that needs Redis asks for skipReason first');
    const { FAULTLINE_REDIS_URL: _, ...env } = process.env;
    const folder = path.dirname(redis.path);
    const child = spawn(
      process.execPath,
      [MAIN, 'up', '--port', '0', '--data-dir', dataDir, ...args],
      {
        env: { ...env, ...redis.env, PATH: `${folder}:${env.PATH}`, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const up = new Up(dataDir, child);
    t.after(async () => {
      for (const pid of up.processes()) kill(pid);
      await up.ended();
      // What its end has orphaned.
      for (const pid of up.processes()) kill(pid);
    });
    return up;
  }

  /** Waits for its end. @throws Error with its logs where it does not come */
  ended(): Promise<UpEnded> {
    return patiently('the end of `up`', this.closed, () => this.logs());
  }

  get hasEnded(): boolean {
    return this.isOver;
  }

  get said(): string {
    return this.text;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Of everything that names the data directory: the program itself, coordinator, worker, Redis. */
  processes(): readonly number[] {
    return pids().filter((pid) => pid !== process.pid && commandOf(pid).includes(this.dataDir));
  }

  pidOf(part: 'daemon' | 'worker' | 'redis'): number | undefined {
    if (part === 'redis') return pidIn(homeBelow(this.dataDir)) ?? undefined;
    return this.processes().find((pid) => commandOf(pid).includes(` ${part} `));
  }

  /** Where the coordinator serves; undefined while there is none. */
  url(): string | undefined {
    const file = path.join(this.dataDir, 'daemon.json');
    if (!existsSync(file)) return undefined;
    return (JSON.parse(readFileSync(file, 'utf8')) as { url: string }).url;
  }

  /** Undefined while there is no answer. */
  async get(route: string): Promise<Response | undefined> {
    const url = this.url();
    if (url === undefined) return undefined;
    return await fetch(`${url}${route}`, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
      () => undefined,
    );
  }

  async status(): Promise<CampaignStatus | undefined> {
    const answer = await this.get('/api/v1/campaign');
    return answer?.ok === true ? ((await answer.json()) as CampaignStatus) : undefined;
  }

  async control(verb: string): Promise<void> {
    const token = readFileSync(path.join(this.dataDir, 'token'), 'utf8').trim();
    const answer = await fetch(`${this.url()}/api/v1/campaign/${verb}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 202, await answer.text());
  }

  async until(
    what: string,
    isSo: () => Promise<boolean>,
    askedMs: number = ASKED_MS,
  ): Promise<void> {
    const isSoOrOver = async (): Promise<boolean> => (await isSo()) || this.isOver;
    await until(what, isSoOrOver, { said: () => this.logs(), askedMs });
    assert.ok(!this.isOver || (await isSo()), `ended before: ${what}\n${this.text}`);
  }

  logs(): string {
    const folder = path.join(this.dataDir, 'log');
    if (!existsSync(folder)) return this.text;
    const tails = readdirSync(folder).map((name) => {
      const lines = readFileSync(path.join(folder, name), 'utf8').split('\n');
      const shown = lines.filter((line) => !line.includes('"level":20')).slice(-15);
      return `--- ${name}\n${shown.join('\n')}`;
    });
    return [this.text, ...tails].join('\n');
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

function pids(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function commandOf(pid: number): string {
  try {
    const folder = `/proc/${pid}`;
    const command = readFileSync(`${folder}/cmdline`, 'utf8').replaceAll('\0', ' ');
    // Redis rewrites its command line, and keeps its folder.
    return `${command} ${command.includes('redis') ? readFileSync(`${folder}/environ`, 'utf8') : ''}`;
  } catch {
    return '';
  }
}
