/** What the benches of whole processes share: the program, a folder for each, and processor time by /proc. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PACKAGE_ROOT } from './installation.ts';

export const MAIN: string = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');

/** Clock ticks of user and system time of all threads, or of one. */
export function ticksOf(pid: number, thread?: number): number {
  const file = thread === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${thread}/stat`;
  const text = readFileSync(file, 'utf8');
  // The second field is a name in brackets, which may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

export function temporary(): string {
  return mkdtempSync(path.join(tmpdir(), 'faultline-bench-'));
}
