/** O3 says what the search has proven (never-ends.ts): no interleaving ends any operation from here. */
import type { Kernel } from '../kernel/kernel.ts';
import { SPOKEN } from '../kernel/layout.ts';
import type { Findings } from './oracle.ts';

/** A fault that faults again for ever after another violation is that one's consequence. */
export function mayComplain(k: Kernel): boolean {
  return k.peek(SPOKEN) === 0;
}

export function neverEnds(k: Kernel, found: Findings): void {
  const turning: string[] = [];
  const said: string[] = [];
  for (let t = 0; t < k.world.threads; t++) {
    if (((k.enabled() >> t) & 1) === 0) continue;
    const { kind } = k.world.rowOfWriter(k.writerOf(t));
    if (kind === 'crash') continue;
    turning.push(kind);
    said.push(`T${t}'s ${kind} goes round in ${k.labelOf(t)}`);
  }
  found.report(k, {
    class: 'never-ends',
    object: '',
    fatal: true,
    roles: turning,
    detail: `${said.join('; ')}: no interleaving leads out, no operation ends any more`,
  });
}
