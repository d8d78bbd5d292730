/** npm and other programs, run in a folder. */
import { spawn } from 'node:child_process';

export interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** npm itself, when it started the tests: the npm on the PATH may be another one. */
export function npm(args: readonly string[], cwd: string): Promise<Ended> {
  const { npm_execpath: file = '' } = process.env;
  return file.endsWith('npm-cli.js')
    ? program(process.execPath, [file, ...args], cwd)
    : program('npm', args, cwd);
}

export function program(name: string, args: readonly string[], cwd: string): Promise<Ended> {
  const {
    FAULTLINE_DATA_DIR: _,
    NODE_OPTIONS: _options,
    NODE_TEST_CONTEXT: _context,
    ...env
  } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
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
  });
}
