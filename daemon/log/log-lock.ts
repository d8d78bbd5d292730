/**
 * One writer per folder. The lock is a name: `lock/` has one file for ever, which is renamed to who holds it and
 * back to `free`. Two who take it at once rename the same name, and the file system lets one of them: so nobody
 * ever removes a lock that somebody else has just taken.
 *
 * Who died without giving it back is known by the start of the process besides its id, since ids come again.
 */
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { codeOf, writeFolder } from '../../corpus/disk/atomic.ts';
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';

const LOCK = 'lock';
const FREE = 'free';
/** Process, its start, its machine. */
const HOLDER = /^(?<pid>\d+)\.(?<start>\w+)\.(?<host>.+)$/;
/** Every try but the last was lost to somebody who won; more starters than this there are not. */
const TRIES_MAX = 1000;
/** Where there is no /proc, only the id tells. */
const START_UNKNOWN = 'unknown';
const GONE = 'gone';

/**
 * Takes the lock of a folder, and returns what gives it back.
 * @throws Refusal ENVIRONMENT if a living process has it; what the file system refuses passes as it is
 */
export function takeLock(folder: string): () => void {
  const lock = path.join(folder, LOCK);
  const mine = `${process.pid}.${startOf(process.pid) ?? START_UNKNOWN}.${thisHost()}`;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const names = namesIn(folder);
    const living = names.find((name) => name !== FREE && isAlive(name));
    if (living !== undefined) throw held(folder, living);
    if (names.some((name) => passOn(lock, name, mine))) return () => passOn(lock, mine, FREE);
  }
  throw fail('ENVIRONMENT', {
    what: `the lock ${lock} cannot be taken`,
    remedy: `if no coordinator runs on this folder, delete ${lock}`,
  });
}

function held(folder: string, name: string): Refusal {
  const { pid, host } = HOLDER.exec(name)?.groups ?? {};
  const who = pid === undefined ? `"${name}"` : `process ${pid}`;
  const isElsewhere = host !== thisHost();
  const gone = `if it is gone for good, delete ${path.join(folder, LOCK)}`;
  return fail('ENVIRONMENT', {
    what: `another coordinator (${who}${isElsewhere ? ` on ${host ?? '?'}` : ''}) writes ${folder}`,
    remedy: `stop it, or name another folder with --data-dir${isElsewhere ? `; ${gone}` : ''}`,
  });
}

/** Whoever is between two names is in the list once, twice or not at all; a rename then tells. */
function namesIn(folder: string): readonly string[] {
  const lock = path.join(folder, LOCK);
  try {
    const names = readdirSync(lock);
    if (names.length > 0) return names;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  makeLock(folder, lock);
  return readdirSync(lock);
}

/** A folder takes the place of none or of an empty one, so of two that make it one remains, with its one file. */
function makeLock(folder: string, lock: string): void {
  const made = writeFolder(folder, '.new-lock', { [FREE]: '' });
  try {
    renameSync(made, lock);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** Whether it was there to pass on. */
function passOn(lock: string, from: string, to: string): boolean {
  try {
    renameSync(path.join(lock, from), path.join(lock, to));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Of what cannot be judged, such as a process of another machine: yes. */
function isAlive(name: string): boolean {
  const { pid, start, host } = HOLDER.exec(name)?.groups ?? {};
  if (pid === undefined || host !== thisHost()) return true;
  if (!isProcess(Number(pid))) return false;
  const present = startOf(Number(pid));
  return present === undefined || present === start;
}

function isProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and somebody else's.
    return codeOf(error) === 'EPERM';
  }
}

/** The boot and the clock ticks since then at which a process began; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the second field is the command in brackets; the third the state, the 22nd the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isDead = fields[0] === 'Z' || fields[0] === 'X';
    return isDead ? GONE : `${boot}_${fields[22 - 3]}`;
  } catch {
    return undefined;
  }
}

/** In a file name. */
function thisHost(): string {
  return hostname().replace(/[^\w.-]/g, '_') || '_';
}
