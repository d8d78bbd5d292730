/**
 * The operators of mutation: each makes one change to a draft, or says that it found nothing to
 * change. They keep what they touch within bounds; `mutate.ts` decides which are applied and checks
 * what comes out.
 */
import { at } from '../vocabulary/assert.ts';
import type { AreaSetup, FileSetup, ProcessSetup, Workload } from '../vocabulary/input.ts';
import {
  AREAS,
  FILE_BYTES_MAX,
  FILES,
  LINE_BYTES,
  MMS,
  OPS,
  PAGE_BYTES,
  PAGES,
  THREADS,
} from '../vocabulary/limits.ts';
import type { Op, OpKind } from '../vocabulary/ops.ts';
import type { Random } from '../vocabulary/random.ts';
import type { Areas, Choice, FileRange } from './op-shape.ts';
import { movedOp, opAt, pageOf, rangeAt, rangeOf } from './op-shape.ts';
import {
  BUFFERED_ONE_IN,
  type Decks,
  deck,
  PAGE_WEIGHTS,
  SPAN_WEIGHTS,
  SYNC_ONE_IN,
} from './weights.ts';

interface ThreadDraft {
  process: number;
  ops: Op[];
}

/** A workload in the making; its parts are replaced, never changed in place. */
export interface Draft {
  readonly decks: Decks;
  readonly files: FileSetup[];
  readonly processes: ProcessSetup[];
  readonly threads: ThreadDraft[];
}

export interface Operator {
  readonly name: string;
  readonly weight: number;
  /** True if it changed the draft; `other` is the second parent, if there is one. */
  readonly apply: (draft: Draft, rng: Random, other: Workload | null) => boolean;
}

export const OPERATORS: readonly Operator[] = [
  // What adds and what takes away weigh about the same, or the corpus grows without end.
  { name: 'insert-op', weight: 14, apply: insertOp },
  { name: 'delete-op', weight: 20, apply: deleteOp },
  { name: 'duplicate-op', weight: 5, apply: duplicateOp },
  { name: 'move-op', weight: 8, apply: moveOp },
  { name: 'swap-ops', weight: 6, apply: swapOps },
  { name: 'splice', weight: 8, apply: splice },
  { name: 'move-offset', weight: 12, apply: moveOffset },
  { name: 'move-onto-other', weight: 8, apply: moveOntoOther },
  { name: 'resize-range', weight: 7, apply: resizeRange },
  { name: 'change-kind', weight: 10, apply: changeKind },
  { name: 'change-page', weight: 10, apply: changePage },
  { name: 'change-size', weight: 5, apply: changeSize },
  { name: 'change-sharing', weight: 3, apply: changeSharing },
  { name: 'change-area', weight: 4, apply: changeArea },
  { name: 'add-file', weight: 2, apply: addFile },
  { name: 'change-process', weight: 5, apply: changeProcess },
  { name: 'prepend-op', weight: 5, apply: prependOp },
  { name: 'append-sync', weight: 5, apply: appendSync },
  { name: 'add-thread', weight: 3, apply: addThread },
  { name: 'drop-thread', weight: 4, apply: dropThread },
];

const STATES = deck(PAGE_WEIGHTS);
const SPANS = deck(SPAN_WEIGHTS);
const RESIZED = [LINE_BYTES, PAGE_BYTES, 2 * PAGE_BYTES] as const;

/** An operation's place: a thread, and an index into its operations. */
interface Spot {
  readonly thread: ThreadDraft;
  readonly index: number;
  readonly op: Op;
}

function pickOp({ threads }: Draft, rng: Random): Spot | null {
  const busy = threads.filter(({ ops }) => ops.length > 0);
  if (busy.length === 0) return null;
  const thread = rng.pick(busy);
  const index = rng.below(thread.ops.length);
  return { thread, index, op: at(thread.ops, index) };
}

function pickRoom({ threads }: Draft, rng: Random): ThreadDraft | null {
  const free = threads.filter(({ ops }) => ops.length < OPS);
  return free.length === 0 ? null : rng.pick(free);
}

function areasOf(draft: Draft, thread: ThreadDraft): Areas {
  return at(draft.processes, thread.process).areas;
}

/** A range near what the workload is about: where another operation is, or the first page. */
function pickRange(draft: Draft, rng: Random): FileRange {
  const spot = pickOp(draft, rng);
  const range = spot === null ? null : rangeOf(spot.op, areasOf(draft, spot.thread));
  return range ?? rangeAt(0, 0, rng.pick(RESIZED));
}

function freshChoice({ decks }: Draft, rng: Random): Choice {
  const area = rng.below(AREAS);
  const buffered = rng.oneIn(BUFFERED_ONE_IN);
  return { area, buffered, isSync: decks.hasSync && rng.oneIn(SYNC_ONE_IN) };
}

function freshOp(draft: Draft, thread: ThreadDraft, kind: OpKind, rng: Random): Op {
  const choice = freshChoice(draft, rng);
  return opAt(kind, pickRange(draft, rng), areasOf(draft, thread), choice);
}

function replaceOp({ thread, index, op }: Spot, next: Op): boolean {
  thread.ops = thread.ops.with(index, next);
  return next !== op;
}

function insertAt(thread: ThreadDraft, index: number, op: Op): boolean {
  thread.ops = thread.ops.toSpliced(index, 0, op);
  return true;
}

function insertOp(draft: Draft, rng: Random): boolean {
  const thread = pickRoom(draft, rng);
  if (thread === null) return false;
  const index = rng.below(thread.ops.length + 1);
  return insertAt(thread, index, freshOp(draft, thread, rng.pick(draft.decks.any), rng));
}

function deleteOp(draft: Draft, rng: Random): boolean {
  const spot = pickOp(draft, rng);
  const count = draft.threads.reduce((sum, { ops }) => sum + ops.length, 0);
  if (spot === null || count < 2) return false;
  spot.thread.ops = spot.thread.ops.toSpliced(spot.index, 1);
  return true;
}

function duplicateOp(draft: Draft, rng: Random): boolean {
  const spot = pickOp(draft, rng);
  if (spot === null || spot.thread.ops.length >= OPS) return false;
  return insertAt(spot.thread, rng.below(spot.thread.ops.length + 1), spot.op);
}

function moveOp(draft: Draft, rng: Random): boolean {
  const spot = pickOp(draft, rng);
  const target = pickRoom(draft, rng);
  if (spot === null || target === null || target === spot.thread) return false;
  spot.thread.ops = spot.thread.ops.toSpliced(spot.index, 1);
  return insertAt(target, rng.below(target.ops.length + 1), spot.op);
}

/** Anywhere: within a thread it is an order, between two it is an exchange. */
function swapOps(draft: Draft, rng: Random): boolean {
  const first = pickOp(draft, rng);
  const second = pickOp(draft, rng);
  if (first === null || second === null || first.op === second.op) return false;
  replaceOp(first, second.op);
  return replaceOp({ ...second, op: at(second.thread.ops, second.index) }, first.op);
}

/** One thread goes on as a thread of the other parent does. */
function splice(draft: Draft, rng: Random, other: Workload | null): boolean {
  if (other === null) return false;
  const thread = rng.pick(draft.threads);
  const kept = thread.ops.slice(0, rng.below(thread.ops.length + 1));
  const donor = rng.pick(other.threads).ops;
  const tail = donor.slice(rng.below(donor.length + 1));
  if (tail.length === 0) return false;
  const known = tail.map((op) => withKnownFile(op, draft.files.length));
  thread.ops = [...kept, ...known].slice(0, OPS);
  return true;
}

/** The other parent may have more files. */
function withKnownFile(op: Op, files: number): Op {
  return 'file' in op && op.file >= files ? { ...op, file: op.file % files } : op;
}

function moveRange(
  draft: Draft,
  spot: Spot | null,
  move: (range: FileRange) => FileRange | null,
): boolean {
  if (spot === null) return false;
  const areas = areasOf(draft, spot.thread);
  const range = rangeOf(spot.op, areas);
  const moved = range === null ? null : move(range);
  return moved !== null && replaceOp(spot, movedOp(spot.op, moved, areas));
}

/** To the start or middle of its page, or one line or page on or back. */
function moveOffset(draft: Draft, rng: Random): boolean {
  return moveRange(draft, pickOp(draft, rng), ({ file, offset, length }) => {
    const page = pageOf(offset) * PAGE_BYTES;
    const targets = [page, page + LINE_BYTES, offset + LINE_BYTES, offset - LINE_BYTES];
    targets.push(offset + PAGE_BYTES, offset - PAGE_BYTES, 0);
    const target = rng.pick(targets);
    return target === offset || target < 0 ? null : rangeAt(file, target, length);
  });
}

function moveOntoOther(draft: Draft, rng: Random): boolean {
  const goal = pickRange(draft, rng);
  return moveRange(draft, pickOp(draft, rng), ({ file, offset, length }) => {
    const page = pageOf(goal.offset);
    if (file === goal.file && page === pageOf(offset)) return null;
    return rangeAt(goal.file, page * PAGE_BYTES + (offset % PAGE_BYTES), length);
  });
}

function resizeRange(draft: Draft, rng: Random): boolean {
  const spot = pickOp(draft, rng);
  if (spot === null || !('length' in spot.op)) return false;
  const length = rng.pick(RESIZED);
  if (length === spot.op.length) return false;
  return moveRange(draft, spot, ({ file, offset }) => rangeAt(file, offset, length));
}

/** The bytes stay, what is done to them changes. */
function changeKind(draft: Draft, rng: Random): boolean {
  const spot = pickOp(draft, rng);
  const kind = rng.pick(draft.decks.any);
  if (spot === null || kind === spot.op.kind) return false;
  const areas = areasOf(draft, spot.thread);
  const range = rangeOf(spot.op, areas) ?? pickRange(draft, rng);
  const choice = freshChoice(draft, rng);
  return replaceOp(spot, opAt(kind, range, areas, choice));
}

function changePage(draft: Draft, rng: Random): boolean {
  const file = rng.below(draft.files.length);
  const { size, pages } = at(draft.files, file);
  const page = rng.below(Math.min(pages.length + 1, PAGES));
  const state = rng.pick(STATES);
  if (state === (pages[page] ?? 'hole')) return false;
  const padded = Array.from({ length: Math.max(pages.length, page + 1) }, (_, i) => pages[i]);
  draft.files[file] = { size, pages: padded.with(page, state).map((one) => one ?? 'hole') };
  return true;
}

function changeSize(draft: Draft, rng: Random): boolean {
  const file = rng.below(draft.files.length);
  const { size, pages } = at(draft.files, file);
  const span = rng.pick(SPANS) * PAGE_BYTES;
  const next = rng.pick([0, span, span - LINE_BYTES, size + PAGE_BYTES, pages.length * PAGE_BYTES]);
  if (next === size || next > FILE_BYTES_MAX) return false;
  draft.files[file] = { size: next, pages };
  return true;
}

function changeSharing(draft: Draft, rng: Random): boolean {
  const process = rng.below(draft.processes.length);
  const { areas } = at(draft.processes, process);
  const index = rng.below(AREAS);
  const area = areas[index];
  if (!area) return false;
  const others = draft.decks.sharings.filter((one) => one !== area.sharing);
  const sharing = others.length === 1 ? at(others, 0) : rng.pick(others);
  draft.processes[process] = { areas: areas.with(index, { ...area, sharing }) };
  return true;
}

/** An area is mapped, to any file and from any of its first pages, or unmapped. */
function changeArea(draft: Draft, rng: Random): boolean {
  const process = rng.below(draft.processes.length);
  const { areas } = at(draft.processes, process);
  const index = rng.below(AREAS);
  const places = Array.from({ length: AREAS }, (_, i) => areas[i] ?? null);
  const file = rng.below(draft.files.length);
  const { pages } = at(draft.files, file);
  const offset = rng.oneIn(3) ? PAGE_BYTES : 0;
  const length = Math.max(pages.length * PAGE_BYTES - offset, PAGE_BYTES);
  const isCleared = rng.oneIn(4) && places.some((area, i) => area !== null && i !== index);
  const area = isCleared ? null : ({ file, offset, length, sharing: 'shared' } as const);
  if (isSameArea(area, places[index] ?? null)) return false;
  draft.processes[process] = { areas: places.with(index, area) };
  return true;
}

/** The second file, of one page, for `change-area` and others to use. */
function addFile(draft: Draft, rng: Random): boolean {
  if (draft.files.length >= FILES) return false;
  draft.files.push({ size: PAGE_BYTES, pages: [rng.pick(STATES)] });
  return true;
}

function isSameArea(left: AreaSetup | null, right: AreaSetup | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.file === right.file &&
    left.offset === right.offset &&
    left.length === right.length &&
    left.sharing === right.sharing
  );
}

/** Into the other address space; a twin of the only one is made where there is none. */
function changeProcess(draft: Draft, rng: Random): boolean {
  const thread = rng.pick(draft.threads);
  if (draft.processes.length < MMS) draft.processes.push(at(draft.processes, thread.process));
  thread.process = (thread.process + 1) % draft.processes.length;
  return true;
}

function prependOp(draft: Draft, rng: Random): boolean {
  const thread = pickRoom(draft, rng);
  if (thread === null) return false;
  return insertAt(thread, 0, freshOp(draft, thread, rng.pick(draft.decks.opening), rng));
}

function appendSync(draft: Draft, rng: Random): boolean {
  const thread = pickRoom(draft, rng);
  if (thread === null) return false;
  return insertAt(
    thread,
    thread.ops.length,
    freshOp(draft, thread, rng.pick(draft.decks.closing), rng),
  );
}

/** A third hand at what an existing thread does. */
function addThread(draft: Draft, rng: Random): boolean {
  if (draft.threads.length >= THREADS) return false;
  const model = rng.pick(draft.threads);
  const thread = { process: model.process, ops: model.ops.slice(0, 1) };
  if (thread.ops.length === 0)
    thread.ops.push(freshOp(draft, thread, rng.pick(draft.decks.any), rng));
  draft.threads.push(thread);
  return true;
}

function dropThread(draft: Draft, rng: Random): boolean {
  if (draft.threads.length < 2) return false;
  draft.threads.splice(rng.below(draft.threads.length), 1);
  return true;
}
