/** One thread's part in a search: it expands rows of a level that threads share, in whatever order they come. Pure. */
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Engine } from '../execute.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SPOKEN } from '../kernel/layout.ts';
import {
  type Answer,
  type At,
  arrivalOf,
  before,
  ENDED,
  outcomeOf,
  type Phase,
  RANKS,
  type SearchMemory,
} from './crew.ts';
import { Growing } from './growing.ts';
import { LevelView, NO_LEVEL } from './level-view.ts';
import { SharedRows } from './shared-rows.ts';
import { SharedVisited } from './shared-visited.ts';
import type { TouchedWords } from './touched-words.ts';
import { Transition } from './transition.ts';

const SLOTS_AT_ONCE = 1 << 14;

export class Expander {
  readonly rows: SharedRows;
  visited: SharedVisited;
  private readonly engine: Engine;
  private readonly k: Kernel;
  private readonly transition = new Transition();
  private level: LevelView = new LevelView(NO_LEVEL);
  /** Slots of the states that this thread was the first to claim in this level. */
  private readonly claimed = new Growing();
  /** Steps of this level to states that an earlier step has come to: rank and slot. */
  private readonly revisits = new Growing();
  private readonly edges = new Growing();
  private violations: At<Violation>[] = [];
  /** Signature and class of those that were told. */
  private readonly told = new Set<string>();
  private contradictions: At<string>[] = [];
  private contradictionsTold: number;

  /** @param engine has the workload, is reset and logs */
  constructor(engine: Engine, touched: TouchedWords, memory: SearchMemory) {
    this.engine = engine;
    this.k = engine.kernel;
    this.rows = new SharedRows(touched, memory.segments);
    this.visited = new SharedVisited(memory.visited);
    this.contradictionsTold = engine.judge.contradictions.size;
  }

  perform(order: Phase): void {
    switch (order.phase) {
      case 'expand':
        this.settle(Number.POSITIVE_INFINITY);
        this.rows.turn();
        this.rows.learn(order.segments);
        this.level = new LevelView(order.level);
        this.expandLevel();
        return;
      case 'settle':
        this.settle(order.ranks);
        return;
      case 'grow':
        this.grow(order.visited, new Int32Array(order.next));
        return;
    }
  }

  /** What is new since this was asked last. */
  answer(): Answer {
    const { violations, contradictions } = this;
    const edges = this.edges.copy();
    this.violations = [];
    this.contradictions = [];
    this.edges.clear();
    const segments = this.rows.takeCreated();
    return { violations, contradictions, segments, edges, claimed: this.claimed.length };
  }

  private expandLevel(): void {
    const { next, count, atOnce } = this.level;
    for (;;) {
      const from = Atomics.add(next, 0, atOnce);
      if (from >= count) return;
      const to = Math.min(count, from + atOnce);
      for (let row = from; row < to; row++) this.expandRow(row);
    }
  }

  private expandRow(row: number): void {
    const { k, level, transition } = this;
    this.rows.restore(k, level.addresses[row] as number);
    const enabled = k.enabled();
    let isWayOut = false;
    let isOverflow = false;
    for (let t = 0; enabled >> t !== 0; t++) {
      if ((enabled & (1 << t)) === 0) continue;
      transition.take(this.engine, t, level.depth);
      const rank = row * RANKS + t;
      if (this.engine.judge.violations.length > 0) this.tellViolations(rank);
      if (transition.isOverflow) isOverflow = true;
      if (transition.isWayOut) isWayOut = true;
      if (transition.isKept) this.arrive(rank);
      k.undo(0);
    }
    level.outcomes[row] = outcomeOf(enabled, isWayOut, isOverflow);
    if (this.engine.judge.contradictions.size > this.contradictionsTold) {
      this.tellContradictions(row * RANKS);
    }
  }

  /** The step of this rank leads to the state that the kernel stands in. */
  private arrive(rank: number): void {
    const { k, visited, level } = this;
    const tag = ~(level.base + rank);
    const slot = visited.claim(k.digestA, k.digestB, tag);
    if (visited.isNew) {
      this.claimed.push(slot);
      level.arrivals[rank] =
        k.enabled() === 0 ? ENDED : arrivalOf(this.rows.push(k), k.peek(SPOKEN) === 0);
      return;
    }
    const replaced = visited.raiseTag(slot, tag);
    if (replaced !== 0) {
      level.arrivals[rank] = before(~replaced - level.base);
      return;
    }
    this.revisits.push(rank);
    this.revisits.push(slot);
  }

  private tellViolations(rank: number): void {
    const { judge } = this.engine;
    for (const violation of judge.violations) {
      const key = `${violation.class} ${violation.signature}`;
      if (!this.told.has(key)) this.violations.push({ rank, what: violation });
      this.told.add(key);
    }
    judge.reset();
  }

  private tellContradictions(rank: number): void {
    const said = [...this.engine.judge.contradictions];
    for (const what of said.slice(this.contradictionsTold))
      this.contradictions.push({ rank, what });
    this.contradictionsTold = said.length;
  }

  /** All arrivals of the level have their numbers: tags become numbers, and revisits edges between numbers. */
  private settle(ranks: number): void {
    const { claimed, revisits, visited, level } = this;
    for (let i = 0; i < claimed.length; i++) {
      const slot = claimed.at(i);
      visited.setTag(slot, level.numberIn(visited.tag(slot)));
    }
    for (let i = 0; i < revisits.length; i += 2) {
      const rank = revisits.at(i);
      if (rank >= ranks) continue;
      this.edges.push(level.ids[Math.floor(rank / RANKS)] as number);
      this.edges.push(level.numberIn(visited.tag(revisits.at(i + 1))));
    }
    claimed.clear();
    revisits.clear();
  }

  private grow(memory: SharedArrayBuffer, next: Int32Array): void {
    const larger = new SharedVisited(memory);
    const { slots } = this.visited;
    for (;;) {
      const from = Atomics.add(next, 0, SLOTS_AT_ONCE);
      if (from >= slots) break;
      this.visited.copyTo(larger, from, Math.min(slots, from + SLOTS_AT_ONCE));
    }
    this.visited = larger;
  }
}
