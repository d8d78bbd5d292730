/** A program on a terminal of a size, by `script` of util-linux, which every Debian has. */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { patiently, until } from './patience.ts';

export interface PtySize {
  readonly columns: number;
  readonly rows: number;
}

/** For node:test's `{ skip }`: a `script` of another kind takes other flags. */
export function skipWithoutPty(): false | string {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (/util-linux/.test(stdout ?? '')) return false;
  const reason = 'no `script` of util-linux (Debian: bsdutils)';
  if (process.env.CI === 'true') throw new Error(`${reason}; in CI it must be there`);
  return reason;
}

export class Pty {
  /** Everything that came to the terminal. */
  text = '';
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly closed: Promise<number | null>;
  hasEnded = false;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    child.stdin.on('error', () => {});
    this.closed = new Promise((resolve) => {
      child.on('close', (exit) => {
        this.hasEnded = true;
        resolve(exit);
      });
    });
  }

  /** @param env what it has besides ours */
  static open(
    command: readonly string[],
    cwd: string,
    { columns, rows }: PtySize,
    env: Readonly<Record<string, string>> = {},
  ): Pty {
    const { FAULTLINE_DATA_DIR: _, NO_COLOR: __, ...ours } = process.env;
    const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const line = `stty cols ${columns} rows ${rows}; echo "on $(tty) as $$"; exec ${words}`;
    const child = spawn('script', ['-qfec', line, '/dev/null'], {
      cwd,
      env: { ...ours, SHELL: '/bin/sh', TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Pty(child);
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    await until(what, () => isSo() || this.hasEnded, { said: () => this.text });
    if (!isSo()) throw new Error(`ended before: ${what}\n${JSON.stringify(this.text)}`);
  }

  /** Its exit code. */
  async ended(): Promise<number | null> {
    return await patiently('its end', this.closed, () => this.text);
  }

  type(keys: string): void {
    this.child.stdin.write(keys);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(Number(this.begun()[1]), signal);
  }

  /** To whatever the terminal would send it to. */
  signalAll(signal: NodeJS.Signals): void {
    process.kill(-Number(this.begun()[1]), signal);
  }

  resize({ columns, rows }: PtySize): void {
    const terminal = this.begun()[0] ?? '';
    spawnSync('stty', ['-F', terminal, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** Types Ctrl-Z, and goes on when all has stopped: `script` stops after its program, and wakes it. */
  async stopAndGoOn(): Promise<void> {
    this.type('\x1a');
    await this.until('Ctrl-Z', () => {
      const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')')).startsWith(') T');
    });
    this.child.kill('SIGCONT');
  }

  /** Terminal and process. */
  private begun(): readonly string[] {
    return /^on (\S+) as (\d+)\r$/m.exec(this.text)?.slice(1) ?? [];
  }
}
