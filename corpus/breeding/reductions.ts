/**
 * The passes of the minimizer, coarse ones first: each lists what could take the place of an input. The order
 * is a function of the input alone, so that minimizing gives the same answer wherever it runs.
 */
import { at } from '../vocabulary/assert.ts';
import type { Input, Switch, ThreadOps } from '../vocabulary/input.ts';
import { LINE_BYTES, MMS, OPS, PAGE_BYTES, PAGES } from '../vocabulary/limits.ts';
import { OPERATIONS, type Op, type PageState } from '../vocabulary/ops.ts';
import { type FileRange, movedOp, pageOf, rangeOf } from './op-shape.ts';
import { simplerArguments, simplerSetups } from './simpler.ts';

export interface Reduction {
  readonly name: string;
  readonly candidates: (input: Input) => readonly Input[];
}

export const REDUCTIONS: readonly Reduction[] = [
  { name: 'drop threads', candidates: fewerThreads },
  { name: 'drop halves of a thread', candidates: halfThreads },
  { name: 'drop operations', candidates: fewerOps },
  { name: 'let the setup do it', candidates: absorbedOps },
  { name: 'let another process do it', candidates: fewerOpsApart },
  { name: 'merge threads', candidates: mergedThreads },
  { name: 'drop pairs of operations', candidates: fewerPairs },
  { name: 'simplify the setup', candidates: simplerSetups },
  { name: 'simplify arguments', candidates: simplerArguments },
  { name: 'move into the sequential prefix', candidates: longerPrefix },
  { name: 'let another thread do it', candidates: movedOps },
  { name: 'do once more what another does', candidates: repeatedOps },
  { name: 'drop one, move another', candidates: (input) => atLeastTwo(input).flatMap(movedOps) },
  { name: 'drop one, repeat another', candidates: fewerRepeatedOps },
  {
    name: 'drop one, apart from the others',
    candidates: (input) => atLeastTwo(input).flatMap(apart),
  },
  { name: 'drop switches', candidates: fewerSwitches },
];

function fewerThreads(input: Input): readonly Input[] {
  return backwards(input.threads.length).map((thread) =>
    without(input, (placed) => placed.thread === thread),
  );
}

/** Below this a pass over single operations is as quick. */
const HALVED_OPS = 4;

function halfThreads(input: Input): readonly Input[] {
  return backwards(input.threads.length).flatMap((thread) => {
    const count = at(input.threads, thread).ops.length;
    if (count < HALVED_OPS) return [];
    const isLate = ({ index }: Placed): boolean => index >= count / 2;
    return [
      without(input, (placed) => placed.thread === thread && isLate(placed)),
      without(input, (placed) => placed.thread === thread && !isLate(placed)),
    ];
  });
}

/** From the end: what comes late cannot have caused what comes early. */
function opsBackwards(input: Input): readonly Placed[] {
  return rowsOf(input)
    .flatMap(({ ops }) => ops)
    .reverse();
}

function fewerOps(input: Input): readonly Input[] {
  return opsBackwards(input).map((gone) => without(input, (placed) => isSame(placed, gone)));
}

/** Without one operation, where two are left to be changed: one alone has been tried by itself. */
function atLeastTwo(input: Input): readonly Input[] {
  return fewerOps(input).filter(({ threads }) => threads.flatMap(({ ops }) => ops).length > 1);
}

/** Two operations may need each other: a lock and its release, a growth and a cut. */
function fewerPairs(input: Input): readonly Input[] {
  const ops = opsBackwards(input);
  return ops.flatMap((one, i) =>
    ops
      .slice(i + 1)
      .map((other) => without(input, (placed) => isSame(placed, one) || isSame(placed, other))),
  );
}

function isSame(left: Placed, right: Placed): boolean {
  return left.thread === right.thread && left.index === right.index;
}

function backwards(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => count - 1 - i);
}

// Operations whose effect can be there from the start

function absorbedOps(input: Input): readonly Input[] {
  return opsBackwards(input).flatMap((gone) => {
    const { process } = at(input.threads, gone.thread);
    const range = rangeOf(gone.op, at(input.setup.processes, process).areas);
    if (range === null) return [];
    const rest = without(input, (placed) => isSame(placed, gone));
    if ('size' in gone.op) return [withSize(rest, gone.op)];
    const { leaves } = OPERATIONS[gone.op.kind];
    return leaves === undefined ? [] : [withPages(rest, range, leaves)];
  });
}

/** As long as a truncate leaves it, with what is in the pages. */
function withSize(input: Input, { file, size }: { file: number; size: number }): Input {
  const { files } = input.setup;
  const { pages } = at(files, file);
  return { ...input, setup: { ...input.setup, files: files.with(file, { size, pages }) } };
}

function withPages(input: Input, range: FileRange, state: PageState): Input {
  const { files } = input.setup;
  const file = at(files, range.file);
  const from = pageOf(range.offset);
  const to = Math.min(PAGES, Math.ceil((range.offset + range.length) / PAGE_BYTES));
  const length = Math.max(file.pages.length, to);
  const pages = Array.from({ length }, (_, page) =>
    page >= from && page < to ? state : (file.pages[page] ?? 'hole'),
  );
  const size = Math.max(file.size, to * PAGE_BYTES);
  return { ...input, setup: { ...input.setup, files: files.with(range.file, { size, pages }) } };
}

/** A mapping of one's own spares the operations that made room in a shared one. */
function fewerOpsApart(input: Input): readonly Input[] {
  const { processes } = input.setup;
  if (processes.length >= MMS) return [];
  const twins = [...processes, ...processes].slice(0, MMS);
  return fewerOps(input).flatMap((rest) =>
    rest.threads.slice(1).map((thread, i) => ({
      ...rest,
      setup: { ...rest.setup, processes: twins },
      threads: rest.threads.with(i + 1, { ...thread, process: processes.length }),
    })),
  );
}

// Who does what

/** All that a thread does is done by another, before, after or between its own. */
function mergedThreads(input: Input): readonly Input[] {
  return backwards(input.threads.length).flatMap((gone) =>
    Array.from({ length: gone }, (_, into) => into).flatMap((into) => merged(input, gone, into)),
  );
}

function merged(input: Input, gone: number, into: number): readonly Input[] {
  const rows = rowsOf(input);
  const moved = at(rows, gone).ops;
  const own = at(rows, into);
  if (own.ops.length + moved.length > OPS) return [];
  const apart = [
    [...own.ops, ...moved],
    [...moved, ...own.ops],
  ];
  const home = rows.map((_, thread) => (thread === gone ? into : thread));
  return [...apart, ...mixed(own.ops, moved)].map((ops) =>
    rearranged(input, rows.with(into, { ...own, ops }).with(gone, { ...own, ops: [] }), home),
  );
}

/** Every order of two sequences in one: twenty of two times three operations, and no thread has more than six. */
function mixed(one: readonly Placed[], other: readonly Placed[]): readonly (readonly Placed[])[] {
  const [first, ...rest] = one;
  const [second, ...others] = other;
  if (first === undefined || second === undefined) return [[...one, ...other]];
  return [
    ...mixed(rest, other).map((tail) => [first, ...tail]),
    ...mixed(one, others).map((tail) => [second, ...tail]),
  ];
}

/** What a thread does first is done by an earlier thread before anything else. */
function longerPrefix(input: Input): readonly Input[] {
  const rows = rowsOf(input);
  return backwards(rows.length).flatMap((from) =>
    Array.from({ length: from }, (_, into) => into).flatMap((into) => {
      const [head, ...tail] = at(rows, from).ops;
      const target = at(rows, into);
      if (head === undefined || tail.length === 0 || target.ops.length >= OPS) return [];
      const next = rows
        .with(into, { ...target, ops: [head, ...target.ops] })
        .with(from, { ...at(rows, from), ops: tail });
      const home = rows.map((_, thread) => thread);
      const schedule = { ...input.schedule, first: into };
      return [rearranged({ ...input, schedule }, next, home)];
    }),
  );
}

/** An operation of a thread is done by another, at any place among its own. */
function movedOps(input: Input): readonly Input[] {
  const rows = rowsOf(input);
  const home = rows.map((_, thread) => thread);
  return rows.flatMap((row, from) =>
    row.ops.flatMap((op, index) =>
      rows.flatMap((target, into) => {
        if (into === from || row.ops.length === 1 || target.ops.length >= OPS) return [];
        const left = rows.with(from, { ...row, ops: row.ops.toSpliced(index, 1) });
        return Array.from({ length: target.ops.length + 1 }, (_, place) => {
          const ops = target.ops.toSpliced(place, 0, op);
          return rearranged(input, left.with(into, { ...target, ops }), home);
        });
      }),
    ),
  );
}

/** An operation is another one of the input: fewer kinds are less to think about, and may need fewer preemptions. */
function repeatedOps(input: Input): readonly Input[] {
  return withOpsOf(input, input);
}

function fewerRepeatedOps(input: Input): readonly Input[] {
  return atLeastTwo(input).flatMap((rest) => withOpsOf(rest, input));
}

/** Each operation replaced by each of another input. */
function withOpsOf(input: Input, from: Input): readonly Input[] {
  const ops = from.threads.flatMap((thread) => thread.ops);
  return input.threads.flatMap((thread, t) =>
    thread.ops.flatMap((own, i) =>
      ops
        .filter((op) => op !== own)
        .map((op) => ({
          ...input,
          threads: input.threads.with(t, { ...thread, ops: thread.ops.with(i, op) }),
        })),
    ),
  );
}

/** An access or a write goes to the other line of its page, apart from the others. */
function apart(input: Input): readonly Input[] {
  return input.threads.flatMap((thread, t) => {
    const { areas } = at(input.setup.processes, thread.process);
    return thread.ops.flatMap((op, i) => {
      const range = rangeOf(op, areas);
      if (range === null || range.length !== LINE_BYTES || 'size' in op) return [];
      const other = movedOp(op, { ...range, offset: otherLine(range.offset) }, areas);
      return [
        { ...input, threads: input.threads.with(t, { ...thread, ops: thread.ops.with(i, other) }) },
      ];
    });
  });
}

function otherLine(offset: number): number {
  return offset % PAGE_BYTES === 0 ? offset + LINE_BYTES : offset - LINE_BYTES;
}

// The schedule

function fewerSwitches(input: Input): readonly Input[] {
  const { first, switches } = input.schedule;
  const none = switches.length < 2 ? [] : [{ first, switches: [] }];
  const single = backwards(switches.length).map((gone) => ({
    first,
    switches: switches.toSpliced(gone, 1),
  }));
  const candidates = [...none, ...single].map((schedule) => ({ ...input, schedule }));
  return first === 0 ? candidates : [...candidates, startingWithT0(input)];
}

/** The thread that runs first changes places with T0. */
function startingWithT0(input: Input): Input {
  const rows = rowsOf(input);
  const { first } = input.schedule;
  const swapped = rows.with(0, at(rows, first)).with(first, at(rows, 0));
  const home = rows.map((_, thread) => (thread === 0 ? first : thread === first ? 0 : thread));
  return rearranged(input, swapped, home);
}

// Operations taken out, moved or put together: switches are anchored to operations, so they move and go with theirs

/** An operation and where it stood before. */
interface Placed {
  readonly op: Op;
  readonly thread: number;
  readonly index: number;
}

interface Row {
  readonly process: number;
  readonly ops: readonly Placed[];
}

export function rowsOf(input: Input): readonly Row[] {
  return input.threads.map(({ process, ops }, thread) => ({
    process,
    ops: ops.map((op, index) => ({ op, thread, index })),
  }));
}

/** Without the operations for which `isGone` holds; a thread without operations goes, too. */
export function without(input: Input, isGone: (placed: Placed) => boolean): Input {
  const rows = rowsOf(input).map(({ process, ops }) => ({
    process,
    ops: ops.filter((placed) => !isGone(placed)),
  }));
  const home = rows.map((_, thread) => thread);
  return rearranged(input, rows, home);
}

/**
 * The rows as they are to be.
 * @param home which row each thread of before has become
 */
function rearranged(input: Input, rows: readonly Row[], home: readonly number[]): Input {
  const busy = rows.filter(({ ops }) => ops.length > 0);
  const kept = busy.length > 0 ? busy : rows.slice(0, 1);
  const index = new Map(kept.map((row, thread) => [row, thread]));
  const homeOf = (thread: number): number => index.get(at(rows, at(home, thread))) ?? -1;
  const { first, switches } = input.schedule;
  return {
    setup: input.setup,
    threads: kept.map(threadOf),
    schedule: {
      first: Math.max(0, homeOf(first)),
      switches: switches.flatMap((one) => moved(one, input, kept, homeOf) ?? []),
    },
  };
}

function threadOf({ process, ops }: Row): ThreadOps {
  return { process, ops: ops.map(({ op }) => op) };
}

/** The switch where its operation is now; null if that is gone, or if no thread is left to go to. */
function moved(
  one: Switch,
  before: Input,
  kept: readonly Row[],
  homeOf: (thread: number) => number,
): Switch | null {
  const to = homeOf(one.to);
  if (to < 0) return null;
  const isEnd = one.op === at(before.threads, one.thread).ops.length;
  for (const [thread, { ops }] of kept.entries()) {
    const op = ops.findIndex((p) => p.thread === one.thread && p.index === one.op);
    if (op >= 0) return { ...one, thread, op, to };
    if (isEnd && ops.at(-1)?.thread === one.thread) return { ...one, thread, op: ops.length, to };
  }
  return null;
}
