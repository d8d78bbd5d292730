/**
 * Fresh workloads as fast-check arbitraries, so that anybody's property test draws, and shrinks,
 * exactly what the fuzzer draws. Plain choices are drawn first and read as a workload afterwards:
 * whatever is drawn is valid, and so is whatever it shrinks to. How often what is drawn stands in
 * `weights.ts`.
 */
import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { at } from '../vocabulary/assert.ts';
import type {
  AreaSetup,
  FileSetup,
  Input,
  ProcessSetup,
  Schedule,
  Setup,
  Switch,
  ThreadOps,
  Workload,
} from '../vocabulary/input.ts';
import {
  FILES,
  LINE_BYTES,
  MMS,
  NAME_BYTES_MAX,
  OPS,
  PAGE_BYTES,
  PAGES,
  STEPS_MAX,
  THREADS,
} from '../vocabulary/limits.ts';
import type { Op, OpKind, PageState, Sharing } from '../vocabulary/ops.ts';
import { makeOp, OP_KINDS, SHARINGS, takes } from '../vocabulary/ops.ts';
import type { Random } from '../vocabulary/random.ts';
import { canonicalSetup } from '../vocabulary/text.ts';
import { LABEL_END } from '../vocabulary/validate.ts';
import type { FileRange } from './op-shape.ts';
import { opAt, rangeAt } from './op-shape.ts';
import type {
  Cut,
  Extent,
  Reach,
  SecondArea,
  SizeChoice,
  Vocabulary,
  Weighted,
} from './weights.ts';
import {
  BUFFERED_ONE_IN,
  COMMON,
  CROSSWISE_WEIGHTS,
  CUT_WEIGHTS,
  deck,
  EXTENT_WEIGHTS,
  FILE_B_ONE_IN,
  FILE_WEIGHTS,
  HOT_NEXT,
  HOT_PICK_WEIGHTS,
  HOT_WEIGHTS,
  LONG_LIST_ONE_IN,
  OP_WEIGHTS,
  OPS_USUAL,
  ofKinds,
  PAGE_WEIGHTS,
  PROCESS_WEIGHTS,
  REACH_WEIGHTS,
  SECOND_AREA_WEIGHTS,
  SHARING_WEIGHTS,
  SIZE_WEIGHTS,
  SPAN_WEIGHTS,
  SYNC_ONE_IN,
  THREAD_WEIGHTS,
} from './weights.ts';

/** What a caller may narrow; what is left out is as the fuzzer has it. */
export interface WorkloadOptions extends Vocabulary {
  readonly threadsMax: number;
  readonly opsMax: number;
  readonly pagesMax: number;
  readonly filesMax: number;
  readonly processesMax: number;
}

const EVERYTHING: WorkloadOptions = {
  ...COMMON,
  threadsMax: THREADS,
  opsMax: OPS,
  pagesMax: PAGES,
  filesMax: FILES,
  processesMax: MMS,
};

/** Also what only some models have. */
const WRITABLE: Vocabulary = { kinds: OP_KINDS, sharings: SHARINGS, hasSync: true };

export function arbWorkload(options: Partial<WorkloadOptions> = {}): fc.Arbitrary<Workload> {
  const limits = { ...EVERYTHING, ...options };
  return fc
    .tuple(
      several(FILE_WEIGHTS, limits.filesMax, fileDraw(limits.pagesMax)),
      several(PROCESS_WEIGHTS, limits.processesMax, processDraw(limits)),
      several(THREAD_WEIGHTS, limits.threadsMax, threadDraw(limits)),
      weighted(HOT_WEIGHTS),
      fc.nat(PAGES - 1),
      weighted(CROSSWISE_WEIGHTS.filter(([isCrosswise]) => !isCrosswise || limits.filesMax > 1)),
    )
    .map(([files, processes, threads, hotCount, hotStart, isCrosswise]) => {
      const setup = isCrosswise ? crosswise(files, processes) : setupOf(files, processes);
      const span = spanOf(setup, 0);
      const start = hotStart % span;
      const hot = { start, count: Math.min(hotCount, span - start) };
      return {
        setup,
        threads: threads.map((draw, i) => threadOf(draw, i, setup, hot, isCrosswise)),
      };
    });
}

/**
 * A workload of anything that can be written, with a schedule whose labels may or may not exist: for laws about texts and
 * replay.
 */
export function arbInput(options: Partial<WorkloadOptions> = {}): fc.Arbitrary<Input> {
  return fc
    .tuple(
      arbWorkload({ ...WRITABLE, ...options }),
      fc.nat(THREADS - 1),
      fc.array(switchDraw(), { maxLength: 4 }),
    )
    .map(([workload, first, switches]) => ({
      ...workload,
      schedule: scheduleOf(workload.threads, first, switches),
    }));
}

/** Makes fresh workloads; `rng` gives a single draw for each, and everything follows from it. */
export function generatorOf(options: Partial<WorkloadOptions>): (rng: Random) => Workload {
  const fresh = arbWorkload(options);
  return (rng) => fresh.generate(new fc.Random(xoroshiro128plus(rng.next())), undefined).value;
}

/** One fresh workload that any model may be given. */
export const generateWorkload: (rng: Random) => Workload = generatorOf({});

function weighted<T>(table: Weighted<T>): fc.Arbitrary<T> {
  return fc.constantFrom(...deck(table));
}

/** As many as the table says, up to `most`. */
function several<T>(
  table: Weighted<number>,
  most: number,
  one: fc.Arbitrary<T>,
): fc.Arbitrary<readonly T[]> {
  const rows = table.filter(([count]) => count <= most);
  return fc.oneof(
    { withCrossShrink: true },
    ...rows.map(([count, weight]) => ({
      weight,
      arbitrary: fc.tuple(...new Array<fc.Arbitrary<T>>(count).fill(one)),
    })),
  );
}

// Files and processes

type FileDraw = readonly [span: number, states: readonly PageState[], size: SizeChoice];

/** Three states repeat over the pages of a long file. */
function fileDraw(pagesMax: number): fc.Arbitrary<FileDraw> {
  const state = weighted(PAGE_WEIGHTS);
  const span = weighted(SPAN_WEIGHTS.filter(([pages]) => pages <= pagesMax));
  return fc.tuple(span, fc.tuple(state, state, state), weighted(SIZE_WEIGHTS));
}

type ProcessDraw = readonly [Sharing, Reach, SecondArea, Sharing];

function processDraw({ sharings }: Vocabulary): fc.Arbitrary<ProcessDraw> {
  const sharing = weighted(SHARING_WEIGHTS.filter(([one]) => sharings.includes(one)));
  return fc.tuple(sharing, weighted(REACH_WEIGHTS), weighted(SECOND_AREA_WEIGHTS), sharing);
}

function setupOf(fileDraws: readonly FileDraw[], processDraws: readonly ProcessDraw[]): Setup {
  const files = fileDraws.map(fileOf);
  return canonicalSetup({ files, processes: processDraws.map((draw) => processOf(draw, files)) });
}

/** Two files, and each process maps both. */
function crosswise(fileDraws: readonly FileDraw[], processDraws: readonly ProcessDraw[]): Setup {
  const [first] = fileDraws;
  const files = first === undefined || fileDraws.length > 1 ? fileDraws : [first, first];
  const both = processDraws.map(
    ([sharing, reach, , other]) => [sharing, reach, 'other', other] as const,
  );
  return setupOf(files, both);
}

function fileOf([span, states, choice]: FileDraw): FileSetup {
  const pages = Array.from({ length: span }, (_, page) => at(states, page % states.length));
  return { size: sizeOf(span, choice), pages };
}

function sizeOf(span: number, choice: SizeChoice): number {
  if (choice === 'empty') return 0;
  if (choice === 'half') return span * PAGE_BYTES - LINE_BYTES;
  return Math.min(choice === 'beyond' ? span + 1 : span, PAGES) * PAGE_BYTES;
}

function processOf(
  [sharing, reach, second, secondSharing]: ProcessDraw,
  files: readonly FileSetup[],
): ProcessSetup {
  return {
    areas: [
      areaOf(files, 0, 0, reach, sharing),
      second === 'none' ? null : secondArea(files, second, secondSharing),
    ],
  };
}

function secondArea(
  files: readonly FileSetup[],
  second: Exclude<SecondArea, 'none'>,
  sharing: Sharing,
): AreaSetup {
  const file = second === 'other' ? files.length - 1 : 0;
  const firstPage = second === 'tail' ? 1 : 0;
  return areaOf(files, file, firstPage, 'span', sharing);
}

function areaOf(
  files: readonly FileSetup[],
  file: number,
  firstPage: number,
  reach: Reach,
  sharing: Sharing,
): AreaSetup {
  const span = at(files, file).pages.length;
  const end = reach === 'all' ? PAGES : Math.min(reach === 'more' ? span + 1 : span, PAGES);
  const length = Math.max(end - firstPage, 1) * PAGE_BYTES;
  return { file, offset: firstPage * PAGE_BYTES, length, sharing };
}

// Threads and operations

interface HotPages {
  readonly start: number;
  readonly count: number;
}

interface OpDraw {
  readonly kind: OpKind;
  readonly page: number;
  readonly line: number;
  readonly extent: Extent;
  readonly cut: Cut;
  readonly file: number;
  readonly area: number;
  readonly buffer: number;
  readonly sync: number;
}
type ThreadDraw = readonly [shift: number, ops: readonly OpDraw[]];

function threadDraw(options: WorkloadOptions): fc.Arbitrary<ThreadDraw> {
  const { opsMax } = options;
  const op = opDraw(options);
  const usual = fc.array(op, { minLength: 1, maxLength: Math.min(OPS_USUAL, opsMax) });
  const long = fc.array(op, { minLength: 1, maxLength: opsMax });
  const list = fc.oneof(
    { withCrossShrink: true },
    { weight: LONG_LIST_ONE_IN - 1, arbitrary: usual },
    { weight: 1, arbitrary: long },
  );
  // Neighbouring threads live in different processes, if there are two, three times in four.
  return fc.tuple(fc.constantFrom(0, 0, 0, 1), list);
}

function opDraw(vocabulary: Vocabulary): fc.Arbitrary<OpDraw> {
  return fc
    .tuple(
      weighted(ofKinds(OP_WEIGHTS, vocabulary)),
      weighted(HOT_PICK_WEIGHTS),
      fc.nat(1),
      weighted(EXTENT_WEIGHTS),
      weighted(CUT_WEIGHTS),
      fc.nat(FILE_B_ONE_IN - 1),
      fc.constantFrom(0, 0, 1),
      fc.nat(BUFFERED_ONE_IN - 1),
      // Others draw nothing here.
      vocabulary.hasSync ? fc.nat(SYNC_ONE_IN - 1) : fc.constant(0),
    )
    .map(([kind, page, line, extent, cut, file, area, buffer, sync]) => {
      return { kind, page, line, extent, cut, file, area, buffer, sync };
    });
}

function threadOf(
  [shift, draws]: ThreadDraw,
  index: number,
  setup: Setup,
  hot: HotPages,
  isCrosswise: boolean,
): ThreadOps {
  const process = (index + shift) % setup.processes.length;
  const { areas } = at(setup.processes, process);
  const ops = draws.map((draw): Op => {
    const isIo = takes(draw.kind, 'buffer');
    const other = isCrosswise && isIo ? index % 2 : Number(draw.file === FILE_B_ONE_IN - 1);
    const file = Math.min(other, setup.files.length - 1);
    const span = spanOf(setup, file);
    const page = pageOfDraw(draw.page, span, hot);
    if (takes(draw.kind, 'size')) {
      return makeOp(draw.kind, { file, size: cutAt(draw, page, span) });
    }
    const buffered = draw.buffer === BUFFERED_ONE_IN - 1;
    const isSync = draw.sync === SYNC_ONE_IN - 1;
    // Area 0 maps file A, and area 1 file B.
    const choice =
      isCrosswise && isIo ? { area: 1 - file, buffered: true } : { area: draw.area, buffered };
    return opAt(draw.kind, rangeOfDraw(draw, file, page, span), areas, { ...choice, isSync });
  });
  return { process, ops };
}

/** Pages of a file that operations aim at: an empty file still has its first. */
function spanOf(setup: Setup, file: number): number {
  return Math.max(at(setup.files, file).pages.length, 1);
}

function pageOfDraw(pick: number, span: number, { start, count }: HotPages): number {
  if (pick === HOT_NEXT) return Math.min(start + count, PAGES - 1);
  return (start + (pick % count)) % span;
}

function cutAt({ cut }: OpDraw, page: number, span: number): number {
  if (cut === 'all') return 0;
  if (cut === 'whole') return span * PAGE_BYTES;
  if (cut === 'more') return Math.min(span + 1, PAGES) * PAGE_BYTES;
  return page * PAGE_BYTES + (cut === 'line' ? LINE_BYTES : 0);
}

function rangeOfDraw(draw: OpDraw, file: number, page: number, span: number): FileRange {
  const begin = page * PAGE_BYTES;
  const isRange = takes(draw.kind, 'length');
  switch (isRange || !takes(draw.kind, 'offset') ? draw.extent : 'line') {
    case 'line':
      return rangeAt(file, begin + draw.line * LINE_BYTES, LINE_BYTES);
    case 'page':
      return rangeAt(file, begin, PAGE_BYTES);
    case 'two':
      return rangeAt(file, begin, 2 * PAGE_BYTES);
    case 'across':
      return rangeAt(file, begin + LINE_BYTES, PAGE_BYTES);
    case 'rest':
      return rangeAt(file, begin, Math.max(span - page, 1) * PAGE_BYTES);
  }
}

// Schedules

/** Some labels of today's models, so that a replay now and then meets one that exists. */
const LABELS = ['fault/getBlock', 'fault/insertPte', 'pwrite/copy~2', 'punch/freeBlocks(1)'];
const LABEL_CHARACTERS = [...'abcXYZ019_~().-/'];

function switchDraw(): fc.Arbitrary<Switch> {
  const unit = fc.constantFrom(...LABEL_CHARACTERS);
  const label = fc.oneof(
    fc.constantFrom(...LABELS),
    fc.string({ unit, minLength: 1, maxLength: NAME_BYTES_MAX }),
  );
  return fc.record({
    thread: fc.nat(THREADS - 1),
    op: fc.nat(OPS),
    label,
    occurrence: fc.integer({ min: 1, max: STEPS_MAX }),
    to: fc.nat(THREADS - 1),
  });
}

function scheduleOf(
  threads: readonly ThreadOps[],
  first: number,
  draws: readonly Switch[],
): Schedule {
  const switches = draws.map((draw): Switch => {
    const thread = draw.thread % threads.length;
    const ends = at(threads, thread).ops.length;
    const op = draw.op % (ends + 1);
    return {
      thread,
      op,
      label: op === ends ? LABEL_END : draw.label,
      occurrence: draw.occurrence,
      to: draw.to % threads.length,
    };
  });
  return { first: first % threads.length, switches };
}
