/** Where `guest/play.c` plays: in a machine of the lab, or on a file system of this one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { type FileSystemName, MOUNTED, mountScript } from '../file-systems.ts';
import type { Machine } from '../machine.ts';
import type { Play } from './conform.ts';

const SECONDS_A_SCRIPT = 300;

export function inMachine(machine: Machine, name: FileSystemName): Play {
  return (cases) => {
    const script = `${mountScript(name)}/play ${MOUNTED} <<'CASES'\n${cases}CASES\n`;
    return machine.run(script, SECONDS_A_SCRIPT);
  };
}

/**
 * @param program `guest/play.c`, compiled
 * @param folder on the file system
 */
export function onThisMachine(program: string, folder: string): Play {
  return async (cases) => {
    const scratch = mkdtempSync(path.join(folder, 'faultline-play-'));
    try {
      const child = spawn(program, [scratch], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.on('error', () => {});
      child.stdin.end(cases);
      const ended = new Promise<number>((resolve) => {
        child.once('close', (status) => resolve(status ?? -1));
      });
      return { output: await text(child.stdout), status: await ended };
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  };
}
