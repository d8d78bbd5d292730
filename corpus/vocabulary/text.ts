/**
 * The canonical form of an input, its text, and the way back. One value has one text: a statement a line, one
 * blank between words, everything in order, no comments; the SHA-256 of that text is the input's
 * id.
 */
import { unreachable } from './assert.ts';
import type { AreaSetup, FileSetup, Input, ProcessSetup, Setup, Switch } from './input.ts';
import { sha256Hex } from './json.ts';
import { AREAS, PAGE_BYTES } from './limits.ts';
import { AREA_NAMES, FILE_NAMES, PROCESS_NAMES, THREAD_NAMES } from './names.ts';
import { type AreaOffset, type Argument, argumentOf, OPERATIONS, type Op } from './ops.ts';
import { openText } from './text-lexer.ts';
import { INPUT_VERSION, type InputText, readInput } from './text-read.ts';
import { findSlips } from './validate.ts';

/** Inputs that mean the same, made equal: what a setup leaves out is written down, what says nothing goes. */
export function canonicalInput(input: Input): Input {
  return { ...input, setup: canonicalSetup(input.setup) };
}

export function canonicalSetup(setup: Setup): Setup {
  return {
    files: setup.files.map(canonicalFile),
    processes: setup.processes.map(canonicalProcess),
  };
}

/** Every page up to the size is named; beyond it a hole is what is there anyway. */
function canonicalFile({ size, pages }: FileSetup): FileSetup {
  const covered = Math.ceil(size / PAGE_BYTES);
  let count = pages.length;
  while (count > covered && pages[count - 1] === 'hole') count -= 1;
  const length = Math.max(count, covered);
  return { size, pages: Array.from({ length }, (_, page) => pages[page] ?? 'hole') };
}

/** Every area has its place, mapped or not. */
function canonicalProcess({ areas }: ProcessSetup): ProcessSetup {
  return { areas: Array.from({ length: AREAS }, (_, area) => areas[area] ?? null) };
}

/** Strict: what is not understood is refused, with its place. */
export function parseInput(text: string, fileName: string): Input {
  return canonicalInput(readInput(openText(text, fileName), null).input);
}

/** As `parseInput`, for a text that a person wrote: also refuses slips, and returns the spots of all parts. */
export function parseWrittenInput(text: string, fileName: string): InputText {
  const { input, spotOf } = readInput(openText(text, fileName), null, findSlips);
  return { input: canonicalInput(input), spotOf };
}

export function printInput(input: Input): string {
  return `${inputLines(canonicalInput(input)).join('\n')}\n`;
}

export function inputId(input: Input): string {
  return sha256Hex(printInput(input));
}

function inputLines({ setup, threads, schedule }: Input): string[] {
  return [
    `faultline input ${INPUT_VERSION}`,
    ...setup.files.map((file, index) => `file ${FILE_NAMES[index]} ${printFile(file)}`),
    ...setup.processes.map(printProcess),
    ...threads.flatMap(({ process, ops }, index) => [
      `thread ${THREAD_NAMES[index]} ${PROCESS_NAMES[process]}`,
      ...ops.map(printOp),
    ]),
    `first ${THREAD_NAMES[schedule.first]}`,
    ...schedule.switches.map(printSwitch),
  ];
}

function printFile({ size, pages }: FileSetup): string {
  return pages.length === 0 ? `size ${size}` : `size ${size} pages ${pages.join(' ')}`;
}

function printProcess({ areas }: ProcessSetup, index: number): string {
  const mapped = areas.flatMap((area, place) =>
    area === null ? [] : [`${AREA_NAMES[place]} ${printArea(area)}`],
  );
  return ['process', PROCESS_NAMES[index], ...mapped].join(' ');
}

function printArea({ file, offset, length, sharing }: AreaSetup): string {
  return `${FILE_NAMES[file]} ${offset} ${length} ${sharing}`;
}

function printSwitch({ thread, op, label, occurrence, to }: Switch): string {
  const anchor = `${THREAD_NAMES[thread]} op ${op} at ${label} ${occurrence}`;
  return `switch ${anchor} to ${THREAD_NAMES[to]}`;
}

export function printOp(op: Op): string {
  const words = OPERATIONS[op.kind].args.map((arg) => printArgument(op, arg));
  return [op.kind, ...words].filter((word) => word !== '').join(' ');
}

function printArgument(op: Op, arg: Argument): string {
  switch (arg) {
    case 'area':
      return AREA_NAMES[argumentOf(op, arg) ?? -1] ?? '';
    case 'file':
      return FILE_NAMES[argumentOf(op, arg) ?? -1] ?? '';
    case 'offset':
    case 'length':
    case 'size':
    case 'sharing':
      return String(argumentOf(op, arg));
    case 'buffer': {
      const buffer = argumentOf(op, arg);
      return buffer ? `${OPERATIONS[op.kind].buffer} ${printAreaOffset(buffer)}` : '';
    }
    case 'sync':
      return argumentOf(op, arg) ? arg : '';
    default:
      return unreachable(arg);
  }
}

function printAreaOffset({ area, offset }: AreaOffset): string {
  return `${AREA_NAMES[area]} ${offset}`;
}
