/**
 * The coordinator's truth on disk: records, appended and synced in groups, and now and then the state that they add
 * up to. It knows nothing of what they mean. Who is killed at any moment finds every record that was committed.
 *
 * A snapshot begins a new log, so files cut the records at the same places: `snapshot-9.json` holds until
 * `log-10.ndjson`. The generation before stays, in case that the newer one is damaged.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { makeFolders, onDisk, syncFolder, writeAtomically } from '../../corpus/disk/atomic.ts';
import { takeLock } from '../../corpus/disk/lock.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import { printRecord, printState } from './log-file.ts';
import {
  type Contents,
  type Damaged,
  type LastLog,
  logName,
  namesOf,
  readLog,
  snapshotName,
} from './log-read.ts';

export interface Opened {
  readonly log: Log;
  /** The newest state that is whole; undefined if there is none. */
  readonly snapshot: Json | undefined;
  /** Those after it, in order. Records that were appended and never committed may be among the last. */
  readonly records: readonly Json[];
  readonly damaged: readonly Damaged[];
}

/** The file that records are appended to. */
interface Segment {
  readonly first: number;
  readonly descriptor: number;
  /** Of committed records. */
  bytes: number;
}

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const EXISTING = constants.O_WRONLY | NO_FOLLOW;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
const FILE_MODE = 0o666;
/** What `writeAtomically` leaves where it is killed. */
const LEFTOVER = /^\.new-snapshot-/;

export class Log {
  private readonly folder: string;
  private readonly unlock: () => void;
  private readonly spoiled: Set<string>;
  private segment: Segment;
  private next: number;
  private pending: string[] = [];
  private isClosed = false;

  /**
   * Takes the folder, which is made if there is none, and reads it.
   * @throws Refusal DATA_DIR if the disk refuses; ENVIRONMENT if another coordinator has the folder
   */
  static open(folder: string): Opened {
    return onDisk(folder, () => {
      makeFolders(folder);
      if (!lstatSync(folder).isDirectory()) {
        const why = 'it is not a folder, and a link is not followed';
        throw fail('DATA_DIR', { dir: folder, why });
      }
      const unlock = takeLock(folder);
      try {
        for (const name of readdirSync(folder)) {
          if (LEFTOVER.test(name)) unlinkSync(path.join(folder, name));
        }
        const contents = readLog(folder);
        const { snapshot, records, damaged } = contents;
        return { log: new Log(folder, unlock, contents), snapshot, records, damaged };
      } catch (error) {
        unlock();
        throw error;
      }
    });
  }

  private constructor(folder: string, unlock: () => void, contents: Contents) {
    this.folder = folder;
    this.unlock = unlock;
    this.spoiled = new Set(contents.spoiled);
    this.next = contents.next;
    this.segment = resumeSegment(folder, contents);
  }

  /** Of the present log, committed. */
  get bytes(): number {
    return this.segment.bytes;
  }

  /** Adds a record to those that the next `commit` writes; what becomes of the value later does not matter. */
  append(record: Json): void {
    assert(!this.isClosed, 'a closed log');
    this.pending.push(printRecord(this.next, record));
    this.next += 1;
  }

  /**
   * Writes what was appended, and syncs once for all of it. After a refusal nothing is forgotten: the next call
   * writes it again, from where the committed records end, over what the disk has taken of it. That is also right
   * after a failed sync, which says nothing about what is on the disk.
   * @throws Refusal DATA_DIR if the disk refuses
   */
  commit(): void {
    assert(!this.isClosed, 'a closed log');
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending.join(''), 'utf8');
    const { segment } = this;
    onDisk(this.folder, () => {
      writeAt(segment.descriptor, bytes, segment.bytes);
      fdatasyncSync(segment.descriptor);
    });
    segment.bytes += bytes.length;
    this.pending = [];
  }

  /**
   * Keeps the state that all records add up to, which must be committed, and begins a new log. Older files go, but
   * for the generation before; damaged ones are renamed to `.damaged-…`. After a refusal the records are as safe as
   * before.
   * @throws Refusal DATA_DIR if the disk refuses
   */
  snapshot(state: Json): void {
    assert(!this.isClosed, 'a closed log');
    assert(this.pending.length === 0, 'a snapshot of records that are not committed');
    const last = this.next - 1;
    const name = snapshotName(last);
    const text = printState(last, state);
    onDisk(this.folder, () => {
      // First, so that no log goes on beyond a snapshot.
      if (this.segment.first !== this.next) this.beginLog();
      if (this.spoiled.has(name)) this.setAside(name);
      writeAtomically(this.folder, name, text);
      this.prune(last);
    });
  }

  private beginLog(): void {
    const { descriptor } = this.segment;
    this.segment = newSegment(this.folder, this.next);
    closeSync(descriptor);
  }

  private prune(last: number): void {
    const { logs, snapshots } = namesOf(this.folder);
    const good = snapshots.filter(({ name, seq }) => seq < last && !this.spoiled.has(name));
    const before = good.at(-1)?.seq ?? 0;
    const old = snapshots.filter(({ seq }) => seq !== last && seq !== before);
    for (const { name } of [...old, ...logs.filter(({ seq }) => seq <= before)]) {
      const file = path.join(this.folder, name);
      if (this.spoiled.has(name) || !lstatSync(file).isFile()) this.setAside(name);
      else unlinkSync(file);
    }
  }

  private setAside(name: string): void {
    const file = path.join(this.folder, name);
    renameSync(
      file,
      freeName((i) => path.join(this.folder, `.damaged-${name}-${i}`)),
    );
    this.spoiled.delete(name);
  }

  /** Gives the folder back. What is not committed is forgotten. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.segment.descriptor);
    onDisk(this.folder, this.unlock);
  }
}

/**
 * The log to go on with. What a crash cut short goes; what cannot be that is damage, and stays as a line of its
 * own. Its records count from now on, so they must be as safe as if they had just been committed.
 */
function resumeSegment(folder: string, { last, next }: Contents): Segment {
  if (last === undefined) return newSegment(folder, next);
  const descriptor = openSync(path.join(folder, logName(last.first)), EXISTING);
  try {
    const bytes = mendTail(descriptor, last);
    fdatasyncSync(descriptor);
    syncFolder(folder);
    return { first: last.first, descriptor, bytes };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Where the next record goes. */
function mendTail(descriptor: number, { whole, end, isTorn }: LastLog): number {
  if (end === whole) return whole;
  if (isTorn) {
    ftruncateSync(descriptor, whole);
    return whole;
  }
  writeAt(descriptor, Buffer.from('\n'), end);
  return end + 1;
}

/** There afterwards, or not at all. */
function newSegment(folder: string, first: number): Segment {
  const file = path.join(folder, logName(first));
  const descriptor = openSync(file, NEW_FILE, FILE_MODE);
  try {
    syncFolder(folder);
  } catch (error) {
    closeSync(descriptor);
    unlinkSync(file);
    throw error;
  }
  return { first, descriptor, bytes: 0 };
}

/** A full disk may take a part and then refuse the rest. */
function writeAt(descriptor: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}

/** Nobody else makes names here: the folder is ours. */
function freeName(nameOf: (i: number) => string): string {
  let i = 1;
  while (lstatSync(nameOf(i), { throwIfNoEntry: false }) !== undefined) i += 1;
  return nameOf(i);
}
