/**
 * The range lock of the RFC of 10 Aug 2015 (locking 3.7): `mapping->mapping_lock`, an interval tree. A request waits for
 * every range that was asked for before it and overlaps it; the releaser hands the lock over.
 */
import { PAGES, RANGES } from '../../../corpus/vocabulary/limits.ts';
import type { Kernel } from '../kernel.ts';
import { O_RANGE, R_FILE, R_PAGE, R_UFROM, R_UTO, RANGE_LOCK, T_WAIT } from '../layout.ts';
import { C_RANGE } from '../locks.ts';
import { HANDOFF, NEXT, type Outcome, type StepRun } from '../program.ts';
import { placeHeld, placeWanted, rangesAt, rangeWord, withoutRange, withRange } from '../ranges.ts';
import { type StepDef, touchesOne, visible } from '../step.ts';

/** What the caller gives range_lock_init: the first page, and the one behind the last. */
interface Ends {
  readonly flavour: string;
  readonly name: string;
  readonly says: string;
  readonly why: string;
  readonly from: (k: Kernel, r: number) => number;
  readonly to: (k: Kernel, r: number) => number;
}

const unmapFrom = (k: Kernel, r: number): number => k.get(r + R_UFROM);

const ENDS: readonly Ends[] = [
  {
    flavour: 'page',
    name: 'Page',
    says: 'the page',
    why: '__dax_fault and do_cow_fault',
    from: (k, r) => k.get(r + R_PAGE),
    to: (k, r) => k.get(r + R_PAGE) + 1,
  },
  {
    flavour: 'unmap',
    name: 'Unmap',
    says: 'the pages to unmap',
    why: 'unmap_mapping_range',
    from: unmapFrom,
    to: (k, r) => k.get(r + R_UTO),
  },
  {
    flavour: 'noLength',
    name: 'NoLength',
    says: 'length 0',
    why: 'unmap_mapping_range, where truncate_pagecache passes 0 for "to the end"',
    from: unmapFrom,
    // Unsigned: 0 - 1 is the last page that there can be.
    to: (k, r) => unmapFrom(k, r) || PAGES,
  },
];

function rangesOf(k: Kernel, file: number): readonly number[] {
  return rangesAt(RANGE_LOCK + file * RANGES, (word) => k.get(word));
}

function keep(k: Kernel, file: number, ranges: readonly number[]): void {
  for (let i = 0; i < RANGES; i++) k.put(RANGE_LOCK + file * RANGES + i, ranges[i] ?? 0);
}

function lockRange({ from, to }: Ends): StepRun {
  return (k, t, r) => {
    const file = k.get(r + R_FILE);
    const before = rangesOf(k, file);
    if (before.length === RANGES) return k.runOut();
    k.requests(t, C_RANGE);
    const ranges = withRange(before, rangeWord(t, from(k, r), to(k, r)));
    keep(k, file, ranges);
    if (placeWanted(ranges, t) >= 0) return wait(k, t, file);
    k.holds(t, C_RANGE);
    return NEXT;
  };
}

function wait(k: Kernel, t: number, file: number): Outcome {
  k.sleep(t, O_RANGE + file);
  return HANDOFF;
}

function unlockRange({ from, to }: Ends): StepRun {
  return (k, t, r) => {
    const file = k.get(r + R_FILE);
    const before = rangesOf(k, file);
    const place = placeHeld(before, rangeWord(t, from(k, r), to(k, r)));
    if (place < 0) {
      k.watch.badRelease(k, t, C_RANGE, true);
      return NEXT;
    }
    const ranges = withoutRange(before, place);
    keep(k, file, ranges);
    k.drops(t, C_RANGE);
    grant(k, file, ranges);
    return NEXT;
  };
}

/** Hands the lock to each sleeper that has no earlier range left to wait for. */
function grant(k: Kernel, file: number, ranges: readonly number[]): void {
  for (let t = 0; t < k.world.threads; t++) {
    if (k.peek(T_WAIT + t) !== O_RANGE + file + 1 || placeWanted(ranges, t) >= 0) continue;
    k.holds(t, C_RANGE);
    k.handOver(t);
  }
}

function rangeStep(ends: Ends, verb: 'lock' | 'unlock'): StepDef {
  const { flavour, name, says, why } = ends;
  const family = `${verb}Range`;
  return visible({
    name: `${family}${name}`,
    role: family,
    family,
    flavour,
    says: `range_${verb}: ${says}`,
    run: verb === 'lock' ? lockRange(ends) : unlockRange(ends),
    touch: touchesOne(O_RANGE, R_FILE, true),
    may: ['rangeLock'],
    lock: verb === 'lock' ? 'takes' : 'drops',
    why: `range_${verb} of lib/range_lock.c under the spinlock of its tree; ${why}`,
  });
}

export const RANGE_STEPS: readonly StepDef[] = ENDS.flatMap((ends) => [
  rangeStep(ends, 'lock'),
  rangeStep(ends, 'unlock'),
]);
