/**
 * Whether an input can be run: every bound of `limits.ts`, and every number that names something.
 * It knows no text: a problem says which part of the input it is about, and the parser knows where
 * that part stands.
 */
import { unreachable } from './assert.ts';
import type {
  AreaSetup,
  FileSetup,
  Input,
  ProcessSetup,
  Setup,
  Switch,
  Workload,
} from './input.ts';
import {
  AREAS,
  FILE_BYTES_MAX,
  FILES,
  LINE_BYTES,
  MMS,
  NAME_BYTES_MAX,
  OPS,
  PAGE_BYTES,
  PAGES,
  STEPS_MAX,
  SWITCHES_MAX,
  THREADS,
} from './limits.ts';
import { AREA_NAMES, FILE_NAMES, PROCESS_NAMES, THREAD_NAMES } from './names.ts';
import { nearestHint } from './nearest.ts';
import { argumentOf, OPERATIONS, type Op, PAGE_STATES, SHARINGS, type Sharing } from './ops.ts';
import { printable } from './printable.ts';

/** The part of an input that a problem is about. */
export type Place =
  | { readonly kind: 'input' }
  | { readonly kind: 'file'; readonly file: number }
  | { readonly kind: 'process'; readonly process: number }
  | { readonly kind: 'thread'; readonly thread: number }
  | { readonly kind: 'op'; readonly thread: number; readonly op: number }
  | { readonly kind: 'first' }
  | { readonly kind: 'switch'; readonly index: number };

export interface Problem {
  readonly place: Place;
  readonly what: string;
}

/** A label as models spell them: `fault/insertPte`, with `~2` for a twin. */
export const LABEL: RegExp = new RegExp(`^[A-Za-z0-9_~().\\/-]{1,${NAME_BYTES_MAX}}$`);
/** The label of a thread that has finished; its operation is the number of its operations. */
export const LABEL_END = 'end';

/** The first problem in words, or null. */
export function checkInput(input: Input): string | null {
  return inWords(findProblems(input)[0]);
}

/** As `checkInput`, without a schedule. */
export function checkWorkload(workload: Workload): string | null {
  return inWords(workloadProblems(workload)[0]);
}

/** All problems, at most one of each part. */
export function findProblems(input: Input): readonly Problem[] {
  return [...workloadProblems(input), ...scheduleProblems(input)];
}

/**
 * As `findProblems`, and areas that neither the setup nor an operation of the process maps. In a run an access to such an
 * area fails, and fuzzing may make one; in a file that a person wrote it is a slip.
 */
export function findSlips(input: Input): readonly Problem[] {
  return [...findProblems(input), ...unmappedAreas(input)];
}

function inWords(problem: Problem | undefined): string | null {
  return problem === undefined ? null : `${placeName(problem.place)}: ${problem.what}`;
}

export function placeName(place: Place): string {
  switch (place.kind) {
    case 'input':
      return 'input';
    case 'file':
      return `file ${FILE_NAMES[place.file] ?? place.file}`;
    case 'process':
      return `process ${PROCESS_NAMES[place.process] ?? place.process}`;
    case 'thread':
      return `thread ${THREAD_NAMES[place.thread] ?? place.thread}`;
    case 'op':
      return `thread ${THREAD_NAMES[place.thread] ?? place.thread} operation ${place.op}`;
    case 'first':
      return 'first';
    case 'switch':
      return `switch ${place.index}`;
    default:
      return unreachable(place);
  }
}

function workloadProblems(workload: Workload): readonly Problem[] {
  return [
    ...countsProblems(workload),
    ...setupProblems(workload.setup),
    ...threadsProblems(workload),
  ];
}

function countsProblems({ setup, threads }: Workload): readonly Problem[] {
  const counts = [
    countProblem('files', setup.files.length, FILES),
    countProblem('processes', setup.processes.length, MMS),
    countProblem('threads', threads.length, THREADS),
  ];
  return counts.flatMap((what): readonly Problem[] =>
    what === null ? [] : [{ place: { kind: 'input' }, what }],
  );
}

function countProblem(noun: string, count: number, most: number): string | null {
  return count >= 1 && count <= most ? null : `has ${count} ${noun}, can have 1 to ${most}`;
}

function setupProblems(setup: Setup): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [file, one] of setup.files.entries()) {
    const what = fileProblem(one);
    if (what !== null) problems.push({ place: { kind: 'file', file }, what });
  }
  for (const [process, one] of setup.processes.entries()) {
    const what = processProblem(one, setup.files.length);
    if (what !== null) problems.push({ place: { kind: 'process', process }, what });
  }
  return problems;
}

function fileProblem({ size, pages }: FileSetup): string | null {
  if (pages.length > PAGES) return `names ${pages.length} pages, a file has ${PAGES}`;
  for (const state of pages) {
    if (!PAGE_STATES.includes(state)) return `a page cannot be "${printable(String(state))}"`;
  }
  return sizeProblem(size);
}

function processProblem({ areas }: ProcessSetup, files: number): string | null {
  if (areas.length > AREAS) return `has ${areas.length} areas, can have ${AREAS}`;
  for (const [index, area] of areas.entries()) {
    const what = area === null ? null : areaProblem(area, files);
    if (what !== null) return `${AREA_NAMES[index]}: ${what}`;
  }
  return null;
}

function areaProblem(area: AreaSetup, files: number): string | null {
  return (
    indexProblem('file', area.file, files) ??
    rangeProblem(area.offset, area.length, PAGE_BYTES) ??
    sharingProblem(area.sharing)
  );
}

function threadsProblems({ setup, threads }: Workload): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [thread, { process, ops }] of threads.entries()) {
    const named = indexProblem('process', process, setup.processes.length);
    if (named !== null) problems.push({ place: { kind: 'thread', thread }, what: named });
    for (const [op, one] of ops.entries()) {
      const place: Place = { kind: 'op', thread, op };
      const many = op < OPS ? null : `a thread can have ${OPS} operations`;
      const what = many ?? opProblem(one, setup.files.length);
      if (what !== null) problems.push({ place, what });
      if (many !== null) break;
    }
  }
  return problems;
}

function opProblem(op: Op, files: number): string | null {
  const { unit } = OPERATIONS[op.kind];
  return (
    ('area' in op ? indexProblem('area', op.area, AREAS) : null) ??
    ('file' in op ? indexProblem('file', op.file, files) : null) ??
    ('offset' in op
      ? rangeProblem(op.offset, argumentOf(op, 'length') ?? LINE_BYTES, unit)
      : null) ??
    ('size' in op ? sizeProblem(op.size) : null) ??
    ('sharing' in op ? sharingProblem(op.sharing) : null) ??
    bufferProblem(op)
  );
}

function bufferProblem(op: Op): string | null {
  const buffer = argumentOf(op, 'buffer');
  if (buffer === undefined) return null;
  const length = argumentOf(op, 'length') ?? LINE_BYTES;
  const what =
    indexProblem('area', buffer.area, AREAS) ?? rangeProblem(buffer.offset, length, LINE_BYTES);
  return what === null ? null : `buffer: ${what}`;
}

function sizeProblem(size: number): string | null {
  if (!isCount(size)) return `size ${size} is not a whole number`;
  if (size % LINE_BYTES !== 0) return `size ${size} is not a multiple of ${LINE_BYTES}`;
  return size <= FILE_BYTES_MAX ? null : `size ${size} is more than ${FILE_BYTES_MAX}`;
}

function rangeProblem(offset: number, length: number, unit: number): string | null {
  if (!isCount(offset)) return `offset ${offset} is not a whole number`;
  if (!isCount(length)) return `length ${length} is not a whole number`;
  if (offset % unit !== 0) return `offset ${offset} is not a multiple of ${unit}`;
  if (length % unit !== 0) return `length ${length} is not a multiple of ${unit}`;
  if (length === 0) return 'length is 0';
  const end = offset + length;
  return end <= FILE_BYTES_MAX ? null : `range ends at ${end}, beyond ${FILE_BYTES_MAX}`;
}

type Noun = 'file' | 'area' | 'process' | 'thread';
const NAMES: Readonly<Record<Noun, readonly string[]>> = {
  file: FILE_NAMES,
  area: AREA_NAMES,
  process: PROCESS_NAMES,
  thread: THREAD_NAMES,
};

function indexProblem(noun: Noun, index: number, count: number): string | null {
  if (isCount(index) && index < count) return null;
  const name = NAMES[noun][index];
  if (name === undefined)
    return `names ${noun} ${index}, there ${count === 1 ? 'is 1' : `are ${count}`}`;
  const hint = nearestHint(name, NAMES[noun].slice(0, count));
  return `${noun} ${name} is not declared${hint}`;
}

function sharingProblem(sharing: Sharing): string | null {
  if (SHARINGS.includes(sharing)) return null;
  return `sharing cannot be "${printable(String(sharing))}"`;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
}

function scheduleProblems({ threads, schedule }: Input): readonly Problem[] {
  const problems: Problem[] = [];
  const first = indexProblem('thread', schedule.first, threads.length);
  if (first !== null) problems.push({ place: { kind: 'first' }, what: first });
  for (const [index, one] of schedule.switches.entries()) {
    const place: Place = { kind: 'switch', index };
    const many = index < SWITCHES_MAX ? null : `a schedule can have ${SWITCHES_MAX} switches`;
    const what = many ?? switchProblem(one, threads);
    if (what !== null) problems.push({ place, what });
    if (many !== null) break;
  }
  return problems;
}

function switchProblem(one: Switch, threads: Workload['threads']): string | null {
  const ops = threads[one.thread]?.ops.length ?? 0;
  return (
    indexProblem('thread', one.thread, threads.length) ??
    indexProblem('thread', one.to, threads.length) ??
    anchorProblem(one, ops)
  );
}

function anchorProblem({ op, label, occurrence }: Switch, ops: number): string | null {
  if (!LABEL.test(label)) return `label "${printable(label)}" is not a label`;
  if (!isCount(op) || op > ops) return `names operation ${op}, the thread has ${ops}`;
  if (op === ops && label !== LABEL_END) return `operation ${op} stands for the end of the thread`;
  if (op < ops && label === LABEL_END) return `the end of the thread is operation ${ops}`;
  if (isCount(occurrence) && occurrence >= 1 && occurrence <= STEPS_MAX) return null;
  return `occurrence ${occurrence} is not within 1 to ${STEPS_MAX}`;
}

export function unmappedAreas(workload: Workload): readonly Problem[] {
  return workload.threads.flatMap(({ process, ops }, thread) => {
    const mapped = areasOf(workload, process);
    return ops.flatMap((one, op): readonly Problem[] => {
      const area = areaUsed(one);
      if (area === null || mapped.has(area)) return [];
      const name = AREA_NAMES[area] ?? String(area);
      const known = [...mapped].map((index) => AREA_NAMES[index] ?? String(index));
      const where = `neither the setup nor an operation of ${PROCESS_NAMES[process] ?? process} maps it`;
      const what = `area ${name} is not declared: ${where}${nearestHint(name, known)}`;
      return [{ place: { kind: 'op', thread, op }, what }];
    });
  });
}

function areasOf({ setup, threads }: Workload, process: number): ReadonlySet<number> {
  const areas = setup.processes[process]?.areas ?? [];
  const declared = areas.flatMap((area, index) => (area === null ? [] : [index]));
  const ops = threads
    .filter((thread) => thread.process === process)
    .flatMap((thread) => thread.ops);
  return new Set([...declared, ...ops.flatMap((op) => ('sharing' in op ? [op.area] : []))]);
}

/** One that maps an area needs none that is there. */
function areaUsed(op: Op): number | null {
  const area = 'sharing' in op ? undefined : argumentOf(op, 'area');
  return area ?? argumentOf(op, 'buffer')?.area ?? null;
}
