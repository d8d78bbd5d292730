/** One process of a fleet under test: started, hurt by any signal, and started again where it ends unasked, as by a unit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS, patiently } from '../support/patience.ts';
import { kill } from './up.ts';

/** As `RestartSec` of a unit. */
const PAUSE_MS = 500;
const SAID_KEPT = 40;

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface PartOptions {
  readonly name: string;
  readonly launch: Launch;
  /** Each line that it says. */
  readonly heard?: (line: string, pid: number) => void;
}

/** An end that no fault of the test asked for. */
export interface Unasked {
  readonly name: string;
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

export class Part {
  readonly unasked: Unasked[] = [];
  /** Process numbers that ended by SIGKILL: what they had not written down is gone. */
  readonly killed = new Set<number>();
  private readonly options: PartOptions;
  private launch: Launch;
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private isWanted = false;
  private lines: string[] = [];

  constructor(options: PartOptions) {
    this.options = options;
    this.launch = options.launch;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get said(): string {
    return `--- ${this.options.name}\n${this.lines.join('\n')}`;
  }

  /** Also with another program or environment from now on. */
  start(launch: Launch = this.options.launch): void {
    this.launch = launch;
    this.isWanted = true;
    if (this.child === undefined) this.spawn();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid !== undefined) kill(this.pid, signal);
  }

  /** It stays away until it is started. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this;
    if (signal === 'SIGKILL' && pid !== undefined) this.killed.add(pid);
    const over = this.over();
    this.signal(signal);
    await over;
  }

  /** Ends by itself, or as somebody tells it to. */
  async over(): Promise<void> {
    this.isWanted = false;
    await patiently(
      `the end of ${this.options.name}`,
      this.ended,
      () => `waited ${PATIENCE_MS} ms\n${this.said}`,
    );
  }

  private spawn(): void {
    const { command, args, env } = this.launch;
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.hear(child);
    this.ended = new Promise((resolve) => {
      child.on('close', (exit, signal) => {
        this.child = undefined;
        if (this.isWanted) void this.startAgain(exit, signal);
        resolve(null);
      });
    });
  }

  private async startAgain(exit: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const { name } = this.options;
    this.unasked.push({ name, exit, signal, said: this.said });
    await sleep(PAUSE_MS);
    if (this.isWanted && this.child === undefined) this.spawn();
  }

  private hear(child: ChildProcess): void {
    const pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      let begun = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (begun + text).split('\n');
        begun = lines.pop() ?? '';
        for (const line of lines) {
          this.options.heard?.(line, pid);
          if (line.includes('"level":20')) continue;
          this.lines.push(line);
          if (this.lines.length > SAID_KEPT) this.lines.shift();
        }
      });
    }
  }
}
