/** O3 says what the search has proven (never-ends.ts): no interleaving ends any operation from here. */
import { PAGES, THREADS } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { PTE_BLOCK, PTE_RW, pteKind, SLOT_ENTRY, slotKind } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PTE, SLOT, SPOKEN } from '../kernel/layout.ts';
import { pageBehind } from '../kernel/steps/fault.ts';
import type { Violations } from './oracle.ts';

/** A fault that faults again for ever after another violation is that one's consequence. */
export function mayComplain(k: Kernel): boolean {
  return k.peek(SPOKEN) === 0;
}

/** @param turning the threads that go round, as a mask */
export function neverEnds(k: Kernel, found: Violations, turning: number): void {
  const said = threadsIn(turning).map(
    (t) => `T${t}'s ${kindOf(k, t)} goes round in ${k.labelOf(t)}`,
  );
  found.report(k, {
    class: 'never-ends',
    object: threadsIn(turning).every((t) => hasNoEntry(k, t)) ? 'no-entry' : '',
    fatal: true,
    roles: kindsTurning(k, turning),
    detail: `${said.join('; ')}: no interleaving leads out, no operation ends any more`,
  });
}

export function kindsTurning(k: Kernel, turning: number): readonly OpKind[] {
  return threadsIn(turning)
    .map((t) => kindOf(k, t))
    .filter((kind) => kind !== 'crash');
}

function kindOf(k: Kernel, t: number): OpKind {
  return k.world.rowOfWriter(k.writerOf(t)).kind;
}

/** What it writes is a read-only pte of a page that has no entry, where a fault looks for one. */
function hasNoEntry(k: Kernel, t: number): boolean {
  const { userArea, userFirst, userLines } = k.world.rowOfWriter(k.writerOf(t));
  if (userArea < 0 || !k.program.hasEntries) return false;
  const [first, last] = [userFirst >> 1, (userFirst + userLines - 1) >> 1];
  for (let page = first; page <= last; page++) {
    const pteIndex = userArea * PAGES + page;
    const pte = k.peek(PTE + pteIndex);
    const home = pageBehind(k, pteIndex, pte);
    const isBlock = pteKind(pte) === PTE_BLOCK && (pte & PTE_RW) === 0;
    if (isBlock && home >= 0 && slotKind(k.peek(SLOT + home)) !== SLOT_ENTRY) return true;
  }
  return false;
}

function threadsIn(mask: number): readonly number[] {
  return Array.from({ length: THREADS }, (_, t) => t).filter((t) => ((mask >> t) & 1) !== 0);
}
