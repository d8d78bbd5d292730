/**
 * One process at a time, across processes that know only a name in a folder, also after one of them died at any
 * moment. Node has no file locks; a symbolic link is made whole or not at all, and its target says who holds it.
 */
import { lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../corpus/disk/atomic.ts';

const ASKED_MS = 10;
/** Breaking a lock takes microseconds: whoever still does after so long died over it. */
const BREAKING_STALE_MS = 10_000;

/**
 * Runs `act` while nobody else holds `link`.
 *
 * @param staleMs after which a holder must be gone, even if a process now has its number or is on another host
 */
export async function withLock<T>(
  link: string,
  staleMs: number,
  act: () => Promise<T>,
): Promise<T> {
  while (!take(link)) {
    breakStale(link, staleMs);
    await sleep(ASKED_MS);
  }
  try {
    return await act();
  } finally {
    rmSync(link, { force: true });
  }
}

function take(link: string): boolean {
  try {
    symlinkSync(`${hostname()}:${process.pid}`, link);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** One breaks at a time, or the slower one would break the lock that the faster one has taken since. */
function breakStale(link: string, staleMs: number): void {
  if (!isStale(link, staleMs)) return;
  const breaking = `${link}.breaking`;
  if (!take(breaking)) {
    if (ageMs(breaking) > BREAKING_STALE_MS) rmSync(breaking, { force: true });
    return;
  }
  if (isStale(link, staleMs)) rmSync(link, { force: true });
  rmSync(breaking, { force: true });
}

function isStale(link: string, staleMs: number): boolean {
  if (ageMs(link) > staleMs) return true;
  const [host, pid] = targetOf(link).split(':');
  return host === hostname() && !isAlive(Number(pid));
}

/** 0 for one that is gone. */
function ageMs(link: string): number {
  const made = lstatSync(link, { throwIfNoEntry: false })?.mtimeMs;
  return made === undefined ? 0 : Date.now() - made;
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

/** A process that has ended, but whose parent has not asked for its status, is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    // The state follows the program's name, which is in brackets and may hold any character.
    return /\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
