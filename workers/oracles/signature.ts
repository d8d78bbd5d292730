/**
 * What a finding is known by: its class, and per role the kind of operation and the registry's name of the
 * step. No label, path, thread, page or name that a model gives: whoever renames or moves a step has the same finding.
 */
import type { ViolationClass } from '../../corpus/vocabulary/verdict.ts';

export interface Signed {
  readonly class: ViolationClass;
  /** What distinguishes defects of one class; '' where there is one. */
  readonly object: string;
  /** Unordered: who raced whom, not who came first. */
  readonly roles: readonly string[];
  /** The whole signature, where several classes show one defect. */
  readonly key?: string;
}

export function signatureOf({ class: symptom, object, roles, key }: Signed): string {
  if (key !== undefined) return key;
  const sorted = [...new Set(roles)].sort().join('|');
  return [symptom, object, sorted].filter((part) => part !== '').join(' ');
}

/** Operations that take a page's block away or put another in its place, inside EOF. */
const MOVERS: readonly string[] = ['collapse', 'insert', 'punch', 'swap', 'zero'];

export function isMover(operation: string): boolean {
  return MOVERS.includes(operation);
}

/**
 * A fault that one of them does not keep out maps what it takes away, clears it, or leaves the zero page; which of
 * these is seen is the schedule's business (locking 3.2 B12, B15).
 */
export function unfenced(operation: string): { readonly key?: string } {
  return isMover(operation) ? { key: `unfenced ${operation}` } : {};
}

/** One of the locks of a cycle: what is held, and what is asked for while it is. */
export interface Link {
  readonly held: string;
  /** R, W, '' for locks of one mode, or `queued`: held only by standing in its queue. */
  readonly heldMode: string;
  readonly wanted: string;
  readonly wantedMode: string;
}

/**
 * A deadlock and the inversion that foretells it: the classes of its cycle. Who only stands in a queue holds
 * nothing, and a commit that waits for handles is not a lock of its own.
 */
export function lockKey(links: readonly Link[]): string {
  const held = links.filter((link) => link.heldMode !== 'queued' && !isCommit(link));
  const own = held.length === 0 ? links : held;
  const classes = [...new Set(own.map((link) => link.held))].sort();
  if (own.length === 1) {
    const [link] = own as [Link];
    const modes = link.wantedMode === '' ? '' : `:${link.heldMode}->${link.wantedMode}`;
    return `lock-self ${link.held}${modes}`;
  }
  return classes.length === 1 ? `lock-twice ${classes[0]}` : `lock-cycle ${classes.join(' ')}`;
}

/** One way into a cycle: `store: i_mmap_rwsem under page lock`. */
export function lockSite(operation: string, asked: string, held: string): string {
  return `${operation}: ${asked} under ${held}`;
}

/** A commit keeps others from starting handles, and waits for those that there are. */
export function isCommit({ held, wanted }: Link): boolean {
  return held === 'journal' && wanted === 'journal';
}
