/**
 * Lines of `sh` blocks, each typed into a shell in the folder of its guide's reader, in their order. `faultline` and
 * `npx faultline` are the build that is tested; Redis and the coordinator have ports that are free.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianProgram } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { PATIENCE_MS, until } from '../support/patience.ts';
import { type Block, readersFolder } from './guides.ts';

/** After that a line gets a Ctrl-C, as from a reader who has seen enough. */
const LINE_MS = 30_000;
const SERVER = /^(?:(?:npx )?faultline (?:daemon|worker|up)\b|redis-server\b)/;
const FAULTLINE = /(?:^|[;&|] ?)(?:npx )?faultline /;
/** With nothing to judge it ends with 4, which is right. */
const MAY_FIND_NOTHING = /--rerun$/;
/** A fleet is on its way, and has to find something first. */
const NOT_YET: ReadonlySet<number | null> = new Set([2, 3, 4]);
const COMMENT = /(?:^|\s{2,}|\s(?=# ))#.*$/;

export function linesOf({ body }: Block): readonly string[] {
  return body
    .split('\n')
    .map((line) => line.replace(COMMENT, '').trim())
    .filter((line) => line !== '');
}

export interface Session {
  /** Typed before the first line: what the guide takes for given. */
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What a reader puts in place of a word in capitals. */
  readonly words?: Readonly<Record<string, string>>;
}

/** A shell in a folder of its own. */
export class Shell {
  private readonly servers: Line[] = [];
  private readonly folder: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly words: ReadonlyMap<string, string>;

  private constructor(folder: string, env: NodeJS.ProcessEnv, words: ReadonlyMap<string, string>) {
    this.folder = folder;
    this.env = env;
    this.words = words;
  }

  static async open(t: TestContext, { env = {}, words = {} }: Session): Promise<Shell> {
    const folder = readersFolder(t);
    const redis = await debianProgram('redis-server');
    assert.ok('path' in redis, 'a test that needs Redis asks for skipReason first');
    const all = new Map([
      ...Object.entries(words),
      ['6379', await freePort()],
      ['7077', await freePort()],
    ]);
    const { FAULTLINE_DATA_DIR: _, FAULTLINE_REDIS_URL: _url, ...rest } = redis.env;
    const bin = shims(folder);
    const own = Object.entries(env).map(([name, value]) => [name, replaced(value, all)]);
    const shell = new Shell(
      folder,
      {
        ...rest,
        ...Object.fromEntries(own),
        PATH: `${bin}:${path.dirname(redis.path)}:${process.env.PATH}`,
      },
      all,
    );
    t.after(() => shell.close());
    return shell;
  }

  async type(line: string): Promise<void> {
    const said = replaced(line, this.words);
    if (SERVER.test(said)) {
      const port = this.words.get('7077');
      const server = this.start(/ (?:daemon|up)\b/.test(said) ? `${said} --port ${port}` : said);
      this.servers.push(server);
      await until(`the first words of ${line}`, () => server.said !== '' || server.isOver);
      return;
    }
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const one = this.start(said);
      const exit = await one.ended(LINE_MS);
      const isRight = exit === 0 || (FAULTLINE.test(said) && (exit === 1 || one.wasStopped));
      if (isRight || (exit === 4 && MAY_FIND_NOTHING.test(said))) return;
      const mayCome = this.servers.length > 0 && NOT_YET.has(exit);
      assert.ok(
        mayCome && performance.now() < endMs,
        `${line}: exit ${exit}\n${one.said}${this.said()}`,
      );
      await sleep(500);
    }
  }

  /** The last server first, as a reader ends them: each has to end by itself. */
  async close(): Promise<void> {
    for (const server of this.servers.splice(0).reverse()) {
      assert.equal(await server.ended(0), 0, server.said);
    }
  }

  private said(): string {
    return this.servers.map((server) => `\n${server.said.slice(-2000)}`).join('');
  }

  private start(line: string): Line {
    return new Line(
      spawn('bash', ['-c', line], { cwd: this.folder, env: this.env, detached: true }),
    );
  }
}

class Line {
  said = '';
  isOver = false;
  wasStopped = false;
  private readonly child: ChildProcess;
  private readonly closed: Promise<number | null>;

  constructor(child: ChildProcess) {
    this.child = child;
    const hear = (bytes: Buffer): void => {
      this.said += bytes.toString();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    this.closed = once(child, 'close').then(([exit]: readonly unknown[]) => {
      this.isOver = true;
      return typeof exit === 'number' ? exit : null;
    });
  }

  /** Its exit code; Ctrl-C after so long. */
  async ended(limitMs: number): Promise<number | null> {
    const limit = new AbortController();
    void sleep(limitMs, undefined, { signal: limit.signal }).then(
      () => this.interrupt(),
      () => {},
    );
    await until('the end of a line', () => this.isOver, { said: () => this.said });
    limit.abort();
    return await this.closed;
  }

  /** All of its processes, as a terminal does. */
  private interrupt(): void {
    const { pid } = this.child;
    if (this.isOver || pid === undefined) return;
    this.wasStopped = true;
    process.kill(-pid, 'SIGINT');
  }
}

function replaced(line: string, words: ReadonlyMap<string, string>): string {
  return [...words].reduce(
    (text, [word, value]) => text.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), value),
    line,
  );
}

/** `faultline` and `npx`, which knows no other program. */
function shims(folder: string): string {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  const main = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');
  const run = `exec '${process.execPath}' '${main}' "$@"`;
  const texts = { faultline: run, npx: `[ "$1" = faultline ] || exit 97\nshift\n${run}` };
  for (const [name, text] of Object.entries(texts)) {
    const file = path.join(bin, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  }
  return bin;
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}
