/**
 * Two inputs that mean the same, made equal: what a setup leaves out is written down, what says
 * nothing goes.
 */
import type { FileSetup, Input, ProcessSetup, Setup } from './input.ts';
import { AREAS, PAGE_BYTES } from './limits.ts';

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
