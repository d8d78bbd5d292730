/**
 * Whether a data directory can keep what is found, how fast its disk is, and what lies there already. What is made
 * for a look is removed again. Nothing that is there changes, but that findings are listed as every reader does,
 * which puts back one that a crash left aside.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import {
  codeOf,
  makeFolders,
  onDisk,
  takeFreeName,
  writeAtomically,
} from '../../corpus/disk/atomic.ts';
import { type Holder, holderOf } from '../../corpus/disk/lock.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { leftoversIn } from '../../corpus/store/leftovers.ts';
import { survey } from '../../corpus/store/survey.ts';
import { logFolderOf, readLog } from '../log/log-read.ts';
import { bad, bytesText, doubtful, fine, type Judgement, noted } from './judgement.ts';

const PROBE = '.doctor';

export function lookAtDataDir(dataDir: string): Judgement {
  const wasThere = existsSync(dataDir);
  inFolder(dataDir, () => {
    const name = `${PROBE}-${process.pid}`;
    writeAtomically(dataDir, name, 'x');
    rmSync(path.join(dataDir, name));
  });
  const shown = path.resolve(dataDir);
  return fine(wasThere ? `${shown} takes files` : `${shown} is not there yet and can be made`);
}

/**
 * Acts in a folder, which is made if there is none; then what was made goes again.
 * @throws Refusal DATA_DIR
 */
function inFolder<T>(folder: string, act: () => T): T {
  const missing = missingOf(path.resolve(folder));
  try {
    return onDisk(folder, () => {
      makeFolders(folder);
      return act();
    });
  } finally {
    missing.forEach(removeEmpty);
  }
}

/** The folder and those above it that are not there, the deepest first. */
function missingOf(folder: string): readonly string[] {
  return existsSync(folder) ? [] : [folder, ...missingOf(path.dirname(folder))];
}

/** Whoever has put something in there since keeps it. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

/** Below this a campaign of a day may end for lack of space. */
const SPACE_ENOUGH = 1e9;
/** Below this the next snapshot of the log may not fit. */
const SPACE_MIN = 50e6;
/** The coordinator syncs a few times a second, and waits for each. */
const SYNC_ENOUGH_MS = 50;
const SYNCS = 20;
/** A disk that takes longer for all of them is slow beyond doubt. */
const SYNCS_TIME_MS = 2000;
/** A block of most file systems. */
const WRITTEN_BYTES = 4096;

export function lookAtDisk(dataDir: string): Judgement {
  return inFolder(dataDir, () => {
    const { bavail, bsize } = statfsSync(dataDir);
    const free = bavail * bsize;
    // Where there is no room to write, there is nothing to measure.
    return judgeDisk(free, free < SPACE_MIN ? 0 : syncMs(dataDir));
  });
}

/** @param free bytes; @param syncedMs milliseconds that a small write takes until it is on the disk */
export function judgeDisk(free: number, syncedMs: number): Judgement {
  const space = `${bytesText(free)} free`;
  const more =
    'free some space (`df -h` and `du -sh *` say where it went) or name another --data-dir';
  if (free < SPACE_MIN) return bad(space, more);
  const detail = `${space}, ${syncedMs.toFixed(1)} ms until a write is on the disk`;
  const remedies = [
    ...(free < SPACE_ENOUGH ? [more] : []),
    ...(syncedMs > SYNC_ENOUGH_MS ? ['name a --data-dir on a faster, local disk'] : []),
  ];
  return remedies.length === 0 ? fine(detail) : doubtful(detail, remedies.join('; '));
}

/** The median, in milliseconds. */
function syncMs(folder: string): number {
  let descriptor = -1;
  const file = takeFreeName(folder, `${PROBE}-sync`, (name) => {
    descriptor = openSync(name, 'wx');
  });
  try {
    const block = Buffer.alloc(WRITTEN_BYTES, 'x');
    const times: number[] = [];
    const endMs = performance.now() + SYNCS_TIME_MS;
    while (times.length < SYNCS && performance.now() < endMs) {
      const startMs = performance.now();
      writeSync(descriptor, block);
      fsyncSync(descriptor);
      times.push(performance.now() - startMs);
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

/** Damaged ones that are named in full; the others are counted. */
const NAMED_MAX = 3;

export function lookAtFindings(dataDir: string): Judgement {
  const { findings, unreadable } = survey(new FindingStore(dataDir));
  const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  if (unreadable.length === 0) return fine(count);
  const named = listed(unreadable.map(({ folder, why }) => `${path.basename(folder)} (${why})`));
  const first = path.resolve(unreadable[0]?.folder ?? dataDir);
  const remedy = `what is damaged is skipped; \`mv ${first} ~\` takes it away`;
  return doubtful(`${count}, and damaged: ${named}`, remedy);
}

function listed(texts: readonly string[]): string {
  const more = texts.length - NAMED_MAX;
  return [...texts.slice(0, NAMED_MAX), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** A worker delivers within seconds; what lies here for so long waits for one, or for a Redis. */
const DELIVERED_MS = 5 * 60_000;

/** @param others names of reports that only a worker of another build delivers */
export function lookAtSpool(dataDir: string, others: () => readonly string[]): Judgement {
  const spool = path.join(path.resolve(dataDir), 'spool');
  if (lstatSync(spool, { throwIfNoEntry: false }) === undefined) return fine('none yet');
  const names = readdirSync(spool).filter((name) => name.endsWith('.json'));
  const agesMs = names.map((name) => {
    const there = statSync(path.join(spool, name), { throwIfNoEntry: false });
    return there === undefined ? 0 : Date.now() - there.mtimeMs;
  });
  const foreign = names.length === 0 ? 0 : others().length;
  return judgeSpool(names.length, foreign, Math.max(0, ...agesMs));
}

/** @param foreign how many of them only a worker of another build delivers */
export function judgeSpool(count: number, foreign: number, oldestMs: number): Judgement {
  const reports = `${count} undelivered ${count === 1 ? 'report' : 'reports'}`;
  if (count === 0 || oldestMs < DELIVERED_MS) return fine(reports);
  const detail = `${reports}, the oldest of ${Math.round(oldestMs / 60_000)} minutes`;
  if (foreign === 0) {
    return doubtful(detail, 'start a worker in this data directory: it delivers what lies here');
  }
  const remedy = `start a worker of that build here; \`faultline prune\` says which may go`;
  return doubtful(`${detail}; ${foreign} of another build`, remedy);
}

/** @param engine digest of this build's */
export function lookAtLeftovers(dataDir: string, engine: () => string): Judgement {
  const items = existsSync(dataDir) ? leftoversIn(dataDir, engine()) : [];
  if (items.length === 0) return fine('nothing that is of no use');
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  return noted(`${items.length} of no use any more, ${bytesText(bytes)}: see \`faultline prune\``);
}

/** A second's reading. */
const LOG_READ_MAX = 64e6;

/** Only looks: taking its lock, or mending its end, is for a coordinator. */
export function lookAtLog(dataDir: string): Judgement {
  const log = path.resolve(logFolderOf(dataDir));
  if (lstatSync(log, { throwIfNoEntry: false }) === undefined) return fine('none yet');
  const bytes = sizeOf(log);
  const size = bytesText(bytes);
  const holder = holderOf(log);
  if (holder !== null) return judgeHolder(holder, log, size);
  const damaged = bytes <= LOG_READ_MAX ? readLog(log).damaged : [];
  if (damaged.length === 0) return fine(`${size}, nobody writes it`);
  const named = listed(damaged.map(({ where, why }) => `${where} (${why})`));
  const remedy = `the rest counts; \`cp -r ${log} ${log}-damaged\` keeps it as it is for a closer look`;
  return doubtful(`${size}, damaged: ${named}`, remedy);
}

/** A coordinator may remove files while we look. */
function sizeOf(folder: string): number {
  const sizes = readdirSync(folder).map(
    (name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function judgeHolder({ pid, host }: Holder, log: string, size: string): Judgement {
  const who = `process ${pid ?? '?'}`;
  if (host === null) return fine(`${size}, ${who} writes it`);
  const remedy = `name another --data-dir; if that process is gone for good, type \`rm -r ${log}/lock\``;
  return doubtful(`${size}, ${who} on ${host} writes it`, remedy);
}
