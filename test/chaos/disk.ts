/**
 * A disk that is full for a while: a small tmpfs where the test may mount one, else the largest size of a file
 * (RLIMIT_FSIZE), which needs no rights. Both take a part of what is written, and refuse the rest.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../../corpus/disk/atomic.ts';
import type { Cleanup } from '../queue/redis.ts';

const SIZE = '256m';
const PIECE = 1 << 20;

export class Disk {
  readonly folder: string;
  private readonly isMounted: boolean;

  constructor(t: Cleanup, folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder]);
    this.isMounted = mount.status === 0;
    if (this.isMounted) t.after(() => spawnSync('umount', ['-l', folder]));
  }

  get kind(): string {
    return this.isMounted ? `a tmpfs of ${SIZE}` : 'a limit on the size of files';
  }

  /** For one process; where there is a tmpfs, for all that is in it. */
  fill(pid: number): void {
    if (!this.isMounted) {
      limit(pid, '0:');
      return;
    }
    const descriptor = openSync(this.ballast, 'a');
    try {
      // Smaller and smaller pieces: others write there, too.
      for (let size = PIECE; size >= 1; size /= 2) while (takes(descriptor, size));
    } finally {
      closeSync(descriptor);
    }
  }

  /** @param pid undefined where that process is gone, and its limit with it */
  free(pid: number | undefined): void {
    if (this.isMounted) rmSync(this.ballast, { force: true });
    else if (pid !== undefined) limit(pid, 'unlimited:');
  }

  private get ballast(): string {
    return path.join(this.folder, 'ballast');
  }
}

function takes(descriptor: number, size: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(size)) === size;
  } catch (error) {
    if (codeOf(error) === 'ENOSPC') return false;
    throw error;
  }
}

function limit(pid: number, size: string): void {
  const answer = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${size}`]);
  assert.equal(answer.status, 0, String(answer.stderr));
}
