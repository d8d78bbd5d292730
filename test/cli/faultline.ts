/** The command line as a child process, in a folder of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

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
