/** Logs for tests whose state is the list of their records, so that what is lost, doubled or mixed up shows. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Json } from '../../corpus/vocabulary/json.ts';
import { Log, type Opened } from '../../daemon/log/log.ts';

/** For programs of a child process: the modules, as they were compiled. */
export const LOG_MODULE = compiled('../../daemon/log/log.js');
export const LOCK_MODULE = compiled('../../corpus/disk/lock.js');

function compiled(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}

export function logFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'campaign');
}

export function everythingIn({ snapshot, records }: Opened): readonly Json[] {
  if (snapshot === undefined) return records;
  return Array.isArray(snapshot) ? [...(snapshot as readonly Json[]), ...records] : assert.fail();
}

/** What a folder holds, read and given back. */
export function contentsOf(folder: string): {
  readonly records: readonly Json[];
  readonly damaged: readonly string[];
} {
  const opened = Log.open(folder);
  opened.log.close();
  const damaged = opened.damaged.map(({ where, why }) => `${where}: ${why}`);
  return { records: everythingIn(opened), damaged };
}

export function appendAll(log: Log, records: readonly Json[]): void {
  for (const record of records) log.append(record);
  log.commit();
}

/** `from`, and so many after it. */
export function numbers(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Changes in whose name the folder is locked. */
export function relock(folder: string, change: (holder: string) => string): void {
  const lock = path.join(folder, 'lock');
  const [holder, ...more] = readdirSync(lock);
  assert.deepEqual(more, []);
  const name = holder ?? assert.fail('no lock');
  renameSync(path.join(lock, name), path.join(lock, change(name)));
}

/** As if a process of the same id, which lived before, had taken the lock and died. */
export function lockByTheDead(folder: string): void {
  relock(folder, (holder) => holder.replace(/\.\w+\./, '.earlier_1.'));
}

/** Acts as somebody who may not write there: root may, so it becomes nobody for as long. */
export function withoutWriting(folder: string, act: () => void): void {
  const isRoot = process.geteuid?.() === 0;
  chmodSync(path.dirname(folder), 0o755);
  chmodSync(folder, 0o555);
  if (isRoot) process.seteuid?.(65534);
  try {
    act();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(folder, 0o755);
  }
}
