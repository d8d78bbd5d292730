/**
 * The statements of the text form, one a line, read into an input. What they mean is
 * `validate.ts`'s. A refused line does not stop the reader: a stand-in takes its place, so that later lines
 * are judged on their own, and one refusal carries the problems of all.
 */
import { at, unreachable } from './assert.ts';
import { failInFile, failTogether, Refusal } from './errors.ts';
import type { AreaSetup, Input } from './input.ts';
import { AREAS, OPS, PAGES, SWITCHES_MAX } from './limits.ts';
import { AREA_NAMES, FILE_NAMES, PROCESS_NAMES, THREAD_NAMES } from './names.ts';
import {
  type AreaOffset,
  isRequired,
  makeOp,
  OP_KINDS,
  OPERATIONS,
  type Op,
  type OpKind,
  PAGE_STATES,
  type PageState,
  type Required,
  SHARINGS,
  type Sharing,
} from './ops.ts';
import type { Spot } from './spots.ts';
import {
  type Draft,
  emptyDraft,
  expectedAt,
  mayFollow,
  STATEMENTS,
  type Statement,
  spotAt,
  standIn,
  wordsAt,
} from './text-draft.ts';
import type { Cursor } from './text-lexer.ts';
import {
  nextLine,
  peek,
  readHeader,
  refuse,
  spotOf,
  take,
  takeEnd,
  takeIf,
  takeKeyword,
  takeMatch,
  takeName,
  takeNumber,
} from './text-lexer.ts';
import type { Place, Problem } from './validate.ts';
import { findProblems, LABEL } from './validate.ts';

export const INPUT_VERSION = 1;

/** An input and where its parts stand in the text. */
export interface InputText {
  readonly input: Input;
  readonly spotOf: (place: Place) => Spot;
}

/** The reader gives up at this many. */
const REFUSALS_MAX = 100;

/**
 * An input from its first line to the end of the text, or to a line that begins with `stop`.
 * @param judge what is wrong with it once every line is understood
 * @throws Refusal for all that is wrong, in the order of the text
 */
export function readInput(
  cursor: Cursor,
  stop: string | null,
  judge: (input: Input) => readonly Problem[] = findProblems,
): InputText {
  readHeader(cursor, 'input', INPUT_VERSION);
  const draft = emptyDraft(spotOf(cursor));
  while (!draft.isFull && nextLine(cursor) && peek(cursor) !== stop) readLine(cursor, draft);
  // An error about something that never came belongs to where it should have come.
  const isMissing = draft.threads.length === 0 && draft.refusals.length === 0;
  if (isMissing) throw refuse(cursor, expectedAt(draft));
  return checked(cursor, draft, judge);
}

function readLine(cursor: Cursor, draft: Draft): void {
  const word = peek(cursor);
  try {
    readStatement(cursor, draft);
    takeEnd(cursor);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    draft.refusals.push(error);
    draft.isFull ||= draft.refusals.length >= REFUSALS_MAX;
    standIn(draft, word, spotOf(cursor));
  }
}

function readStatement(cursor: Cursor, draft: Draft): void {
  const word = peek(cursor);
  const kind = OP_KINDS.find((known) => known === word);
  const thread = draft.threads.at(-1);
  if (kind !== undefined && thread !== undefined && draft.stage === STATEMENTS.indexOf('thread')) {
    thread.opSpots.push(spotOf(cursor));
    thread.ops.push(readOp(cursor, kind));
    draft.isFull ||= thread.ops.length > OPS;
    return;
  }
  const statement = STATEMENTS.find((known) => known === word);
  if (statement === undefined || !mayFollow(draft, statement)) {
    throw refuse(cursor, expectedAt(draft), wordsAt(draft));
  }
  draft.stage = STATEMENTS.indexOf(statement);
  READERS[statement](cursor, draft);
}

const READERS: Readonly<Record<Statement, (cursor: Cursor, draft: Draft) => void>> = {
  file: readFile,
  process: readProcess,
  thread: readThread,
  first: readFirst,
  switch: readSwitch,
};

function readFile(cursor: Cursor, draft: Draft): void {
  draft.fileSpots.push(spotOf(cursor));
  takeKeyword(cursor, 'file');
  takeNext(cursor, FILE_NAMES, draft.files.length);
  takeKeyword(cursor, 'size');
  const size = takeNumber(cursor, 'a size in bytes');
  draft.files.push({ size, pages: takeIf(cursor, 'pages') ? readPages(cursor) : [] });
}

function readPages(cursor: Cursor): PageState[] {
  const pages: PageState[] = [];
  do pages.push(at(PAGE_STATES, takeName(cursor, PAGE_STATES, 'the state of a page')));
  while (peek(cursor) !== '' && pages.length < PAGES);
  return pages;
}

function readProcess(cursor: Cursor, draft: Draft): void {
  draft.processSpots.push(spotOf(cursor));
  takeKeyword(cursor, 'process');
  takeNext(cursor, PROCESS_NAMES, draft.processes.length);
  const areas: (AreaSetup | null)[] = new Array<null>(AREAS).fill(null);
  while (peek(cursor) !== '') {
    const free = AREA_NAMES.filter((_, index) => areas[index] === null);
    if (!free.includes(peek(cursor))) throw refuse(cursor, areaExpected(free));
    areas[takeName(cursor, AREA_NAMES, 'an area')] = readMapping(cursor);
  }
  draft.processes.push({ areas });
}

function areaExpected(free: readonly string[]): string {
  return free.length === 0 ? 'the end of the line' : `an area, ${free.join(' or ')}`;
}

function readMapping(cursor: Cursor): AreaSetup {
  const file = takeFile(cursor);
  const offset = takeOffset(cursor);
  const length = takeLength(cursor);
  return { file, offset, length, sharing: readSharing(cursor) };
}

function readSharing(cursor: Cursor): Sharing {
  const sharing = SHARINGS.find((one) => takeIf(cursor, one));
  if (sharing === undefined) throw refuse(cursor, SHARINGS.map((one) => `"${one}"`).join(' or '));
  return sharing;
}

function readThread(cursor: Cursor, draft: Draft): void {
  const spot = spotOf(cursor);
  takeKeyword(cursor, 'thread');
  takeNext(cursor, THREAD_NAMES, draft.threads.length);
  const process = takeName(cursor, PROCESS_NAMES, 'a process');
  draft.threads.push({ process, ops: [], spot, opSpots: [] });
}

function readFirst(cursor: Cursor, draft: Draft): void {
  draft.firstSpot = spotOf(cursor);
  takeKeyword(cursor, 'first');
  draft.first = takeThread(cursor);
}

function readSwitch(cursor: Cursor, draft: Draft): void {
  draft.switchSpots.push(spotOf(cursor));
  takeKeyword(cursor, 'switch');
  const thread = takeThread(cursor);
  takeKeyword(cursor, 'op');
  const op = takeNumber(cursor, 'the number of an operation');
  takeKeyword(cursor, 'at');
  const label = takeMatch(cursor, LABEL, 'the label of a step');
  const occurrence = takeNumber(cursor, 'an occurrence, from 1');
  takeKeyword(cursor, 'to');
  draft.switches.push({ thread, op, label, occurrence, to: takeThread(cursor) });
  draft.isFull ||= draft.switches.length > SWITCHES_MAX;
}

function readOp(cursor: Cursor, kind: OpKind): Op {
  take(cursor, 'an operation');
  const { args, buffer } = OPERATIONS[kind];
  const values: Record<string, unknown> = {};
  for (const arg of args) {
    if (isRequired(arg)) values[arg] = readArgument(cursor, arg);
    else if (arg === 'sync') {
      if (takeIf(cursor, arg)) values.sync = true;
    } else if (buffer !== undefined && takeIf(cursor, buffer))
      values.buffer = readAreaOffset(cursor);
  }
  return makeOp(kind, values);
}

function readArgument(cursor: Cursor, arg: Required): number | Sharing {
  switch (arg) {
    case 'area':
      return takeArea(cursor);
    case 'file':
      return takeFile(cursor);
    case 'offset':
      return takeOffset(cursor);
    case 'length':
      return takeLength(cursor);
    case 'size':
      return takeNumber(cursor, 'a size in bytes');
    case 'sharing':
      return readSharing(cursor);
    default:
      return unreachable(arg);
  }
}

function readAreaOffset(cursor: Cursor): AreaOffset {
  const area = takeArea(cursor);
  return { area, offset: takeOffset(cursor) };
}

function takeFile(cursor: Cursor): number {
  return takeName(cursor, FILE_NAMES, 'a file');
}

function takeArea(cursor: Cursor): number {
  return takeName(cursor, AREA_NAMES, 'an area');
}

function takeThread(cursor: Cursor): number {
  return takeName(cursor, THREAD_NAMES, 'a thread');
}

function takeOffset(cursor: Cursor): number {
  return takeNumber(cursor, 'an offset in bytes');
}

function takeLength(cursor: Cursor): number {
  return takeNumber(cursor, 'a length in bytes');
}

/** Files, processes and threads are written in order, none left out. */
function takeNext(cursor: Cursor, names: readonly string[], index: number): void {
  const name = names[index];
  if (name === undefined) throw refuse(cursor, `no more than ${names.join(' and ')}`);
  takeKeyword(cursor, name);
}

function checked(
  cursor: Cursor,
  draft: Draft,
  judge: (input: Input) => readonly Problem[],
): InputText {
  const input: Input = {
    setup: { files: draft.files, processes: draft.processes },
    threads: draft.threads.map(({ process, ops }) => ({ process, ops })),
    schedule: { first: draft.first, switches: draft.switches },
  };
  // A refused line may have been the one that maps an area, so only a whole text is judged for slips.
  const isWhole = draft.refusals.length === 0;
  const found = isWhole ? judge(input) : findProblems(input);
  const problems = draft.isDoubtful ? [] : found;
  const refusals = problems.slice(0, REFUSALS_MAX).map(({ place, what }) => {
    const problem = { file: cursor.file, ...spotAt(draft, place), where: '', what };
    return failInFile('INPUT_INVALID', [problem]);
  });
  const count = draft.refusals.length + problems.length;
  if (count > 0) throw failTogether([...draft.refusals, ...refusals].sort(byPlace), count);
  return { input, spotOf: (place) => spotAt(draft, place) };
}

function byPlace(a: Refusal, b: Refusal): number {
  const [one, other] = [a.problems[0], b.problems[0]];
  const lines = (one?.line ?? 0) - (other?.line ?? 0);
  return lines === 0 ? (one?.column ?? 0) - (other?.column ?? 0) : lines;
}
