/** What each thread holds, by class, and the order in which classes are asked for: lockdep's view. */
import { Footprints } from './footprints.ts';
import { EDGES, T_HELD, T_OUTER, T_TOLD } from './layout.ts';
import { canHoldMore, classBit, heldClasses } from './locks.ts';

export abstract class HeldLocks extends Footprints {
  /** The classes whose order counts: one that no path takes exclusively closes no cycle. */
  protected ordered = 0;

  /** The class graph has a new edge into `cls`. */
  protected abstract orderGrew(t: number, cls: number): void;
  abstract runOut(): void;

  /** A request for a lock class: every class already held gets an edge to it, but none to itself. */
  requests(t: number, cls: number): void {
    const bit = classBit(cls);
    if ((this.ordered & bit) === 0) return;
    const mask = heldClasses(this.get(T_HELD + t)) & this.ordered & ~bit;
    const before = this.get(EDGES + cls);
    if ((before | mask) === before) return;
    this.put(EDGES + cls, before | mask);
    this.orderGrew(t, cls);
  }

  holds(t: number, cls: number): void {
    const held = this.get(T_HELD + t);
    if (canHoldMore(held, cls)) this.put(T_HELD + t, held + classBit(cls));
    else this.runOut();
  }

  drops(t: number, cls: number): void {
    this.put(T_HELD + t, this.get(T_HELD + t) - classBit(cls));
  }

  /** A copy faults while its operation holds locks; a load or store holds none. */
  protected holdsAroundFault(t: number): void {
    const held = this.get(T_HELD + t);
    if (held !== 0) this.put(T_OUTER + t, heldClasses(held));
  }

  protected leavesFault(t: number): void {
    if (this.get(T_OUTER + t) === 0) return;
    this.put(T_OUTER + t, 0);
    this.put(T_TOLD + t, 0);
  }
}
