/** What a program claims of an input, and what its operations have to remember for that. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { LINES_PER_PAGE, OPS, PAGES } from '../../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../../corpus/vocabulary/ops.ts';
import { extentBlock, isWritten, vmaFile, vmaPage, writerOf } from '../../kernel/encoding.ts';
import { EXTENT, VMA } from '../../kernel/layout.ts';
import type { World } from '../../kernel/world.ts';
import { options } from './text.ts';

/** The one operation that stores to a line, which has its block from the start. */
interface Store {
  readonly writer: number;
  readonly file: number;
  /** The line of the device; -1 where the page has no written block. */
  readonly at: number;
}

/** Operations that leave each page its block: beside them a claim on fsync needs no history. */
const HARMLESS: readonly OpKind[] = ['load', 'store', 'fsync'];

/**
 * What an fsync owes, where that is plain: each line has one store at most, to a block that it keeps. Null elsewhere:
 * then nothing is claimed of an fsync.
 * @param isDurable the model tracks what is stored through mappings
 */
export function storesOwed(
  isDurable: boolean,
  { threads }: Input,
  world: World,
): readonly Store[] | null {
  const kinds = threads.flatMap(({ ops }) => ops.map(({ kind }) => kind));
  if (!isDurable || !kinds.includes('fsync')) return null;
  if (!kinds.every((kind) => HARMLESS.includes(kind))) return null;
  const stores = threads.flatMap(({ ops }, t) =>
    ops.flatMap(({ kind }, op) => (kind === 'store' ? [storeOf(world, t, op)] : [])),
  );
  const lines = new Set(stores.map(({ at }) => at));
  return lines.size === stores.length && !lines.has(-1) ? stores : null;
}

function storeOf({ start, rows }: World, thread: number, op: number): Store {
  const row = rows[thread * OPS + op];
  const vma = start[VMA + (row?.area ?? 0)] ?? 0;
  const file = vmaFile(vma);
  const line = vmaPage(vma) * LINES_PER_PAGE + (row?.first ?? 0);
  const extent = start[EXTENT + file * PAGES + (line >> 1)] ?? 0;
  const at = isWritten(extent) ? extentBlock(extent) * LINES_PER_PAGE + (line & 1) : -1;
  return { writer: writerOf(thread, op), file, at };
}

/** When an operation begins. */
export function begins(input: Input, stores: readonly Store[] | null): string {
  const fsyncs = stores === null ? [] : placesOf(input, 'fsync');
  const noted = fsyncs.map((place) => `:: ${place} -> done_at[WRITER] = done`);
  return ['begun[who] = 1', ...(noted.length === 0 ? [] : [options(noted)])].join(';\n');
}

/** When it ends. */
export function ends(input: Input, stores: readonly Store[] | null): string {
  const others = input.threads.map((_, t) => `(who == ${t} || !begun[${t}])`);
  const quiet = options([`:: ${others.join(' && ')} -> check_mappings()`]);
  if (stores === null) return quiet;
  const isFsync = placesOf(input, 'fsync').join(' || ');
  const synced = stores.map(({ writer, file, at }) =>
    options([
      `:: F.file == ${file} && ((done_at[WRITER] >> ${writer}) & 1) -> owed[${at}] = 1; deny(lost_sync, cpu[${at}] == ${writer} && media[${at}] != ${writer})`,
    ]),
  );
  return [
    options([`:: (${isFsync}) && F.result == OK ->\n${synced.join(';\n')}`]),
    options([':: F.result == OK && F.note == 0 -> done = done | (1 << WRITER)']),
    quiet,
  ].join(';\n');
}

function placesOf({ threads }: Input, kind: OpKind): readonly string[] {
  return threads.flatMap(({ ops }, t) =>
    ops.flatMap((op, i) => (op.kind === kind ? [`(who == ${t} && operation[who] == ${i})`] : [])),
  );
}
