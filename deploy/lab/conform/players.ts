/** Where `guest/play` plays: in a machine of the lab, or on a file system of this one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import { type FileSystemName, MOUNTED, mountScript } from '../file-systems.ts';
import type { Machine } from '../machine.ts';
import { caseText, NOTHING_SEEN, readSeen, type Seen } from './cases.ts';
import type { Play } from './conform.ts';

const SECONDS_A_SCRIPT = 300;
const WHY_LENGTH_MAX = 300;

export function inMachine(machine: Machine, name: FileSystemName): Play {
  return async (cases) => {
    const script = `${mountScript(name)}/play ${MOUNTED} <<'CASES'\n${textOf(cases)}CASES\n`;
    const { status, output } = await machine.run(script, SECONDS_A_SCRIPT);
    return seenOf(cases, output, status);
  };
}

/**
 * @param program `guest/play`, compiled
 * @param folder on the file system
 */
export function onThisMachine(program: string, folder: string): Play {
  return async (cases) => {
    const scratch = mkdtempSync(path.join(folder, 'faultline-play-'));
    try {
      const child = spawn(program, [scratch], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.on('error', () => {});
      child.stdin.end(textOf(cases));
      const ended = new Promise<number>((resolve) => {
        child.once('close', (status) => resolve(status ?? -1));
      });
      return seenOf(cases, await text(child.stdout), await ended);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  };
}

function textOf(cases: readonly Input[]): string {
  return cases.map((input, i) => caseText(input, i)).join('');
}

/** @throws Refusal ENVIRONMENT where not even the first case has an answer */
function seenOf(cases: readonly Input[], output: string, status: number): readonly Seen[] {
  const seen = readSeen(output);
  if (cases.length > 0 && seen.size === 0) {
    throw fail('ENVIRONMENT', {
      what: `no case was played (${status}): ${printable(output.trim(), WHY_LENGTH_MAX)}`,
      remedy: 'type `faultline lab boot` to see whether the file system can be made',
    });
  }
  return cases.map((_, i) => seen.get(i) ?? NOTHING_SEEN);
}
