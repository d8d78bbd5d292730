/** A model's path, run alone: its locks and handles, and what becomes of the page that it is about. */

import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { BLOCKS, FILES, PAGES } from '../../../corpus/vocabulary/limits.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_REAL,
  ENTRY_TYPE,
  ENTRY_ZERO,
  extentKind,
  PTE_ANON,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_RW,
  pteKind,
  WRITTEN,
} from '../../../workers/kernel/encoding.ts';
import { Kernel } from '../../../workers/kernel/kernel.ts';
import {
  BLOCK_OWNER,
  COW_EXTENT,
  EXTENT,
  PTE,
  R_FILE,
  SIZE,
  SLOT,
} from '../../../workers/kernel/layout.ts';
import type { Program } from '../../../workers/kernel/program.ts';
import { STEPS } from '../../../workers/kernel/step-registry.ts';
import { World } from '../../../workers/kernel/world.ts';
import { Judge } from '../../../workers/oracles/judge.ts';

const LOCK_STEPS: Readonly<Record<string, string>> = {
  downRead: 'down_read',
  downWrite: 'down_write',
  upRead: 'up_read',
  upWrite: 'up_write',
  downgradeWrite: 'downgrade_write',
};
const DEEDS: Readonly<Record<string, string>> = {
  allocBlock: 'ALLOC',
  allocCow: 'ALLOC',
  removeExtent: 'FREE',
  insertExtents: 'SHIFT',
  shiftExtentLeft: 'SHIFT',
  shiftExtentRight: 'SHIFT',
  flushBlock: 'FLUSH',
  copyIn: 'COPY',
  copyOut: 'COPY',
  remapCow: 'REMAP',
  commitTransaction: 'COMMIT',
};
const SLOTS = FILES * PAGES;
/** They are told of only where some extent of A has changed, or some block is given back. */
const ON_CHANGE: Readonly<Record<string, readonly number[]>> = {
  ALLOC: [EXTENT, EXTENT + SLOTS, COW_EXTENT, COW_EXTENT + SLOTS],
  FREE: [BLOCK_OWNER, BLOCK_OWNER + BLOCKS],
};
/** The page that every trace is about. */
const PAGE = 1;
const LINE_BYTES = 2048;

export interface Step {
  readonly event: string;
  /** Of the step of the model in which it is. */
  readonly label: string;
}

/** @param area whose pte is followed; the operations before the last one prepare the state */
export function stepsOfModel(program: Program, workload: Workload, area: number): readonly Step[] {
  const k = new Kernel(program, new Judge());
  k.load(new World(workload));
  k.fused = 0;
  k.reset();
  const last = (workload.threads[0]?.ops.length ?? 0) - 1;
  const steps: Step[] = [];
  while (k.enabled() !== 0) {
    const isTold = k.opOf(0) >= last;
    const before = stateOf(k, area);
    const told = stepOf(k);
    const label = k.labelOf(0);
    const words = k.words.slice();
    k.step(0);
    const isSeen = (deed: string): boolean => hasChanged(words, k.words, ON_CHANGE[deed]);
    if (!isTold) continue;
    const events = [...told.filter(isSeen), ...changes(before, stateOf(k, area))];
    steps.push(...events.map((event) => ({ event, label })));
  }
  return steps;
}

/** @param bounds of the words that count, in pairs; without any it is told of in any case */
function hasChanged(before: Int32Array, after: Int32Array, bounds?: readonly number[]): boolean {
  if (bounds === undefined) return true;
  return before.some((word, i) => {
    const isOf = bounds.some((from, j) => j % 2 === 0 && i >= from && i < (bounds[j + 1] ?? 0));
    return isOf && word !== after[i];
  });
}

function stepOf(k: Kernel): readonly string[] {
  const pc = k.pcOf(0);
  const name = k.program.step[pc] ?? '';
  if (name === 'journalStart') return ['J+'];
  if (name === 'journalStop') return ['J-'];
  if (name === 'zeroPartial' || name === 'zeroEdges') {
    return extentKind(k.peek(EXTENT + PAGE)) === WRITTEN ? ['ZERO'] : [];
  }
  if (name === 'copyCowLine' || name === 'copyCowRange') return ['DUPLICATE', 'ZERO'];
  if (name === 'copyCow' || name === 'copyCowAround') return ['DUPLICATE'];
  // ext4 removes and shifts in one section.
  if (name === 'collapseExtents')
    return k.peek(EXTENT + PAGE) === 0 ? ['SHIFT'] : ['FREE', 'SHIFT'];
  const deed = DEEDS[STEPS.get(name)?.role ?? ''];
  if (deed !== undefined) return [deed];
  const step = LOCK_STEPS[name];
  if (step === undefined) return [];
  const lock = k.program.lock[pc] ?? '';
  const isOfB = lock !== 'mmapSem' && k.peek(k.frameOf(0) + R_FILE) === 1;
  return [`${step} ${lock}${isOfB ? ' of B' : ''}`];
}

type State = Readonly<Record<'entry' | 'pte' | 'i_size', string>>;

function stateOf(k: Kernel, area: number): State {
  return {
    entry: entryText(k.peek(SLOT + PAGE)),
    pte: pteText(k.peek(PTE + area * PAGES + PAGE)),
    i_size: String(k.peek(SIZE) * LINE_BYTES),
  };
}

function changes(before: State, after: State): readonly string[] {
  return (['entry', 'pte', 'i_size'] as const).flatMap((what) =>
    before[what] === after[what] ? [] : [`${what} ${before[what]} -> ${after[what]}`],
  );
}

function entryText(slot: number): string {
  if (slot === 0) return 'none';
  const type = slot & ENTRY_TYPE;
  const name = type === ENTRY_REAL ? 'REAL b' : type === ENTRY_ZERO ? 'ZERO' : 'EMPTY';
  const isDirty = (slot & ENTRY_DIRTY) !== 0;
  const isLocked = (slot & ENTRY_LOCKED) !== 0;
  return `${name}${isDirty ? ' DIRTY' : ''}${isLocked ? ' locked' : ''}`;
}

function pteText(pte: number): string {
  if (pte === 0) return 'none';
  const kind = pteKind(pte);
  const name = kind === PTE_BLOCK ? 'b' : kind === PTE_ANON ? 'anon' : 'zeropage';
  const isDirty = (pte & PTE_DIRTY) !== 0;
  return `${name} ${(pte & PTE_RW) !== 0 ? 'rw' : 'ro'}${isDirty ? ' dirty' : ''}`;
}
