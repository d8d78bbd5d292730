/** The state that a program begins in, and the registers of each operation. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { OPS, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { takes } from '../../../corpus/vocabulary/ops.ts';
import { vmaFile, vmaPage, vmaPages } from '../../kernel/encoding.ts';
import { Kernel } from '../../kernel/kernel.ts';
import {
  BLOCK_OWNER,
  COMMITTED_EXTENT,
  COMMITTED_SIZE,
  CPU,
  EXTENT,
  FRAME_SPAN,
  FRAME0,
  MEDIA,
  PAGE_HOME,
  PC,
  REGISTER_NAMES,
  RUNNABLE,
  SECTIONS,
  SIZE,
  SLOT,
  VMA,
} from '../../kernel/layout.ts';
import type { Program } from '../../kernel/program.ts';
import type { OpRow, World } from '../../kernel/world.ts';
import { Judge } from '../../oracles/judge.ts';
import type { Lines } from './rows.ts';

/** Variables that begin as sections of the state vector do. */
const SECTION_OF: Readonly<Record<string, number>> = {
  i_size: SIZE,
  committed_size: COMMITTED_SIZE,
  extent: EXTENT,
  committed: COMMITTED_EXTENT,
  slot: SLOT,
  page_home: PAGE_HOME,
  block_owner: BLOCK_OWNER,
  cpu: CPU,
  media: MEDIA,
};

const VMA_PARTS: Readonly<Record<string, (vma: number) => number>> = {
  vma_file: vmaFile,
  vma_page: vmaPage,
  vma_pages: vmaPages,
};

/** The kernel as it stands before the first step: each thread before the first one of its own. */
export function ready(program: Program, world: World): Kernel {
  const kernel = new Kernel(program, new Judge(new Set()));
  kernel.load(world);
  return kernel;
}

/** Assignments to what does not begin as zero, of the variables and registers that a program has. */
export function initially(
  { words, world }: Kernel,
  { lineOf }: Lines,
  variables: ReadonlySet<string>,
  registers: ReadonlySet<string>,
): readonly string[] {
  const sections = Object.entries(SECTION_OF).map(([name, base]) => {
    const count = SECTIONS.find((section) => section.base === base)?.count ?? 0;
    return [name, Array.from(words.subarray(base, base + count))] as const;
  });
  const vmas = Array.from(words.subarray(VMA, VMA + areasIn(world)));
  const parts = Object.entries(VMA_PARTS).map(([name, part]) => [name, vmas.map(part)] as const);
  const arrays = [...sections, ...parts].filter(([name]) => variables.has(name));
  const frames = Array.from({ length: world.threads }, (_, t) => {
    const base = FRAME0 + t * FRAME_SPAN;
    return REGISTER_NAMES.flatMap((name, i) => {
      const word = words[base + i] ?? 0;
      const value = i === PC ? lineOf.get(word) : word;
      return value === 0 || !registers.has(name) ? [] : [`frame[${2 * t}].${name} = ${value}`];
    });
  });
  return [
    `runnable = ${words[RUNNABLE]}`,
    ...arrays.flatMap(([name, values]) => assignments(name, values)),
    ...frames.flat(),
  ];
}

/** A loop for each run of one value. */
function assignments(name: string, values: readonly number[]): readonly string[] {
  const runs: { readonly first: number; last: number; readonly value: number }[] = [];
  for (const [i, value] of values.entries()) {
    const open = runs.at(-1);
    if (open?.value === value) open.last = i;
    else runs.push({ first: i, last: i, value });
  }
  return runs.flatMap(({ first, last, value }) => {
    if (value === 0) return [];
    if (first === last) return [`${name}[${first}] = ${value}`];
    return [`for (i : ${first} .. ${last}) { ${name}[i] = ${value} }`];
  });
}

/** Areas up to the last that is mapped. */
export function areasIn({ areas }: World): number {
  return 1 + Math.max(0, ...areas);
}

/** One option an operation behind the first of its thread: its registers, those of them that the program has. */
export function startOptions(
  { threads }: Input,
  world: World,
  { entryOf }: Lines,
  registers: ReadonlySet<string>,
): readonly string[] {
  return threads.flatMap(({ ops }, t) =>
    ops.slice(1).map((_, before) => {
      const op = before + 1;
      const row = world.row(t * OPS + op);
      const values = Object.entries(registersOf(row)).filter(([name]) => registers.has(name));
      const texts = values.map(([name, value]) => `F.${name} = ${value}`);
      const all = [...texts, `F.pc = ${entryOf.get(row.kind)}`, 'runnable = runnable | (1 << who)'];
      return `:: who == ${t} && operation[who] == ${op} ->\n${all.join('; ')}`;
    }),
  );
}

function registersOf(row: OpRow): Readonly<Record<string, number>> {
  const { file, first, last, mm } = row;
  const own = { file, first, last, mm };
  const isAccess = takes(row.kind, 'offset') && !takes(row.kind, 'file');
  if (!isAccess) return { ...own, page: first >> 1 };
  const pte = row.area * PAGES + (first >> 1);
  return { ...own, pte, line: first & 1, write: row.isStore ? 1 : 0 };
}

/** @returns null where every mapping and buffer is one that fragments know */
export function lacksIn({ setup, threads }: Input): string | null {
  const areas = setup.processes.flatMap((process) => process.areas);
  const special = areas.find((area) => area !== null && area.sharing !== 'shared');
  if (special) return `a ${special.sharing} mapping has no Promela fragment`;
  const ops = threads.flatMap((thread) => thread.ops);
  if (ops.some((op) => 'buffer' in op && op.buffer !== undefined))
    return 'a copy whose buffer is a mapping has no Promela fragment';
  if (ops.some((op) => 'sync' in op)) return 'a write that is O_DSYNC has no Promela fragment';
  return null;
}
