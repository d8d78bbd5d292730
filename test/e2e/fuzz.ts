/** `faultline fuzz` as a child process: to its end, or talked to while it runs. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Silence } from '../../daemon/campaign/silence.ts';
import { type Ended, faultline, MAIN } from '../cli/faultline.ts';
import { patiently, until } from '../support/patience.ts';

/** The fields of the document that scripts rely on. */
interface Finding {
  readonly id: string;
  readonly signature: string;
  readonly known: string | null;
  readonly model: string;
  readonly models: readonly string[];
  readonly threads: number;
  readonly operations: number;
  readonly file: string;
}

export interface Document {
  readonly models: readonly string[];
  readonly runs: number;
  readonly rngSeed: number;
  readonly inconclusive: number;
  readonly findings: readonly Finding[];
  readonly silences: readonly Silence[];
}

export async function fuzzed(cwd: string, ...args: readonly string[]): Promise<Document> {
  const { exit, stdout, stderr } = await faultline(['fuzz', '--json', ...args], cwd);
  assert.ok(exit === 0 || exit === 1, `exit ${exit}\n${stdout}${stderr}`);
  assert.ok(!stderr.includes('\x1b'), 'no terminal, no control sequence');
  const document: Document = JSON.parse(stdout);
  assert.equal(exit, document.findings.length === 0 ? 0 : 1);
  return document;
}

/** Without what may differ between two runs of one campaign: seconds, and the folder in `file`. */
export function lasting(document: Document): unknown {
  const findings = document.findings.map((finding) => ({
    ...finding,
    file: finding.file.split('/').slice(-2).join('/'),
  }));
  return { ...document, seconds: 0, findings };
}

export function knownOf({ findings }: Document): ReadonlySet<string | null> {
  return new Set(findings.map(({ known }) => known));
}

/** A process whose output is waited for. */
export class Talking {
  private readonly closed: Promise<Ended>;
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;
  private stdout = '';
  private stderr = '';
  private hasEnded = false;

  constructor(args: readonly string[], cwd: string) {
    this.child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.closed = new Promise((resolve) => {
      this.child.on('close', (exit) => {
        this.hasEnded = true;
        resolve({ exit, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  static fuzz(cwd: string, ...args: readonly string[]): Talking {
    return new Talking([MAIN, 'fuzz', ...args], cwd);
  }

  /** Waits for its end. */
  ended(): Promise<Ended> {
    return patiently('its end', this.closed, () => this.stdout + this.stderr);
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  async until(pattern: RegExp): Promise<void> {
    const isSaid = (): boolean => pattern.test(this.stdout + this.stderr);
    const said = (): string => this.stdout + this.stderr;
    await until(String(pattern), () => isSaid() || this.hasEnded, { said });
    assert.ok(isSaid(), `ended before ${pattern}\n${said()}`);
  }
}
