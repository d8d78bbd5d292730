/**
 * The states of a search by number: how each was reached, and from which of them some operation can still end.
 * A state is dead when no path from it leads to the end of an operation, to a violation or to an overflow.
 */
import { Growing } from './growing.ts';

// What is known of a state.
const EXPANDED = 1;
const LEADS_OUT = 2;
const UNSPOKEN = 4;

export class StateGraph {
  /** Parent and thread of every state. */
  private readonly parents = new Growing();
  private readonly flags = new Growing();
  /** Steps to states that were known before, in pairs: from, to. */
  private readonly edges = new Growing();

  get states(): number {
    return this.parents.length;
  }

  addStart(): void {
    this.parents.push(-1);
    this.flags.push(UNSPOKEN);
  }

  addState(parent: number, thread: number, isUnspoken: boolean): void {
    this.parents.push(parent * 4 + thread);
    this.flags.push(isUnspoken ? UNSPOKEN : 0);
  }

  addEdge(from: number, to: number): void {
    this.edges.push(from);
    this.edges.push(to);
  }

  expanded(state: number): void {
    this.flags.set(state, this.flags.at(state) | EXPANDED);
  }

  leadsOut(state: number): void {
    this.flags.set(state, this.flags.at(state) | LEADS_OUT);
  }

  private isOpen(state: number): boolean {
    // What was not searched any further may lead anywhere.
    const flags = this.flags.at(state);
    return (flags & LEADS_OUT) !== 0 || (flags & EXPANDED) === 0;
  }

  /** The step that a state was reached by: its parent * 4 + the thread; -1 for the start. */
  linkTo(state: number): number {
    return this.parents.at(state);
  }

  /** The state that was reached by a step: states are numbered in the order of their steps. */
  stateAt(link: number): number {
    let [from, to] = [0, this.states - 1];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.parents.at(middle) < link) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** The threads that ran, from the start to a state. */
  pathTo(state: number): readonly number[] {
    const path: number[] = [];
    for (let at = state; at > 0; ) {
      const link = this.parents.at(at);
      path.push(link & 3);
      at = link >> 2;
    }
    return path.reverse();
  }

  /** And on with a step of thread t. */
  pathThrough(state: number, t: number): readonly number[] {
    return [...this.pathTo(state), t];
  }

  /** The dead states whose parent is not dead, in the order of the search, where no oracle has spoken. */
  deadEntries(): readonly number[] {
    this.spread();
    const entries: number[] = [];
    for (let state = 0; state < this.states; state++) {
      if (this.isOpen(state) || (this.flags.at(state) & UNSPOKEN) === 0) continue;
      if (state === 0 || this.isOpen(this.parents.at(state) >> 2)) entries.push(state);
    }
    return entries;
  }

  /** A way out is one for every state that leads to it. Parents have lower numbers than their children. */
  private spread(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (let state = this.states - 1; state > 0; state--) {
        if (this.isOpen(state)) this.leadsOut(this.parents.at(state) >> 2);
      }
      for (let i = this.edges.length - 2; i >= 0; i -= 2) {
        const from = this.edges.at(i);
        if (this.isOpen(from) || !this.isOpen(this.edges.at(i + 1))) continue;
        this.leadsOut(from);
        changed = true;
      }
    }
  }
}
