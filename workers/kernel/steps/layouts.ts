/** Breaking layouts before blocks go: whether a device still has a page of the file, and to wait until it has not (4.18). */
import { PAGES } from '../../../corpus/vocabulary/limits.ts';
import {
  ENTRY_LOCKED,
  entryBlock,
  pageIndex,
  SLOT_ENTRY,
  slotKind,
  VMA_LINKED,
  vmaFile,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  O_PIN,
  O_SLOT,
  O_VMA,
  PINS,
  R_ANSWER,
  R_CURSOR,
  R_FILE,
  R_SLOT,
  SLOT,
  SLOT_WAIT,
  VMA,
} from '../layout.ts';
import { C_ENTRY, fifoLength } from '../locks.ts';
import { FUSE_PINS, NEXT, type Outcome, SLEEP } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { isOfBlock, waitForEntry, wakeOne } from './entries.ts';

/** R_ANSWER: does any area map the file? */
function checkLinked(k: Kernel, _t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const isLinked = k.world.areas.some((area) => {
    const vma = k.get(VMA + area);
    return (vma & VMA_LINKED) !== 0 && vmaFile(vma) === file;
  });
  k.put(r + R_ANSWER, isLinked ? 1 : 0);
  return NEXT;
}

function touchAreas(k: Kernel): void {
  for (const area of k.world.areas) k.reads(O_VMA + area);
}

function isLocked(slot: number): boolean {
  return slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_LOCKED) !== 0;
}

/**
 * Look from R_CURSOR on for an entry whose block is pinned: R_ANSWER 1, and R_SLOT.
 * @param waits for a locked entry; else it is passed over
 */
function findPinned(waits: boolean): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    k.put(r + R_ANSWER, 0);
    for (let page = k.get(r + R_CURSOR); page < k.world.pageLimit; page++) {
      const index = pageIndex(k.get(r + R_FILE), page);
      const slot = k.get(SLOT + index);
      if (isLocked(slot)) {
        if (!waits) continue;
        k.put(r + R_CURSOR, page);
        k.requests(t, C_ENTRY);
        return waitForEntry(k, t, index);
      }
      // Who only waited must pass a wake-one on.
      wakeOne(k, index);
      if (!isPinned(k, slot)) continue;
      k.put(r + R_SLOT, slot);
      k.put(r + R_ANSWER, 1);
      return NEXT;
    }
    return NEXT;
  };
}

/** An operation has the block of the entry pinned. */
export function isPinned(k: Kernel, slot: number): boolean {
  return isOfBlock(slot) && k.get(PINS + entryBlock(slot)) !== 0;
}

function touchEntries(waits: boolean): (k: Kernel, t: number, r: number) => void {
  return (k, _t, r) => {
    for (let page = k.get(r + R_CURSOR); page < Math.min(k.world.pageLimit, PAGES); page++) {
      const index = pageIndex(k.get(r + R_FILE), page);
      const slot = k.get(SLOT + index);
      const isWaitedFor = isLocked(slot) && waits;
      if (isWaitedFor || fifoLength(k.get(SLOT_WAIT + index)) > 0) k.writes(O_SLOT + index);
      else k.reads(O_SLOT + index);
      if (isWaitedFor) return;
      if (isLocked(slot) || !isOfBlock(slot)) continue;
      k.reads(O_PIN + entryBlock(slot));
      if (isPinned(k, slot)) return;
    }
  };
}

/** R_ANSWER: is the block that was found pinned still? */
function checkPinned(k: Kernel, _t: number, r: number): Outcome {
  k.put(r + R_ANSWER, k.get(PINS + entryBlock(k.get(r + R_SLOT))) === 0 ? 0 : 1);
  return NEXT;
}

function sleepUntilIdle(k: Kernel, t: number, r: number): Outcome {
  const block = entryBlock(k.get(r + R_SLOT));
  if (k.get(PINS + block) === 0) return NEXT;
  k.sleep(t, O_PIN + block);
  return SLEEP;
}

function touchPin(k: Kernel, _t: number, r: number): void {
  k.reads(O_PIN + entryBlock(k.get(r + R_SLOT)));
}

const FIND = {
  family: 'findPinned',
  role: 'findPinned',
  says: 'look for a pinned page',
  restless: true,
  answers: true,
  may: ['slot', 'pin'],
} as const;

export const LAYOUT_STEPS: readonly StepDef[] = [
  visible({
    name: 'checkLinked',
    says: 'does anybody map the file?',
    run: checkLinked,
    touch: touchAreas,
    may: ['vma'],
    answers: true,
    why: 'mapping_mapped: one look at the root of i_mmap',
  }),
  visible({
    ...FIND,
    name: 'findPinned',
    flavour: 'wait',
    run: findPinned(true),
    touch: touchEntries(true),
    why: 'dax_layout_busy_page_range of 6.15: one xa_lock section up to an entry that is locked (6be3e21d25ca)',
  }),
  visible({
    ...FIND,
    name: 'findPinnedSkipping',
    flavour: 'skip',
    run: findPinned(false),
    touch: touchEntries(false),
    fuse: FUSE_PINS,
    why: 'dax_layout_busy_page_range: one xa_lock section; a locked entry is passed over (locking 7.5)',
  }),
  visible({
    name: 'checkPinned',
    says: 'is the page still pinned?',
    run: checkPinned,
    touch: touchPin,
    may: ['pin'],
    answers: true,
    why: '___wait_var_event: one read of the page count',
  }),
  visible({
    name: 'sleepUntilIdle',
    says: 'wait until the page is idle',
    run: sleepUntilIdle,
    touch: touchPin,
    may: ['pin'],
    why: 'schedule() in ___wait_var_event: the waiter is queued already, so no wake-up is lost',
  }),
];
