/**
 * How often what is drawn: every bias of fresh and mutated workloads in one place. A row is a value
 * and its weight; the first row is what a failing property test shrinks towards.
 */
import {
  OP_KINDS,
  OPERATIONS,
  type Operation,
  type OpKind,
  type PageState,
  type Sharing,
} from '../vocabulary/ops.ts';

export type Weighted<T> = readonly (readonly [value: T, weight: number])[];

/** The values, each as often as its weight says: a pick from it is a weighted pick. */
export function deck<T>(table: Weighted<T>): readonly T[] {
  return table.flatMap(([value, weight]) => new Array<T>(weight).fill(value));
}

/** What workloads are made of. */
export interface Vocabulary {
  readonly kinds: readonly OpKind[];
  readonly sharings: readonly Sharing[];
  /** Whether writes may be synchronous. */
  readonly hasSync: boolean;
}

/** What every model is drawn from; what it lacks is left out afterwards. */
export const COMMON: Vocabulary = {
  kinds: OP_KINDS.filter((kind) => !OPERATIONS[kind].isSpecial),
  sharings: ['shared', 'private'],
  hasSync: false,
};

/** Of each kind as its row in `ops.ts` says: page faults meet everything; next what frees, allocates or moves blocks. */
export const OP_WEIGHTS: Weighted<OpKind> = weights(({ weight }) => weight);
/** What makes sense before the parallel part: it maps, dirties, allocates or makes durable. */
const OPENING_WEIGHTS: Weighted<OpKind> = weights(({ opens }) => opens);
/** What ends a thread: it asks what is durable by then. */
const CLOSING_WEIGHTS: Weighted<OpKind> = weights(({ closes }) => closes);

function weights(of: (operation: Operation) => number): Weighted<OpKind> {
  return OP_KINDS.map((kind) => [kind, of(OPERATIONS[kind])] as const);
}

/** What is new is drawn from these: kinds of operations, each as often as its weight says. */
export interface Decks {
  readonly any: readonly OpKind[];
  readonly opening: readonly OpKind[];
  readonly closing: readonly OpKind[];
  readonly sharings: readonly Sharing[];
  readonly hasSync: boolean;
}

export function decksOf(vocabulary: Vocabulary): Decks {
  const known = decks.get(vocabulary) ?? {
    any: deck(ofKinds(OP_WEIGHTS, vocabulary)),
    opening: deck(ofKinds(OPENING_WEIGHTS, vocabulary)),
    closing: deck(ofKinds(CLOSING_WEIGHTS, vocabulary)),
    sharings: vocabulary.sharings,
    hasSync: vocabulary.hasSync,
  };
  decks.set(vocabulary, known);
  return known;
}

const decks = new WeakMap<Vocabulary, Decks>();

export function ofKinds(table: Weighted<OpKind>, { kinds }: Vocabulary): Weighted<OpKind> {
  return table.filter(([kind]) => kinds.includes(kind));
}

/** Two threads show nearly every race; 3 of 18 workloads get a third. */
export const THREAD_WEIGHTS: Weighted<number> = [
  [1, 1],
  [2, 13],
  [3, 3],
  [4, 1],
];

export const PROCESS_WEIGHTS: Weighted<number> = [
  [1, 3],
  [2, 4],
];

/**
 * The second file is for blocks that change owner and for IO through a mapping of the other file.
 */
export const FILE_WEIGHTS: Weighted<number> = [
  [1, 3],
  [2, 1],
];

/** Pages a file covers; 4 and 8 can be mapped huge. */
export const SPAN_WEIGHTS: Weighted<number> = [
  [1, 12],
  [2, 6],
  [3, 3],
  [4, 2],
  [8, 1],
];

export const PAGE_WEIGHTS: Weighted<PageState> = [
  ['hole', 4],
  ['cached', 3],
  ['unwritten', 2],
  ['written', 4],
];

/** The size against the pages: all of them, to the middle of the last, none, a page more. */
export type SizeChoice = 'whole' | 'half' | 'empty' | 'beyond';
export const SIZE_WEIGHTS: Weighted<SizeChoice> = [
  ['whole', 12],
  ['half', 1],
  ['empty', 1],
  ['beyond', 1],
];

/** How many neighbouring pages the operations fight over. */
export const HOT_WEIGHTS: Weighted<number> = [
  [1, 9],
  [2, 4],
  [3, 1],
];

/** Which of the hot pages an operation takes; HOT_NEXT is the page behind the last. */
export const HOT_NEXT = 3;
export const HOT_PICK_WEIGHTS: Weighted<number> = [
  [0, 9],
  [1, 5],
  [2, 2],
  [HOT_NEXT, 1],
];

/** What of a page, and of those behind it, an operation on a range takes. */
export type Extent = 'page' | 'line' | 'two' | 'rest' | 'across';
export const EXTENT_WEIGHTS: Weighted<Extent> = [
  ['page', 8],
  ['line', 7],
  ['two', 2],
  ['rest', 1],
  ['across', 1],
];

/**
 * Where truncate cuts: all away, the page away, within the page, back to the whole file, a page
 * more.
 */
export type Cut = 'all' | 'page' | 'line' | 'whole' | 'more';
export const CUT_WEIGHTS: Weighted<Cut> = [
  ['all', 4],
  ['page', 3],
  ['line', 2],
  ['whole', 4],
  ['more', 1],
];

export const SHARING_WEIGHTS: Weighted<Sharing> = [
  ['shared', 12],
  ['private', 1],
  ['sync', 4],
];

/**
 * What a process maps besides the whole of file A: nothing, the other file, A again, A from its
 * page 1.
 */
export type SecondArea = 'none' | 'other' | 'same' | 'tail';
export const SECOND_AREA_WEIGHTS: Weighted<SecondArea> = [
  ['none', 6],
  ['other', 3],
  ['same', 2],
  ['tail', 1],
];

/** How far a mapping reaches: over the file's pages, a page more, as far as a file can. */
export type Reach = 'span' | 'more' | 'all';
export const REACH_WEIGHTS: Weighted<Reach> = [
  ['span', 12],
  ['more', 1],
  ['all', 1],
];

/** One read or write in so many takes a mapping as its buffer. */
export const BUFFERED_ONE_IN = 8;
/** One write in so many is synchronous, where models have that. */
export const SYNC_ONE_IN = 4;
/** In one workload of so many each read and write has a mapping of the other file as its buffer (B36, B52, B54). */
export const CROSSWISE_WEIGHTS: Weighted<boolean> = [
  [false, 23],
  [true, 1],
];
/** One operation in so many is on file B, where there is one. */
export const FILE_B_ONE_IN = 4;

/** Operations a thread, mostly; one list in LONG_LIST_ONE_IN may have up to OPS. */
export const OPS_USUAL = 3;
export const LONG_LIST_ONE_IN = 8;

/** Operators a mutation applies. */
export const OPERATOR_COUNT_WEIGHTS: Weighted<number> = [
  [1, 6],
  [2, 3],
  [3, 1],
];
