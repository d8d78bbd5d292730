/** O10 and O11: releases, leaks, locks that must be held, and the order of lock classes. */
import type { Kernel } from '../kernel/kernel.ts';
import { EDGES, T_HELD, T_OUTER, T_TOLD, TAINT_LOCKS } from '../kernel/layout.ts';
import {
  CLASS_COUNT,
  classBit,
  classOfBit,
  heldClasses,
  heldCount,
  kindOfClass,
} from '../kernel/locks.ts';
import { currentLabel, currentOperation, currentRole, type Violations } from './oracle.ts';
import { lockKey, lockSite } from './signature.ts';

function classId(k: Kernel, cls: number): string {
  return k.program.lockIds[cls] ?? 'lock';
}

/** As the model calls it. */
function className(k: Kernel, cls: number): string {
  return k.program.lockNames[cls] ?? 'lock';
}

/** The real kernel corrupts the counter; the simulation stops here. `R->W`: held for read, given back for write. */
export function badRelease(
  k: Kernel,
  found: Violations,
  thread: number,
  cls: number,
  forWrite: boolean,
): void {
  if (kindOfClass(cls) === 'interval') {
    badRangeRelease(k, found, thread, cls);
    return;
  }
  const isHeld = heldCount(k.peek(T_HELD + thread), cls) > 0;
  const [mode, other] = forWrite ? ['W', 'R'] : ['R', 'W'];
  const said = forWrite ? 'for write in' : 'for read in';
  const but = isHeld ? `holds it for ${forWrite ? 'read' : 'write'}` : 'does not hold it';
  found.report(k, {
    class: 'bad-release',
    object: `${classId(k, cls)}:${isHeld ? `${other}->${mode}` : mode}`,
    roles: [currentRole(k)],
    fatal: true,
    detail: `T${thread} releases ${className(k, cls)} ${said} ${currentLabel(k)} and ${but}`,
  });
}

/** Ranges have one mode; another range of the same file may well be held. */
function badRangeRelease(k: Kernel, found: Violations, thread: number, cls: number): void {
  found.report(k, {
    class: 'bad-release',
    object: classId(k, cls),
    roles: [currentRole(k)],
    fatal: true,
    detail: `T${thread} releases a range of ${className(k, cls)} in ${currentLabel(k)} and does not hold it`,
  });
}

/** A step that needs a lock, in that mode and of that instance, ran without (kernel/needs.ts). */
export function lockMissing(
  k: Kernel,
  found: Violations,
  thread: number,
  cls: number,
  mode: 'R' | 'W',
): void {
  if (isTold(k, cls)) return;
  found.report(k, {
    class: 'lock-missing',
    object: `${classId(k, cls)}:${mode}`,
    roles: [currentRole(k)],
    fatal: false,
    detail: `T${thread} in ${currentLabel(k)} does not hold ${className(k, cls)}${
      mode === 'W' ? ' for write' : ''
    }`,
  });
  tell(k, cls);
}

/**
 * A lock, a journal handle or freeze protection outlives the operation that took it. Fatal: whatever happens
 * behind it, the next deadlock first of all, is its doing.
 */
export function checkLeaks(k: Kernel, found: Violations, thread: number, path: string): void {
  const held = k.peek(T_HELD + thread);
  if (held === 0) return;
  for (let cls = 0; cls < CLASS_COUNT; cls++) {
    if (heldCount(held, cls) === 0) continue;
    found.report(k, {
      class: 'lock-leak',
      object: classId(k, cls),
      roles: [path],
      fatal: true,
      detail: `T${thread} still holds ${className(k, cls)} when ${path} returns`,
    });
  }
}

function isTold(k: Kernel, cls: number): boolean {
  return ((k.peek(TAINT_LOCKS) >> cls) & 1) !== 0;
}
function tell(k: Kernel, cls: number): void {
  k.put(TAINT_LOCKS, k.peek(TAINT_LOCKS) | (1 << cls));
}

/**
 * A new edge into `cls`: does a chain lead from it back to a lock that is held? A copy that faults under a lock asks for
 * all that a fault asks for: one word of it is enough.
 */
export function checkOrder(k: Kernel, found: Violations, thread: number, cls: number): void {
  const held = heldClasses(k.peek(T_HELD + thread)) & ~k.peek(T_TOLD + thread);
  if (!closesCycle(k, held, cls)) return;
  let shortest: readonly number[] | null = null;
  for (let from = 0; from < CLASS_COUNT; from++) {
    if ((held & classBit(from)) === 0 || from === cls) continue;
    const chain = chainBetween(k, cls, from);
    if (chain !== null && (shortest === null || chain.length < shortest.length)) shortest = chain;
  }
  if (shortest === null || shortest.every((member) => isTold(k, member))) return;
  const chain = shortest;
  const under = className(k, chain.at(-1) ?? cls);
  const links = chain.map((member, i) => ({
    held: classId(k, member),
    heldMode: '',
    wanted: classId(k, chain[(i + 1) % chain.length] ?? member),
    wantedMode: '',
  }));
  found.report(k, {
    class: 'lock-order',
    object: '',
    roles: [],
    key: lockKey(links),
    site: lockSite(currentOperation(k), className(k, cls), under),
    fatal: false,
    detail: `T${thread}'s ${currentOperation(k)} asks for ${className(k, cls)} and holds ${under}; elsewhere ${otherOrder(k, chain)}`,
  });
  for (const member of shortest) tell(k, member);
  const outer = k.peek(T_OUTER + thread) & classBit(chain.at(-1) ?? cls);
  k.put(T_TOLD + thread, k.peek(T_TOLD + thread) | outer);
}

/** Each lock of a chain is asked for under the one before it. */
function otherOrder(k: Kernel, chain: readonly number[]): string {
  return chain
    .slice(1)
    .map((cls, i) => `${className(k, cls)} is asked for under ${className(k, chain[i] ?? cls)}`)
    .join(' and ');
}

/** A lock that the documented order puts before one that is held. */
export function noteContradiction(
  k: Kernel,
  noted: Set<string>,
  thread: number,
  cls: number,
): void {
  let later = (k.program.documented[cls] ?? 0) & heldClasses(k.peek(T_HELD + thread));
  for (; later !== 0; later &= later - 1) {
    const other = classOfBit(later & -later);
    const [asked, under] = [className(k, cls), className(k, other)];
    noted.add(
      `${currentOperation(k)} takes ${asked} under ${under}; \`order\` says ${asked} -> ${under}`,
    );
  }
}

/**
 * Whether `cls` precedes a held class, directly or not. EDGES[c] holds who precedes c, in every second bit;
 * this runs for every new edge of every run, so it walks masks.
 */
function closesCycle(k: Kernel, held: number, cls: number): boolean {
  const target = classBit(cls);
  let seen = held & ~target;
  let open = seen;
  while (open !== 0) {
    const bit = open & -open;
    const before = k.peek(EDGES + classOfBit(bit));
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
      if (!reached.has(next) && (k.peek(EDGES + next) & classBit(cls)) !== 0) {
        reached.set(next, cls);
        queue.push(next);
      }
    }
  }
  return null;
}
