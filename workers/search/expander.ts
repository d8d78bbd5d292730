/** One thread's part in a search: it expands rows of a level that threads share, in whatever order they come. Pure. */
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SPOKEN } from '../kernel/layout.ts';
import type { Engine } from '../run/engine.ts';
import {
  type Answer,
  type At,
  arrivalOf,
  before,
  ENDED,
  LINKS,
  linkIn,
  outcomeOf,
  type Phase,
  type SearchMemory,
  tagOf,
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
  private claimed = 0;
  private readonly revisits = new Growing();
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
    if (order.phase === 'grow') this.grow(order.visited, new Int32Array(order.next));
    else {
      this.rows.turn();
      this.rows.learn(order.segments);
      this.level = new LevelView(order.level);
      this.expandLevel();
    }
  }

  /** What is new since this was asked last. */
  answer(): Answer {
    const { violations, contradictions, claimed } = this;
    const revisits = this.revisits.copy();
    this.violations = [];
    this.contradictions = [];
    this.claimed = 0;
    this.revisits.clear();
    return { violations, contradictions, segments: this.rows.takeCreated(), revisits, claimed };
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
    const firstLink = (level.ids[row] as number) * LINKS;
    const enabled = k.enabled();
    let isWayOut = false;
    let isOverflow = false;
    for (let t = 0; enabled >> t !== 0; t++) {
      if ((enabled & (1 << t)) === 0) continue;
      transition.take(this.engine, t, level.depth);
      if (this.engine.judge.violations.length > 0) this.tellViolations(firstLink + t);
      if (transition.isOverflow) isOverflow = true;
      if (transition.isWayOut) isWayOut = true;
      if (transition.isKept) this.arrive(firstLink + t);
      k.undoLog();
    }
    level.outcomes[row] = outcomeOf(enabled, isWayOut, isOverflow);
    if (this.engine.judge.contradictions.size > this.contradictionsTold) {
      this.tellContradictions(firstLink);
    }
  }

  /** The step of this link leads to the state that the kernel stands in. */
  private arrive(link: number): void {
    const { k, level } = this;
    const tag = tagOf(link);
    const known = this.visited.claim(k.digestA, k.digestB, tag);
    if (known > tag) {
      this.revisits.push(link);
      this.revisits.push(linkIn(known));
      return;
    }
    const firstLink = level.first * LINKS;
    if (known < tag) level.arrivals[link - firstLink] = before(linkIn(known) - firstLink);
    else {
      this.claimed++;
      level.arrivals[link - firstLink] =
        k.enabled() === 0 ? ENDED : arrivalOf(this.rows.push(k), k.peek(SPOKEN) === 0);
    }
  }

  private tellViolations(link: number): void {
    const { judge } = this.engine;
    for (const violation of judge.violations) {
      const key = `${violation.class} ${violation.signature}`;
      if (!this.told.has(key)) this.violations.push({ link, what: violation });
      this.told.add(key);
    }
    judge.reset();
  }

  private tellContradictions(link: number): void {
    const said = [...this.engine.judge.contradictions];
    for (const what of said.slice(this.contradictionsTold))
      this.contradictions.push({ link, what });
    this.contradictionsTold = said.length;
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
