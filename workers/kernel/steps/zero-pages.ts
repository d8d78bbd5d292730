/** Zero pages in page tables: one of the cache, which is found there, and the common one, which is not. */
import { byOperation } from '../blame.ts';
import { COMMON_ZERO_PAGE, PTE_ZERO, pteWord } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import { INSTALLED_BY, O_PTE, PTE, R_FILE, R_PAGE, R_PAGEOBJ, R_PTE } from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesOne, visible } from '../step.ts';
import { PTL } from './fault.ts';

const touchPte = touchesOne(O_PTE, R_PTE, true);

function mapZeroPage(k: Kernel, _t: number, r: number): Outcome {
  if (k.get(r + R_PAGEOBJ) === 0) return k.runOut();
  return mapZero(k, r, k.get(r + R_PAGEOBJ) - 1);
}

/** The zero page of the whole system, or of the mapping, which is in no cache: nobody finds it there. */
function mapCommonZeroPage(k: Kernel, _t: number, r: number): Outcome {
  return mapZero(k, r, COMMON_ZERO_PAGE);
}

/** An occupied slot stays as it is. */
function mapZero(k: Kernel, r: number, page: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  if (k.get(PTE + pteIndex) !== 0) return NEXT;
  k.put(PTE + pteIndex, pteWord(PTE_ZERO, page, 0));
  k.put(INSTALLED_BY + pteIndex, byOperation(k));
  k.watch.pteInstalled(k, pteIndex, k.get(r + R_FILE), k.get(r + R_PAGE));
  return NEXT;
}

export const ZERO_PAGE_STEPS: readonly StepDef[] = [
  visible({
    name: 'mapZeroPage',
    says: 'map the zero page',
    run: mapZeroPage,
    touch: touchPte,
    may: ['pte'],
    why: `do_set_pte ${PTL}`,
  }),
  visible({
    name: 'mapCommonZeroPage',
    says: 'map the common zero page',
    run: mapCommonZeroPage,
    touch: touchPte,
    may: ['pte'],
    why: `do_set_pte ${PTL}`,
  }),
];
