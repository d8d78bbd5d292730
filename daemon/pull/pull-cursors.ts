/**
 * How far each list has been read, kept beside the findings in `pull.json`. It only saves work: without it
 * everything is compared again.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { makeFolders, onDisk, writeAtomically } from '../../corpus/disk/atomic.ts';
import { readStored } from '../../corpus/disk/read-bounded.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { canonicalJson, readJson } from '../../corpus/vocabulary/json.ts';
import type { Filter } from './pull-listing.ts';

export interface Cursor {
  /** Which list: the coordinator, and what was asked of it. */
  readonly url: string;
  readonly model: string | null;
  readonly class: string | null;
  /** Another campaign counts its revisions anew. */
  readonly campaign: string;
  /** Everything up to it is here. */
  readonly revision: number;
  /** Of the empty page after it; null if that page was not read. */
  readonly etag: string | null;
}

export const CURSORS_FILE = 'pull.json';
const VERSION = 1;
/** Nobody pulls from more lists into one folder; the one read longest ago is forgotten. */
const CURSORS_MAX = 100;

const text = z.string().max(512);
const schema = z.strictObject({
  version: z.literal(VERSION),
  // An older name: a folder that was pulled into stays readable.
  marks: z
    .array(
      z.strictObject({
        url: text,
        model: text.nullable(),
        class: text.nullable(),
        campaign: text,
        revision: z.int().min(0),
        etag: text.nullable(),
      }),
    )
    .max(CURSORS_MAX),
});

export interface Cursors {
  readonly cursors: readonly Cursor[];
  /** Why the file could not be read, if there is one that could not. */
  readonly problem: string | null;
}

export function readCursors(dest: string): Cursors {
  const file = path.join(dest, CURSORS_FILE);
  const none = (problem: string | null): Cursors => ({ cursors: [], problem });
  try {
    if (!existsSync(file)) return none(null);
    const parsed = schema.safeParse(readJson(readStored(file)));
    return parsed.success ? { cursors: parsed.data.marks, problem: null } : none('not one of ours');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return none(String(error.facts.why ?? error.message));
  }
}

export function cursorOf(
  cursors: readonly Cursor[],
  url: string,
  filter: Filter,
): Cursor | undefined {
  return cursors.find((one) => isOf(one, url, filter.model ?? null, filter.class ?? null));
}

/** Read again before it is written: another list may have been read meanwhile. */
export function keepCursor(dest: string, cursor: Cursor): void {
  const others = readCursors(dest).cursors.filter(
    (one) => !isOf(one, cursor.url, cursor.model, cursor.class),
  );
  const cursors = [...others, cursor].slice(-CURSORS_MAX);
  onDisk(dest, () => makeFolders(dest));
  writeAtomically(dest, CURSORS_FILE, `${canonicalJson({ version: VERSION, marks: cursors })}\n`);
}

function isOf(cursor: Cursor, url: string, model: string | null, wanted: string | null): boolean {
  return cursor.url === url && cursor.model === model && cursor.class === wanted;
}
