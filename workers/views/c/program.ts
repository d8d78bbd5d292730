/**
 * An input as a C program: files and mappings as it begins, each simulated thread a pthread, what its calls return and
 * what the files hold at the end printed, in the numbers of the simulation. Which thread runs when is the kernel's
 * affair, or that of a module that holds threads by their names. Pure.
 */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { compile } from '../../model/compile.ts';
import { type Drawn, headOf } from './head.ts';
import { lacksOf, type Placed } from './operations.ts';
import { prefixOf } from './order.ts';
import { Printer } from './printer.ts';
import { lacksOfSetup } from './setup.ts';

/** What a program cannot have of it, or the program. */
export type CProgram = { readonly lacks: string } | { readonly text: string };

/** @param drawn the run that it is about; null where no model is named */
export function renderC(input: Input, drawn: Drawn | null): CProgram {
  const placed = placedOf(input);
  const lacks = lacksOfSetup(input.setup) ?? firstOf(placed, lacksOf) ?? lacksOfRun(drawn);
  if (lacks !== null) return { lacks };
  const isRace = drawn?.run.verdict.kind === 'violation';
  const prefix = isRace ? prefixOf(input.threads, drawn.run.rows) : [];
  const head = headOf(input, drawn, placed, prefix);
  return { text: `${head}\n${new Printer(input, placed, prefix).print()}` };
}

function placedOf({ threads }: Input): readonly Placed[] {
  return threads.flatMap(({ ops }, thread) => ops.map((op, index) => ({ thread, index, op })));
}

function firstOf<T>(all: readonly T[], of: (one: T) => string | null): string | null {
  for (const one of all) {
    const found = of(one);
    if (found !== null) return found;
  }
  return null;
}

/** Steps that make a huge page, which has four pages in a simulated kernel and 512 in a real one. */
const HUGE_STEPS: ReadonlySet<string> = new Set([
  'insertHuge',
  'insertHugeZero',
  'installHuge',
  'installHugeBlindly',
  'mapHugeZero',
]);

function lacksOfRun(drawn: Drawn | null): string | null {
  if (drawn === null) return null;
  const program = compile(drawn.model);
  const isHuge = drawn.run.rows.some(({ pc }) => HUGE_STEPS.has(program.step[pc] ?? ''));
  return isHuge ? 'its huge page has 4 pages, one of a kernel 512' : null;
}
