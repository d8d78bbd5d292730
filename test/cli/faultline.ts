/** The command line in a folder of its own: as a child process, or in this one. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../daemon/cli/command-line.ts';
import { withTerminal } from '../../daemon/cli/output/terminal.ts';

export const MAIN: string = fileURLToPath(new URL('../../daemon/cli/main.js', import.meta.url));

export interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function faultline(args: readonly string[], cwd: string, stdin = ''): Promise<Ended> {
  const { FAULTLINE_DATA_DIR: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
    // A child that ends before it has read everything is one of the things that are tested.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}

let before: Promise<unknown> = Promise.resolve();

/** In this process, a tenth of the time; one after the other, because the working folder is the process's. */
export function faultlineHere(args: readonly string[], cwd: string, stdin = ''): Promise<Ended> {
  const ended = before.then(() => runHere(args, cwd, stdin));
  before = ended.catch(() => {});
  return ended;
}

async function runHere(args: readonly string[], cwd: string, stdin: string): Promise<Ended> {
  const { FAULTLINE_DATA_DIR: dataDir } = process.env;
  delete process.env.FAULTLINE_DATA_DIR;
  const folder = process.cwd();
  process.chdir(cwd);
  let [stdout, stderr, exit] = ['', '', 0];
  const terminal = {
    out: (text: string): void => {
      stdout += text;
    },
    err: (text: string): void => {
      stderr += text;
    },
    input: Readable.from([Buffer.from(stdin)]),
    end: (code: number): void => {
      exit = code;
    },
  };
  try {
    await withTerminal(terminal, () => runCommandLine(args));
  } finally {
    process.chdir(folder);
    if (dataDir !== undefined) process.env.FAULTLINE_DATA_DIR = dataDir;
  }
  return { exit, stdout, stderr };
}
