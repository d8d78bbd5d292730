/** Where `guest/play` plays: in a machine of the lab, or on a file system of this one. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import type { OpKind } from '../../../corpus/vocabulary/ops.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import { endWithUs, scratchFolder } from '../ends-with-us.ts';
import { FILE_SYSTEMS, type FileSystemName, MOUNTED, mountScript } from '../file-systems.ts';
import type { Machine } from '../machine.ts';
import { caseText, kindsPlayed, NOTHING_SEEN, readSeen, type Seen } from './cases.ts';
import type { Real } from './conform.ts';

const SECONDS_A_SCRIPT = 300;
const WHY_LENGTH_MAX = 300;

/** It is of the whole machine, and of other people's. */
const NOT_HERE: readonly OpKind[] = ['drop_caches'];

export function inMachine(machine: Machine, name: FileSystemName): Real {
  const play: Real['play'] = async (cases) => {
    const script = `${mountScript(name)}/play ${MOUNTED} <<'CASES'\n${textOf(cases)}CASES\n`;
    const { status, output } = await machine.run(script, SECONDS_A_SCRIPT);
    return seenOf(cases, output, status);
  };
  return { kinds: kindsPlayed(FILE_SYSTEMS[name].canShare), hasDax: true, play };
}

/**
 * @param program `guest/play`, compiled
 * @param folder on the file system
 */
export function onThisMachine(program: string, folder: string): Real {
  const play: Real['play'] = async (cases) => {
    const scratch = scratchFolder('play', folder);
    try {
      // Names of files have a bound there.
      const child = spawn(path.resolve(program), ['.'], { cwd: scratch.folder, stdio: 'pipe' });
      endWithUs(child);
      child.stdin.on('error', () => {});
      child.stdin.end(textOf(cases));
      let why = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        if (why.length < WHY_LENGTH_MAX) why += part;
      });
      const ended = new Promise<number>((resolve) => {
        child.once('error', (error) => {
          why = error.message;
          resolve(-1);
        });
        child.once('close', (status) => resolve(status ?? -1));
      });
      const output = await text(child.stdout);
      const status = await ended;
      if (status === 0) return seenOf(cases, output, status);
      const count = `${readSeen(output).size} of ${cases.length}`;
      throw fail('ENVIRONMENT', {
        what: `what plays the cases ended with ${status} after ${count}: ${printable(why.trim(), WHY_LENGTH_MAX)}`,
        remedy: `see whether files can be made in ${folder}`,
      });
    } finally {
      scratch.remove();
    }
  };
  const kinds = kindsPlayed(false).filter((kind) => !NOT_HERE.includes(kind));
  return { kinds, hasDax: false, play };
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
