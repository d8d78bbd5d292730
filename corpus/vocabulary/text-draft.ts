/**
 * The state of the reader of texts: parts read so far with their spots, what may come next, and stand-ins for
 * refused lines.
 */
import { assert, at } from './assert.ts';
import type { Refusal } from './errors.ts';
import type { FileSetup, ProcessSetup, Switch } from './input.ts';
import { AREAS, THREADS } from './limits.ts';
import { nearestOf } from './nearest.ts';
import type { Op } from './ops.ts';
import { OP_KINDS } from './ops.ts';
import type { Spot } from './spots.ts';
import type { Place } from './validate.ts';

/** Statements come in this order, so that there is one way to write an input. */
export const STATEMENTS = ['file', 'process', 'thread', 'first', 'switch'] as const;
export type Statement = (typeof STATEMENTS)[number];
const ORDER: readonly string[] = STATEMENTS;

interface ThreadDraft {
  readonly process: number;
  readonly ops: Op[];
  readonly spot: Spot;
  readonly opSpots: Spot[];
}

export interface Draft {
  readonly files: FileSetup[];
  readonly fileSpots: Spot[];
  readonly processes: ProcessSetup[];
  readonly processSpots: Spot[];
  readonly threads: ThreadDraft[];
  readonly switches: Switch[];
  readonly switchSpots: Spot[];
  readonly refusals: Refusal[];
  first: number;
  firstSpot: Spot;
  /** The statement read last, as an index of STATEMENTS. */
  stage: number;
  /** Stops the reader: a list is longer than allowed, and must not grow with the text. */
  isFull: boolean;
  /** A file, process or thread is a stand-in: findProblems would complain about every use of it. */
  isDoubtful: boolean;
}

export function emptyDraft(firstSpot: Spot): Draft {
  return {
    files: [],
    fileSpots: [],
    processes: [],
    processSpots: [],
    threads: [],
    switches: [],
    switchSpots: [],
    refusals: [],
    first: 0,
    firstSpot,
    stage: 0,
    isFull: false,
    isDoubtful: false,
  };
}

/**
 * Files before processes before threads before the schedule; a later part needs the earlier ones.
 */
export function mayFollow(draft: Draft, statement: Statement): boolean {
  const stage = STATEMENTS.indexOf(statement);
  if (stage < draft.stage) return false;
  if (statement === 'process') return draft.files.length > 0;
  if (statement === 'thread') return draft.processes.length > 0;
  if (statement === 'first') return draft.threads.length > 0 && draft.stage < stage;
  return statement === 'file' || draft.threads.length > 0;
}

export function expectedAt(draft: Draft): string {
  const statements = STATEMENTS.filter((statement) => mayFollow(draft, statement));
  const words = statements.map((statement) => `"${statement}"`);
  return [...(isInThread(draft) ? ['an operation'] : []), ...words].join(' or ');
}

/** Words that a line may begin with. */
export function wordsAt(draft: Draft): readonly string[] {
  const statements = STATEMENTS.filter((statement) => mayFollow(draft, statement));
  return [...(isInThread(draft) ? OP_KINDS : []), ...statements];
}

function isInThread({ stage, threads }: Draft): boolean {
  return stage === STATEMENTS.indexOf('thread') && threads.length > 0;
}

const NO_OP: Op = { kind: 'commit' };

/** Adds what the refused line probably was, with valid values. */
export function standIn(draft: Draft, word: string, spot: Spot): void {
  const { files, processes, threads } = draft;
  const words: readonly string[] = [...STATEMENTS, ...(isInThread(draft) ? OP_KINDS : [])];
  const meant = words.includes(word) ? word : nearestOf(word, words);
  const stage = meant === undefined ? -1 : ORDER.indexOf(meant);
  const opening = STATEMENTS.indexOf('thread');
  if (stage < 0 || stage > opening) {
    const thread = threads.at(-1);
    if (stage < 0 && thread !== undefined && isInThread(draft)) standInOp(thread, spot);
    draft.isDoubtful ||= threads.length === 0;
    draft.switchSpots.length = draft.switches.length;
    return;
  }
  draft.isDoubtful = true;
  // A statement that comes too late is dropped; one that comes too early brings what it needs.
  if (stage < draft.stage) return;
  draft.stage = stage;
  const file: FileSetup = { size: 0, pages: [] };
  if (files.length === 0 || files.length < draft.fileSpots.length) files.push(file);
  while (draft.fileSpots.length < files.length) draft.fileSpots.push(spot);
  if (stage === 0) return;
  const areas = new Array<null>(AREAS).fill(null);
  if (processes.length === 0 || processes.length < draft.processSpots.length)
    processes.push({ areas });
  while (draft.processSpots.length < processes.length) draft.processSpots.push(spot);
  const isThere = threads.at(-1)?.spot.line === spot.line;
  if (stage === opening && !isThere && threads.length < THREADS) {
    threads.push({ process: 0, ops: [], spot, opSpots: [] });
  }
}

function standInOp({ ops, opSpots }: ThreadDraft, spot: Spot): void {
  // Only the end of the line was wrong: the operation has been added.
  if (opSpots.at(-1)?.line === spot.line && ops.length === opSpots.length) return;
  if (opSpots.length === ops.length) opSpots.push(spot);
  ops.push(NO_OP);
}

export function spotAt(draft: Draft, place: Place): Spot {
  switch (place.kind) {
    case 'input':
    case 'first':
      return draft.firstSpot;
    case 'file':
      return at(draft.fileSpots, place.file);
    case 'process':
      return at(draft.processSpots, place.process);
    case 'thread':
      return at(draft.threads, place.thread).spot;
    case 'op':
      return at(at(draft.threads, place.thread).opSpots, place.op);
    case 'switch':
      return at(draft.switchSpots, place.index);
    default:
      assert(false, 'place');
  }
}
