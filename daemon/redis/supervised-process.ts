/**
 * A process that must run: started again where it dies, with a pause that grows while it dies at once. What it
 * says goes to a log file. Its own process group keeps a terminal's Ctrl-C from it: whoever supervises decides
 * in which order things end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { isSystemError, makeFolders, onDisk } from '../../corpus/disk/atomic.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';

export interface ProcessOptions {
  readonly name: string;
  /** Of Node. */
  readonly args: readonly string[];
  readonly logDir: string;
  /** What its environment has besides ours. */
  readonly environment: (isRestart: boolean) => Readonly<Record<string, string>>;
  readonly told: (message: unknown) => void;
  readonly said: (text: string) => void;
}

/** `exit`: its code, or null after a signal. */
export interface Ended {
  readonly name: string;
  readonly exit: number | null;
  /** What it said last, for people: `faultline: …` and `hint: …`, as far as there is any. */
  readonly lastWords: string;
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 2000;
/** Whoever lived so long need not wait to be started again: it does not die in a loop. */
const ALIVE_MS = 1000;
const LOG_BYTES_MAX = 8 << 20;
const DONE = 0;
const USAGE = 2;
const ENVIRONMENT = 3;

export class SupervisedProcess {
  /** Resolves when it has ended for good: done, or not to be helped by starting it again. */
  readonly ended: Promise<Ended>;
  private readonly options: ProcessOptions;
  private child: ChildProcess | undefined;
  private finish: (ended: Ended) => void = () => {};
  private timer: NodeJS.Timeout | undefined;
  private pauseMs = PAUSE_MIN_MS;
  private starts = 0;
  /** One of them was at work, as it says itself: what ends the next one is not what it began with. */
  private hasSettled = false;
  private isStopping = false;
  private isHopeless = false;
  private logStart = 0;

  constructor(options: ProcessOptions) {
    this.options = options;
    this.ended = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** @throws Refusal DATA_DIR if it can have no log */
  start(): void {
    const { name, args, environment } = this.options;
    const log = this.openLog();
    const startedMs = performance.now();
    const child = spawn(process.execPath, [...args], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, ...environment(this.starts > 0) },
    });
    closeSync(log);
    this.child = child;
    this.starts += 1;
    child.on('message', (message) => {
      if (isRefusal(message)) this.isHopeless = true;
      else this.hasSettled = true;
      this.options.told(message);
    });
    child.on('error', () => {});
    child.once('close', (exit) => {
      if (performance.now() - startedMs > ALIVE_MS) this.pauseMs = PAUSE_MIN_MS;
      this.died({ name, exit, lastWords: this.lastWords() });
    });
  }

  /** Asks it to end, and sees to it. */
  async stop(patienceMs: number): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      this.finish({ name: this.options.name, exit: DONE, lastWords: '' });
      return;
    }
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await this.ended;
    clearTimeout(timer);
  }

  private died(ended: Ended): void {
    const { exit, name } = ended;
    const isUnfit = exit === USAGE || (exit === ENVIRONMENT && !this.hasSettled);
    if (this.isStopping || exit === DONE || isUnfit || this.isHopeless) {
      this.finish(ended);
      return;
    }
    this.options.said(`${name} ended (${exit ?? 'killed'}) and is started again`);
    this.timer = setTimeout(() => this.startAgain(), this.pauseMs);
    this.pauseMs = Math.min(PAUSE_MAX_MS, this.pauseMs * 2);
  }

  private startAgain(): void {
    try {
      this.start();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { message, hint, exit } = error;
      const lastWords = `faultline: ${message}\nhint: ${hint}`;
      this.finish({ name: this.options.name, exit, lastWords });
    }
  }

  private logFile(): string {
    return path.join(this.options.logDir, `${this.options.name}.log`);
  }

  private openLog(): number {
    const file = this.logFile();
    return onDisk(this.options.logDir, () => {
      makeFolders(this.options.logDir);
      const size = existsSync(file) ? statSync(file).size : 0;
      if (size > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
      this.logStart = size > LOG_BYTES_MAX ? 0 : size;
      return openSync(file, 'a');
    });
  }

  /** Lines for people begin with our name; the rest of a log is for machines. */
  private lastWords(): string {
    try {
      const text = readFileSync(this.logFile()).subarray(this.logStart).toString('utf8');
      const words = text.split('\n').filter((line) => /^(?:faultline|hint): /.test(line));
      return words.slice(-2).join('\n');
    } catch (error) {
      // Somebody has tidied up.
      if (isSystemError(error)) return '';
      throw error;
    }
  }
}

/** What a process of ours says where starting it again would not help (`cli/supervised.ts`). */
function isRefusal(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    message.kind === 'refused'
  );
}
