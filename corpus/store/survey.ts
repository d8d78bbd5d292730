/** What lies in a store, read in full: findings with the engine that judged them, and what cannot be read, by name. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../disk/atomic.ts';
import { readStart } from '../disk/read-bounded.ts';
import { Refusal } from '../vocabulary/errors.ts';
import type { Finding, FindingRecord } from '../vocabulary/finding.ts';
import { DAMAGED, type FindingStore, REPRO_FILE } from './finding-store.ts';

export interface Surveyed {
  readonly finding: Finding;
  readonly record: FindingRecord;
}

export interface Unreadable {
  readonly folder: string;
  readonly why: string;
}

export interface Survey {
  readonly findings: readonly Surveyed[];
  readonly unreadable: readonly Unreadable[];
}

/** Of a repro, as far as the line that names its engine. */
const HEAD_BYTES = 4096;
const ENGINE = /^engine ([0-9a-f]+)$/m;
const MADE_ROOM = 'it could not be read when a new repro of its finding took its place';

/** @throws Refusal ENVIRONMENT if the store itself cannot be read */
export function survey(store: FindingStore): Survey {
  const { folder } = store;
  const { findings: records, damaged } = store.records();
  const findings = records.map((record) => {
    const file = path.join(store.folderOf(record.finding.id), REPRO_FILE);
    return { finding: { ...record.finding, file }, record };
  });
  const unreadable = damaged.map(({ name, why }) => ({ folder: path.join(folder, name), why }));
  for (const name of namesIn(folder)) {
    if (!name.startsWith(DAMAGED)) continue;
    unreadable.push({ folder: path.join(folder, name), why: MADE_ROOM });
  }
  return { findings, unreadable };
}

/** How many findings were judged by another engine; what cannot be read is of none. */
export function countOfOtherEngines(store: FindingStore, engine: string): number {
  return store.idsOf('').filter((id) => {
    const found = engineIn(path.join(store.folderOf(id), REPRO_FILE));
    return found !== null && found !== engine;
  }).length;
}

function engineIn(file: string): string | null {
  try {
    return ENGINE.exec(readStart(file, HEAD_BYTES))?.[1] ?? null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return [];
  }
}
