/**
 * What people have decided about findings: a small file per id under `marks/`, beside the findings and not in them, so
 * that a better repro, a rerun, a pull or another campaign leaves it alone.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, makeFolders, onDisk, writeAtomically } from '../disk/atomic.ts';
import { readStored } from '../disk/read-bounded.ts';
import { Refusal } from '../vocabulary/errors.ts';
import { isFindingId, shownId } from '../vocabulary/finding.ts';
import { canonicalJson, readJson } from '../vocabulary/json.ts';
import { printable } from '../vocabulary/printable.ts';
import { checked, digest } from '../vocabulary/schemas.ts';

const MARKS_FOLDER = 'marks';
export const NOTE_LENGTH_MAX = 200;

/** `expected`: it is meant to be so. `invalid`: the model, or the tool, is wrong. */
export const MARK_WORDS = ['known', 'fixed', 'duplicate-of', 'invalid', 'expected'] as const;
export type MarkWord = (typeof MARK_WORDS)[number];

export interface Mark {
  readonly as: MarkWord;
  /** Id of the finding that a duplicate is of; else null. */
  readonly of: string | null;
  readonly note: string | null;
}

const markSchema: z.ZodType<Mark> = z.object({
  as: z.enum(MARK_WORDS),
  of: digest.nullable(),
  note: z.string().refine(isNoteText).nullable(),
});

/** Coarser than the time stamps of any file system. */
const TICK_MS = 2000;
/** A file that is edited in its place leaves the folder as it was. */
const KEPT_MS = 10_000;

interface Read {
  readonly changedMs: number;
  readonly readMs: number;
  readonly marks: ReadonlyMap<string, Mark>;
}

export class Marks {
  private readonly folder: string;
  private last: Read = { changedMs: 0, readMs: 0, marks: new Map() };

  constructor(dataDir: string) {
    this.folder = path.join(dataDir, MARKS_FOLDER);
  }

  /** Null where there is none, or none that can be read. */
  of(id: string): Mark | null {
    try {
      const value = readJson(readStored(path.join(this.folder, `${id}.json`)));
      return readMark(value);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  /** @throws Refusal DATA_DIR */
  put(id: string, mark: Mark): void {
    onDisk(this.folder, () => {
      makeFolders(this.folder);
      writeAtomically(this.folder, `${id}.json`, `${canonicalJson({ id, ...mark })}\n`);
    });
  }

  /** @throws Refusal DATA_DIR */
  remove(id: string): void {
    onDisk(this.folder, () => {
      rmSync(path.join(this.folder, `${id}.json`), { force: true });
    });
  }

  /** What takes a finding's place is marked like it, unless it has a mark of its own. */
  follow(id: string, next: string): void {
    const mark = this.of(id);
    if (mark !== null && id !== next && this.of(next) === null) this.put(next, mark);
  }

  /** By id. Read again where the folder has changed, and now and then: a coordinator looks twice a second. */
  all(): ReadonlyMap<string, Mark> {
    const { changedMs, readMs, marks } = this.last;
    const nowMs = Date.now();
    const ageMs = nowMs - readMs;
    // What changed within the same tick of the clock may have been read before.
    const isSteady = changedMs === this.changedMs() && readMs - changedMs > TICK_MS;
    if (isSteady && ageMs >= 0 && ageMs < KEPT_MS) return marks;
    this.last = { changedMs: this.changedMs(), readMs: nowMs, marks: this.read() };
    return this.last.marks;
  }

  private read(): ReadonlyMap<string, Mark> {
    return new Map(
      this.ids().flatMap((id) => {
        const mark = this.of(id);
        return mark === null ? [] : [[id, mark] as const];
      }),
    );
  }

  /** Of the folder's names; 0 where there is none. */
  private changedMs(): number {
    try {
      return statSync(this.folder).mtimeMs;
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      return 0;
    }
  }

  private ids(): readonly string[] {
    try {
      return readdirSync(this.folder)
        .map((name) => path.basename(name, '.json'))
        .filter(isFindingId)
        .sort();
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      return [];
    }
  }
}

/** A mark from elsewhere; null for what is none. */
export function readMark(value: unknown): Mark | null {
  return checked(markSchema, value).value;
}

/** One line that a terminal shows as it is. */
export function isNoteText(text: string): boolean {
  return text !== '' && printable(text, NOTE_LENGTH_MAX) === text;
}

export function markText({ as, of, note }: Mark): string {
  const words = of === null ? as : `${as} ${shownId(of)}`;
  return note === null ? words : `${words}: ${note}`;
}
