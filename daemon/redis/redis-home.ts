/** The folder of a private Redis: its socket, the number of its process, its log. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { codeOf, makeFolders, onDisk } from '../../corpus/disk/atomic.ts';
import { isAlive } from '../../corpus/disk/lock.ts';
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

export interface Home {
  /** With all links resolved, as the server itself names it. */
  readonly folder: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly log: string;
}

const OWNER_ONLY = 0o700;
/** A socket's name has 108 bytes on Linux and 104 on a BSD, the last of them 0. */
const SOCKET_BYTES_MAX = 100;
/** 64 bits: enough to tell the folders of one user apart. */
const HASH_DIGITS = 16;

/** Makes it where it is missing. @throws Refusal DATA_DIR */
export function homeBelow(dataDir: string): Home {
  const given = path.join(path.resolve(dataDir), 'redis');
  return onDisk(given, () => {
    makeFolders(path.dirname(given));
    makePrivate(given);
    const folder = realpathSync(given);
    const pidFile = path.join(folder, 'redis.pid');
    const log = path.join(folder, 'redis.log');
    return { folder, pidFile, log, socket: socketOf(folder, log) };
  });
}

function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: OWNER_ONLY });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    chmodSync(folder, OWNER_ONLY);
  }
}

/** In the folder, or where that name is too long, in one for temporary files, which everybody may write to. */
function socketOf(folder: string, log: string): string {
  const socket = path.join(folder, 'redis.sock');
  if (Buffer.byteLength(socket) < SOCKET_BYTES_MAX) return socket;
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, HASH_DIGITS);
  const short = path.join(tmpdir(), `faultline-${digest}`);
  if (!isOursOrFree(short)) {
    throw fail('REDIS_START', { why: `${short} belongs to somebody else`, log, dir: folder });
  }
  makePrivate(short);
  return path.join(short, 'redis.sock');
}

function isOursOrFree(folder: string): boolean {
  const there = lstatSync(folder, { throwIfNoEntry: false });
  return there === undefined || (there.isDirectory() && there.uid === process.getuid?.());
}

/** Takes away what is not in the data folder. The server has removed its socket; a new one may have made its own. */
export function leaveHome({ folder, socket }: Home): void {
  const short = path.dirname(socket);
  if (short === folder) return;
  try {
    rmdirSync(short);
  } catch {
    // In use, or gone.
  }
}

/** The living server that has written its number into the folder, where the system lets us know it again. */
export function pidIn(home: Home): number | null {
  try {
    const pid = Number(readFileSync(home.pidFile, 'utf8'));
    return Number.isSafeInteger(pid) && isAlive(pid) && isServerOf(home, pid) === true ? pid : null;
  } catch {
    return null;
  }
}

/** The living server of a data folder; where there is none, nothing is made. */
export function serverIn(
  dataDir: string,
): { readonly pid: number; readonly socket: string } | null {
  if (!existsSync(path.join(dataDir, 'redis/redis.pid'))) return null;
  const home = homeBelow(dataDir);
  const pid = pidIn(home);
  if (pid !== null) return { pid, socket: home.socket };
  leaveHome(home);
  return null;
}

/** Whether a process works in this folder, as its server does; null where the system does not say. */
export function isServerOf({ folder }: Home, pid: number): boolean | null {
  if (!existsSync('/proc/self/cwd')) return null;
  try {
    // The mark is the system's, for a folder that somebody has removed from under its server.
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '') === folder;
  } catch {
    return false;
  }
}

const LOG_BYTES_MAX = 1 << 20;
const LOG_LINES_SHOWN = 4;
const LOG_LINE_LENGTH_MAX = 160;
/** `1234:M 20 Nov 2025 21:50:00.000 # ` */
const LOG_PREFIX = /^\d+:\w \d+ \w+ \d+ [\d:.]+ \S /;
/** What Redis reports of a disk that takes nothing. */
const DISK_PROBLEM = /No space left on device|Read-only file system|Disk quota exceeded/;

/** The log while a server starts: where it dies, its last words say why. */
export class OpenLog {
  readonly descriptor: number;
  private readonly home: Home;
  private readonly sizeBefore: number;

  constructor(home: Home) {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
    this.home = home;
    this.descriptor = openSync(home.log, flags | (constants.O_NOFOLLOW ?? 0), 0o600);
    if (fstatSync(this.descriptor).size > LOG_BYTES_MAX) ftruncateSync(this.descriptor);
    this.sizeBefore = fstatSync(this.descriptor).size;
  }

  close(): void {
    closeSync(this.descriptor);
  }

  /** @param ending how the server ended, for one that had no words */
  refusal(ending: string): Refusal {
    const { folder: dir, log } = this.home;
    const text = readFileSync(log).subarray(this.sizeBefore).toString('utf8');
    const disk = DISK_PROBLEM.exec(text)?.[0];
    if (disk !== undefined) return fail('DATA_DIR', { dir, why: disk });
    const lines = text
      .split('\n')
      .map((line) => line.replace(LOG_PREFIX, '').trim())
      .filter((line) => line !== '')
      .slice(-LOG_LINES_SHOWN);
    const words = lines.map((line) => printable(line, LOG_LINE_LENGTH_MAX)).join(' | ');
    return fail('REDIS_START', { why: words === '' ? ending : `${ending}: ${words}`, log, dir });
  }
}
