/** O10 and O11: releases, leaks, locks that must be held, and the order of lock classes. */
import type { Kernel } from '../kernel/kernel.ts';
import { EDGES, T_HELD, TAINT_LOCKS } from '../kernel/layout.ts';
import { C_FAULT, CLASS_COUNT, LOCK_CLASSES } from '../kernel/locks.ts';
import { canonicalRotation } from './deadlock.ts';
import { currentLabel, type Findings } from './oracle.ts';

function className(cls: number): string {
  return LOCK_CLASSES[cls]?.id ?? 'lock';
}

/** The real kernel corrupts the counter; the simulation stops here. */
export function badRelease(
  k: Kernel,
  found: Findings,
  thread: number,
  cls: number,
  forWrite: boolean,
): void {
  found.report(k, {
    class: 'bad-release',
    object: `${className(cls)}:${forWrite ? 'W' : 'R'}`,
    labels: [currentLabel(k)],
    fatal: true,
    detail: `T${thread} releases ${className(cls)} in ${currentLabel(k)} and does not hold it so`,
  });
}

export function lockMissing(k: Kernel, found: Findings, thread: number, cls: number): void {
  if (isTold(k, cls)) return;
  found.report(k, {
    class: 'lock-missing',
    object: className(cls),
    labels: [currentLabel(k)],
    fatal: false,
    detail: `T${thread} in ${currentLabel(k)} does not hold ${className(cls)}`,
  });
  tell(k, cls);
}

/** Extents change only under the fault lock, in models that have one; revoke has no fs lock by nature. */
export function extentsNeedFaultLock(k: Kernel, found: Findings): void {
  const t = k.currentThread;
  if (k.program.faultLock && !k.isHolding(t, C_FAULT)) lockMissing(k, found, t, C_FAULT);
}

/**
 * A lock, a journal handle or freeze protection outlives the operation that took it. Fatal: whatever happens
 * behind it, the next deadlock first of all, is its doing.
 */
export function checkLeaks(k: Kernel, found: Findings, thread: number, path: string): void {
  const held = k.peek(T_HELD + thread);
  if (held === 0) return;
  for (let cls = 0; cls < CLASS_COUNT; cls++) {
    if (((held >> (2 * cls)) & 3) === 0) continue;
    found.report(k, {
      class: 'lock-leak',
      object: className(cls),
      labels: [path],
      fatal: true,
      detail: `T${thread} still holds ${className(cls)} when ${path} returns`,
    });
  }
}

function isTold(k: Kernel, cls: number): boolean {
  return ((k.peek(TAINT_LOCKS) >> cls) & 1) !== 0;
}
function tell(k: Kernel, cls: number): void {
  k.put(TAINT_LOCKS, k.peek(TAINT_LOCKS) | (1 << cls));
}

/** A new edge into `cls`: does a chain lead from it back to a lock that is held? */
export function checkOrder(k: Kernel, found: Findings, thread: number, cls: number): void {
  if (!closesCycle(k, k.peek(T_HELD + thread), cls)) return;
  const held = k.peek(T_HELD + thread);
  let shortest: readonly number[] | null = null;
  for (let from = 0; from < CLASS_COUNT; from++) {
    if (((held >> (2 * from)) & 3) === 0 || from === cls) continue;
    const chain = chainBetween(k, cls, from);
    if (chain !== null && (shortest === null || chain.length < shortest.length)) shortest = chain;
  }
  if (shortest === null || shortest.every((member) => isTold(k, member))) return;
  const cycle = canonicalRotation(shortest.map(className));
  found.report(k, {
    class: 'lock-order',
    object: 'classes',
    labels: [[...cycle, cycle[0]].join(' -> ')],
    fatal: false,
    detail: `T${thread} asks for ${className(cls)} in ${currentLabel(k)}, and elsewhere the order is the other way`,
  });
  for (const member of shortest) tell(k, member);
}

/**
 * Whether `cls` precedes a held class, directly or not. EDGES[c] holds who precedes c, in every second bit;
 * this runs for every new edge of every run, so it walks masks.
 */
function closesCycle(k: Kernel, held: number, cls: number): boolean {
  const target = 1 << (2 * cls);
  let seen = (held | (held >> 1)) & 0x55555 & ~target;
  let open = seen;
  while (open !== 0) {
    const bit = open & -open;
    const before = k.peek(EDGES + ((31 - Math.clz32(bit)) >> 1));
    if ((before & target) !== 0) return true;
    open = (open | (before & ~seen)) & ~bit;
    seen |= before;
  }
  return false;
}

/** Shortest path `from … to` along "asked for while held" edges, breadth first. */
function chainBetween(k: Kernel, from: number, to: number): readonly number[] | null {
  const reached = new Map<number, number>([[from, -1]]);
  const queue = [from];
  for (const cls of queue) {
    if (cls === to) {
      const chain: number[] = [];
      for (let at = to; at !== -1; at = reached.get(at) ?? -1) chain.unshift(at);
      return chain;
    }
    for (let next = 0; next < CLASS_COUNT; next++) {
      if (!reached.has(next) && ((k.peek(EDGES + next) >> (2 * cls)) & 1) !== 0) {
        reached.set(next, cls);
        queue.push(next);
      }
    }
  }
  return null;
}
