/** The simulator's half of `lab conform`: the same operations under a model, and what a reader sees after each. Pure. */

import type { Workload } from '../../../corpus/vocabulary/input.ts';
import {
  AREAS,
  LINE_BYTES,
  LINES_PER_PAGE,
  PAGES,
  STEPS_MAX,
} from '../../../corpus/vocabulary/limits.ts';
import { argumentOf, type Op } from '../../../corpus/vocabulary/ops.ts';
import type { Violation } from '../../../corpus/vocabulary/verdict.ts';
import { shownWord } from '../../../workers/kernel/cached.ts';
import {
  OK,
  PTE_ANON,
  PTE_BLOCK,
  PTE_PAGE,
  PTE_ZERO,
  pteKind,
  pteTarget,
  RESULT_NAMES,
  STALE,
  VMA_PRESENT,
  vmaFile,
  vmaPage,
  vmaPages,
  writerOf,
} from '../../../workers/kernel/encoding.ts';
import { Kernel } from '../../../workers/kernel/kernel.ts';
import { ANON, CPU, PAGE_DATA, PTE, SIZE, VMA } from '../../../workers/kernel/layout.ts';
import type { Program } from '../../../workers/kernel/program.ts';
import { World } from '../../../workers/kernel/world.ts';
import { Judge } from '../../../workers/oracles/judge.ts';
import { ANY_BYTE } from './cases.ts';

export interface Simulated {
  /** As `guest/play` says it; shorter where a thread blocks for good. */
  readonly seen: readonly string[];
  /** What the oracles say of the model. */
  readonly violations: readonly Violation[];
}

/** For the number of an operation that copied: what it copied. */
type Copied = Map<number, number>;

class Results extends Judge {
  last = '0';

  override opEnded(k: Kernel, thread: number, writer: number, result: number): void {
    super.opEnded(k, thread, writer, result);
    this.last = result === OK ? '0' : (RESULT_NAMES[result] ?? '?');
  }
}

/** Threads run one after another, each to its end. */
export function simulate(program: Program, workload: Workload): Simulated {
  const judge = new Results();
  const k = new Kernel(program, judge);
  k.load(new World(workload));
  k.fused = 0;
  k.reset();
  const copied: Copied = new Map();
  const seen = [seenIn(k, '0', copied)];
  for (const [thread, { ops }] of workload.threads.entries()) {
    for (const [i, op] of ops.entries()) {
      const source = sourceOf(k, op);
      if (source !== null) copied.set(writerOf(thread, i), copied.get(source) ?? source);
      if (!finishes(k, thread, i))
        return { seen: [...seen, 'NEVER'], violations: judge.violations };
      seen.push(seenIn(k, judge.last, copied));
    }
  }
  return { seen, violations: judge.violations };
}

/** What a copy of one line takes, before it is made; null where the operation copies nothing between a file and a mapping. */
function sourceOf(k: Kernel, op: Op): number | null {
  const buffer = argumentOf(op, 'buffer');
  if (buffer === undefined || !('file' in op) || !('offset' in op)) return null;
  if (op.kind === 'pread') return lineOf(k, op.file, op.offset / LINE_BYTES);
  const vma = k.peek(VMA + buffer.area);
  const line = buffer.offset / LINE_BYTES;
  const page = buffer.area * PAGES + Math.floor(line / LINES_PER_PAGE);
  // A pte may show another block than the file has (B41).
  const mapped = mappedLine(k, page, line % LINES_PER_PAGE);
  if (mapped >= 0) return mapped;
  return lineOf(k, vmaFile(vma), vmaPage(vma) * LINES_PER_PAGE + line);
}

/** As read(2) shows it. */
export function lineOf(k: Kernel, file: number, line: number): number {
  const word = shownWord(k, file, line);
  return word < 0 ? 0 : k.peek(word);
}

function finishes(k: Kernel, thread: number, op: number): boolean {
  for (let steps = 0; k.opOf(thread) === op; steps++) {
    if (steps > STEPS_MAX || (k.enabled() & (1 << thread)) === 0) return false;
    k.step(thread);
  }
  return true;
}

function seenIn(k: Kernel, result: string, copied: Copied): string {
  const shown = (value: number): string =>
    value === STALE ? ANY_BYTE : hex(copied.get(value) ?? value);
  const files = Array.from({ length: k.world.files }, (_, file) => fileText(k, file, shown));
  const areas = Array.from({ length: AREAS }, (_, area) => areaText(k, area, shown));
  return [result, ...files, ...areas].join(' ');
}

type Shown = (value: number) => string;

function fileText(k: Kernel, file: number, shown: Shown): string {
  const size = k.peek(SIZE + file);
  const lines = Array.from({ length: PAGES * LINES_PER_PAGE }, (_, line) =>
    line >= size ? '--' : shown(lineOf(k, file, line)),
  );
  return `${size * LINE_BYTES}:${lines.join('')}`;
}

/** What the ptes of the area show; `-` where nothing is mapped. */
function areaText(k: Kernel, area: number, shown: Shown): string {
  const vma = k.peek(VMA + area);
  if ((vma & VMA_PRESENT) === 0) return '-';
  const lines = Array.from({ length: vmaPages(vma) * LINES_PER_PAGE }, (_, at) => {
    const page = area * PAGES + Math.floor(at / LINES_PER_PAGE);
    const value = mappedLine(k, page, at % LINES_PER_PAGE);
    return value < 0 ? '--' : shown(value);
  });
  return lines.join('');
}

/** -1 where the page has no pte. */
export function mappedLine(k: Kernel, page: number, line: number): number {
  const pte = k.peek(PTE + page);
  const target = pteTarget(pte) * LINES_PER_PAGE + line;
  switch (pteKind(pte)) {
    case PTE_BLOCK:
      return k.peek(CPU + target);
    case PTE_ZERO:
      return 0;
    case PTE_ANON:
      return k.peek(ANON + page * LINES_PER_PAGE + line);
    case PTE_PAGE:
      return k.peek(PAGE_DATA + target);
    default:
      return -1;
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
