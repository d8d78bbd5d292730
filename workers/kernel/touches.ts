/** Footprints as a program has them: packed for the kernel's loop, or widened where entries may be of PMD order. */

import type { OneObject, StepTouch, Touch } from './program.ts';
import { STEPS } from './step-registry.ts';

/** Where entries may fill the slots of a huge page, what touches one of them touches all. */
export function widenSlots(rows: readonly { readonly step: string; touch: Touch }[]): void {
  if (!rows.some(({ step }) => STEPS.get(step)?.family === 'insertHuge')) return;
  for (const row of rows) {
    if (STEPS.get(row.step)?.may.includes('slot') === true) row.touch = withWholeEntry(row.touch);
  }
}

function withWholeEntry(touch: Touch): StepTouch {
  const own = typeof touch === 'function' ? touch : touchOne(touch);
  return (k, t, r) => {
    own(k, t, r);
    k.widenSlots();
  };
}

/** What kernel.ts computes from the packed row. */
function touchOne({ base, a, shift, b, isWrite }: OneObject): StepTouch {
  return (k, _t, r) => {
    const object = base + (k.get(r + a) << shift) + (b < 0 ? 0 : k.get(r + b));
    if (isWrite) k.writes(object);
    else k.reads(object);
  };
}

export function touchCode(touch: Touch): number[] {
  if (typeof touch === 'function') return [-1, 0, 0, 0, 0, 0, 0, 0];
  return [touch.base, touch.a, touch.shift, touch.b, touch.isWrite ? 1 : 0, 0, 0, 0];
}
