/** SPIN and the C compiler as processes: where they work, how much they may write, how long one may take. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fail } from '../../../../corpus/vocabulary/errors.ts';

/** Paths. */
export interface SpinPrograms {
  readonly spin: string;
  readonly gcc: string;
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
  /** What it took too much of, if it did. */
  readonly over: 'time' | 'output' | null;
}

/** Of one process. */
export interface Bounds {
  readonly timeMs: number;
  readonly bytes: number;
}

/**
 * The largest search that fits into its memory takes minutes, a simulation milliseconds; the longest simulation prints a
 * tenth of these bytes.
 */
const BOUNDS: Bounds = { timeMs: 1_800_000, bytes: 64 << 20 };
const TAIL_LINES = 8;

/** A folder for what SPIN writes. Its owner removes it. */
export class Workshop {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'faultline-spin-'));
  private readonly stop: AbortSignal;
  private readonly bounds: Bounds;
  private readonly remove = (): void => rmSync(this.folder, { recursive: true, force: true });

  constructor(stop: AbortSignal, bounds: Bounds = BOUNDS) {
    this.stop = stop;
    this.bounds = bounds;
    // A second Ctrl-C ends the process before `close`.
    process.once('exit', this.remove);
  }

  close(): void {
    process.off('exit', this.remove);
    this.remove();
  }

  /** @throws AbortError once the measurement is stopped; Refusal ENVIRONMENT if it cannot be started */
  run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
    const options = {
      cwd,
      env: { ...process.env, LC_ALL: 'C' },
      timeout: this.bounds.timeMs,
      maxBuffer: this.bounds.bytes,
      killSignal: 'SIGKILL',
      signal: this.stop,
    } as const;
    return new Promise((resolve, reject) => {
      execFile(program, args, options, (error, stdout, stderr) => {
        const ended = { stdout, stderr, exit: 0, over: null } as const;
        if (error === null) return resolve(ended);
        if (this.stop.aborted) return reject(error);
        if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
          return resolve({ ...ended, exit: -1, over: 'output' });
        if (typeof error.code === 'string') return reject(failed(program, args, error.message));
        const over = error.killed === true ? 'time' : null;
        resolve({ ...ended, exit: error.code ?? -1, over });
      });
    });
  }

  /** @throws Refusal ENVIRONMENT unless it exits with 0, within its bounds */
  async must(program: string, args: readonly string[], cwd: string): Promise<string> {
    const { stdout, stderr, exit, over } = await this.run(program, args, cwd);
    if (over !== null) throw failed(program, args, `it takes more ${over} than anything needs`);
    if (exit === 0) return stdout;
    const lines = `${stdout}${stderr}`.trim().split('\n').slice(-TAIL_LINES);
    throw failed(program, args, `exit ${exit}\n${lines.join('\n')}`);
  }
}

/** A refusal. */
export function failed(program: string, args: readonly string[], why: string): Error {
  const command = [path.basename(program), ...args].join(' ');
  const remedy = 'look into what it says, or leave SPIN out of --schedulers';
  return fail('ENVIRONMENT', { what: `${command} failed: ${why}`, remedy });
}
