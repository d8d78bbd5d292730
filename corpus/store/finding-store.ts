/**
 * Findings on disk: a folder each, named by the hash of its signature, that is there whole or not at all. The
 * store believes nothing that it reads: what is damaged is named and skipped.
 *
 * A better repro takes a folder's place in two renames, the old one aside and the new one in. Who dies between
 * them leaves the old one under `.old-…`, and whoever opens the store next puts it back.
 */
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  codeOf,
  isSystemError,
  makeFolders,
  onDisk,
  syncFolder,
  takeFreeName,
  whyOf,
  writeAtomically,
  writeFolder,
} from '../disk/atomic.ts';
import { readStored } from '../disk/read-bounded.ts';
import { assert } from '../vocabulary/assert.ts';
import { fail, Refusal } from '../vocabulary/errors.ts';
import {
  compareRecords,
  type Finding,
  type FindingRecord,
  isFindingId,
  isIdOf,
  keptOf,
  merged,
  printFinding,
  type StoredFinding,
} from '../vocabulary/finding.ts';
import { canonicalJson, readJson } from '../vocabulary/json.ts';
import { parseRepro, printRepro, type Repro } from '../vocabulary/repro.ts';
import { checked, storedFinding, unpackRecord } from '../vocabulary/schemas.ts';

export const REPRO_FILE = 'repro.txt';
export const COLUMNS_FILE = 'columns.txt';
const FINDING_FILE = 'finding.json';
const HOW_FOUND_FILE = 'how-found.json';

export interface Damaged {
  readonly name: string;
  readonly why: string;
}

export interface Listing<T = Finding> {
  readonly findings: readonly T[];
  readonly damaged: readonly Damaged[];
}

/** Where a repro was judged last: by this build, just now, or only by the store that it comes from. */
export type Judged = 'here' | 'elsewhere';

/** `kept`: there was a repro that is as good or better. */
export interface Put {
  readonly outcome: 'new' | 'replaced' | 'kept';
  readonly finding: Finding;
}

/** Where a writer stands between two changes of the disk; tests end it there. */
export type Point = 'written' | 'aside' | 'placed' | 'done';

const NEW = '.new-';
const OLD = '.old-';
/** What cannot be read may come from a newer build: it makes room and stays. */
export const DAMAGED = '.damaged-';
/**
 * Nobody takes this long to write five small files. What was put aside is as old as its finding, and so may look
 * left over at once: where no other has its place it is put back before that is asked.
 */
const LEFTOVER_MS = 15 * 60_000;
/** How often somebody else may put the same finding while we do: it only ends what would never end. */
const TRIES_MAX = 1000;
/** A swap is two renames and a sync of the folder. */
const SWAP_MS = 5;
/** A time stamp is as coarse as the kernel's tick: two moves within one tick leave it as it was. */
const STEADY_READS = 2;
const ABSENT = 'absent';
/** A link would lead out of the data directory. */
const NOT_A_FOLDER = 'it is not a folder, and a link is not followed';

export class FindingStore {
  /** Where the folders of all findings lie. */
  readonly folder: string;
  private readonly reached: (point: Point) => void;

  /** @param dataDir made by the first `put`; reading one that is not there finds nothing */
  constructor(dataDir: string, reached: (point: Point) => void = () => {}) {
    this.folder = path.join(dataDir, 'findings');
    this.reached = reached;
  }

  /** @throws Refusal naming what the disk refuses; what was there stays */
  put(record: FindingRecord, judged: Judged = 'here'): Put {
    return onDisk(this.folder, () => this.putOne(record, judged));
  }

  private putOne(record: FindingRecord, judged: Judged): Put {
    const { finding, repro } = record;
    assert(isIdOf(finding.id, finding.signature), 'finding id', finding.id);
    assert(finding.signature === repro.signature, 'signature of the repro', repro.signature);
    const { problem } = checked(storedFinding, finding);
    assert(problem === null, 'finding', problem);
    this.open();
    const there = this.present(finding.id);
    if (there === undefined) return this.replace(record, OLD, 'new');
    if (there === 'damaged') return this.replace(record, DAMAGED, 'replaced');
    // What was judged just now does what it says; a repro of another engine may do so no longer.
    const isSafer = judged === 'here' && there.repro.engine !== repro.engine;
    const isBetter = isSafer || compareRecords(record, there) < 0;
    if (isBetter) {
      return this.replace({ ...record, finding: merged(finding, there.finding) }, OLD, 'replaced');
    }
    const said = merged(there.finding, finding);
    if (printFinding(said) !== printFinding(there.finding)) {
      writeAtomically(this.folderOf(finding.id), FINDING_FILE, `${printFinding(said)}\n`);
    }
    return { outcome: 'kept', finding: this.located(said) };
  }

  /** In order of their ids. */
  list(): Listing {
    return this.each((name) => this.readFinding(name));
  }

  /** The same, all of each. */
  records(): Listing<FindingRecord> {
    return this.each((name) => this.readRecord(name));
  }

  private each<T>(read: (name: string) => T): Listing<T> {
    const findings: T[] = [];
    const damaged: Damaged[] = [];
    for (const name of this.names()) {
      try {
        findings.push(this.steadily(name, () => read(name)));
      } catch (error) {
        // Moved away since its name was read.
        if (!this.isGone(name)) damaged.push({ name, why: reasonOf(error) });
      }
    }
    return { findings, damaged };
  }

  /**
   * All of one finding.
   * @throws Refusal naming what is missing or damaged
   */
  record(id: string): FindingRecord {
    try {
      return this.steadily(id, () => this.readRecord(id));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw fail('FILE_UNREADABLE', { file: this.folderOf(id), why: whyOf(error) });
    }
  }

  private readRecord(id: string): FindingRecord {
    const { file: _, ...finding } = this.readFinding(id);
    const read = (name: string): string => readStored(path.join(this.folderOf(id), name));
    const howFound = readJson(read(HOW_FOUND_FILE)) ?? null;
    const [repro, columns] = [read(REPRO_FILE), read(COLUMNS_FILE)];
    return unpackRecord({ finding, repro, columns, howFound }, id);
  }

  /** Whether what there is can be listed; nothing is there as long as nobody has put anything. */
  isReadable(): boolean {
    try {
      this.names();
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  /** The ids that begin so. */
  idsOf(prefix: string): readonly string[] {
    return this.names().filter((name) => isFindingId(name) && name.startsWith(prefix));
  }

  /** Where the finding with this id lies, or would. */
  folderOf(id: string): string {
    assert(isFindingId(id), 'finding id', id);
    return path.join(this.folder, id);
  }

  private located(finding: StoredFinding): Finding {
    return { ...keptOf(finding), file: path.join(this.folderOf(finding.id), REPRO_FILE) };
  }

  private present(id: string): { finding: Finding; repro: Repro } | 'damaged' | undefined {
    if (lstatSync(this.folderOf(id), { throwIfNoEntry: false }) === undefined) return undefined;
    try {
      return this.steadily(id, () => this.readWithRepro(id));
    } catch (error) {
      if (!isOutside(error)) throw error;
      return 'damaged';
    }
  }

  private readWithRepro(id: string): { finding: Finding; repro: Repro } {
    const finding = this.readFinding(id);
    const repro = parseRepro(readStored(finding.file), REPRO_FILE);
    if (repro.signature !== finding.signature) throw damage(`${REPRO_FILE}: of another finding`);
    return { finding, repro };
  }

  /**
   * A finding that somebody swaps for a better one while it is read is read again: neither called damaged nor made
   * of files of both. Between the two renames of a swap there is none until its writer runs on: then it is put back.
   */
  private steadily<T>(name: string, read: () => T): T {
    let steadyReads = 0;
    for (let tries = 1; ; tries += 1) {
      const before = this.stampOf(name);
      try {
        const value = read();
        if (tries === TRIES_MAX || this.stampOf(name) === before) return value;
      } catch (error) {
        const isSteady = this.stampOf(name) === before && (before !== ABSENT || this.isGone(name));
        steadyReads = isSteady ? steadyReads + 1 : 0;
        if (tries === TRIES_MAX || steadyReads === STEADY_READS) throw error;
        if (isSteady) continue;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SWAP_MS);
      if (existsSync(this.folder)) this.recover();
    }
  }

  /** In a swap either it stands there or the one that was put aside. */
  private isGone(name: string): boolean {
    try {
      const aside = `${OLD}${name}-`;
      return !readdirSync(this.folder).some((there) => there === name || there.startsWith(aside));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return true;
    }
  }

  private stampOf(name: string): string {
    try {
      const { ino, ctimeMs } = lstatSync(path.join(this.folder, name));
      return `${ino} ${ctimeMs}`;
    } catch (error) {
      // What else the disk refuses is refused to `read` as well, which says so.
      return codeOf(error) === 'ENOENT' ? ABSENT : `${codeOf(error)}`;
    }
  }

  private readFinding(name: string): Finding {
    if (!isFindingId(name)) throw damage('its name is not the hash of a signature');
    const folder = this.folderOf(name);
    if (!lstatSync(folder).isDirectory()) throw damage(NOT_A_FOLDER);
    const value = readJson(readStored(path.join(folder, FINDING_FILE)));
    const { value: stored, problem } = checked(storedFinding, value);
    if (problem !== null) throw damage(`${FINDING_FILE}: ${problem}`);
    if (stored.id !== name) throw damage(`${FINDING_FILE}: it is of another finding`);
    const found = this.located(stored);
    const repro = lstatSync(found.file, { throwIfNoEntry: false });
    if (repro?.isFile() !== true) throw damage(`${REPRO_FILE} is missing`);
    return found;
  }

  private names(): readonly string[] {
    try {
      const there = lstatSync(this.folder);
      if (!there.isDirectory()) throw damage(NOT_A_FOLDER);
      this.recover();
      return readdirSync(this.folder)
        .filter((name) => !name.startsWith('.'))
        .sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      const what = `cannot read ${this.folder}: ${reasonOf(error)}`;
      throw fail('ENVIRONMENT', { what, remedy: 'name another folder with --data-dir' });
    }
  }

  private open(): void {
    makeFolders(this.folder);
    if (!lstatSync(this.folder).isDirectory()) {
      throw fail('DATA_DIR', { dir: this.folder, why: NOT_A_FOLDER });
    }
    this.recover();
  }

  /** Puts back what a swap left aside, and clears away what nobody is writing any more. */
  private recover(): void {
    for (const name of readdirSync(this.folder)) {
      try {
        if (name.startsWith(OLD)) this.putBack(name);
        if (name.startsWith(OLD) || name.startsWith(NEW)) this.clear(name);
      } catch (error) {
        // Not to be written to, or somebody else was faster: then what can be read is read.
        if (!isSystemError(error)) throw error;
      }
    }
  }

  private putBack(name: string): void {
    const id = name.slice(OLD.length, OLD.length + 64);
    if (!isFindingId(id)) return;
    if (lstatSync(this.folderOf(id), { throwIfNoEntry: false }) !== undefined) return;
    renameSync(path.join(this.folder, name), this.folderOf(id));
    syncFolder(this.folder);
  }

  private clear(name: string): void {
    const leftover = path.join(this.folder, name);
    const there = lstatSync(leftover, { throwIfNoEntry: false });
    if (there === undefined || Date.now() - there.mtimeMs < LEFTOVER_MS) return;
    this.discard(leftover);
  }

  /** Renamed first, so that `putBack` never finds a folder of which half the files are gone. */
  private discard(folder: string): void {
    try {
      const going = takeFreeName(this.folder, `${NEW}going`, (name) => renameSync(folder, name));
      rmSync(going, { recursive: true, force: true });
    } catch (error) {
      // Somebody has put it back, or discarded it.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  private replace(record: FindingRecord, aside: string, outcome: Put['outcome']): Put {
    const { id } = record.finding;
    const written = writeFolder(this.folder, `${NEW}${id}`, filesOf(record));
    this.reached('written');
    this.place(written, id, aside);
    this.reached('done');
    return { outcome, finding: this.located(record.finding) };
  }

  private place(written: string, id: string, aside: string): void {
    const target = this.folderOf(id);
    const movedAside: string[] = [];
    for (let tries = 1; !this.renamed(written, target); tries += 1) {
      assert(tries < TRIES_MAX, 'swaps of one finding', id);
      const old = this.movedAside(target, id, aside);
      if (old !== undefined) movedAside.push(old);
      this.reached('aside');
    }
    syncFolder(this.folder);
    this.reached('placed');
    if (aside === OLD) for (const old of movedAside) this.discard(old);
  }

  /** False if something stands there. */
  private renamed(written: string, target: string): boolean {
    try {
      renameSync(written, target);
      return true;
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes(code)) return false;
      rmSync(written, { recursive: true, force: true });
      throw error;
    }
  }

  private movedAside(target: string, id: string, aside: string): string | undefined {
    try {
      return takeFreeName(this.folder, `${aside}${id}`, (name) => renameSync(target, name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function filesOf({ finding, repro, columns, howFound }: FindingRecord): Record<string, string> {
  return {
    [REPRO_FILE]: printRepro(repro),
    [COLUMNS_FILE]: columns,
    'model.json': `${repro.modelJson}\n`,
    [HOW_FOUND_FILE]: `${canonicalJson(howFound)}\n`,
    [FINDING_FILE]: `${printFinding(finding)}\n`,
  };
}

function damage(why: string): Refusal {
  return fail('FILE_UNREADABLE', { file: '', why });
}

function isOutside(error: unknown): boolean {
  return error instanceof Refusal || isSystemError(error);
}

/** Why the outside's part failed; our own mistakes are thrown on. */
function reasonOf(error: unknown): string {
  if (isSystemError(error)) return whyOf(error);
  if (!(error instanceof Refusal)) throw error;
  return error.code === 'FILE_UNREADABLE' ? String(error.facts.why) : error.message;
}
