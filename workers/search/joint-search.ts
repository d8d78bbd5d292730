/**
 * The levels of a breadth-first search that several threads expand together. What they find is recorded by row and
 * step, then gone through in the order in which one thread would have come to it: numbers of states, shortest paths,
 * limits and counts are those of one thread. Pure.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Engine } from '../execute.ts';
import type { VisitedStates } from '../kernel/visited.ts';
import type { StateGraph } from '../state-graph.ts';
import {
  type Answer,
  type At,
  addressIn,
  type Beginning,
  type Crew,
  ENDED,
  isUnspokenIn,
  laterIn,
  leadsOut,
  overflowed,
  type Phase,
  RANKS,
  type SearchMemory,
  type SharedLevel,
  takenIn,
} from './crew.ts';
import { Expander } from './expander.ts';
import type { Level } from './level.ts';
import { LevelView } from './level-view.ts';
import type { Segment } from './shared-rows.ts';
import { SharedVisited } from './shared-visited.ts';
import type { Sightings } from './sightings.ts';
import type { TouchedWords } from './touched-words.ts';

/** How far a search has come, besides its states. */
export interface Course {
  transitions: number;
  /** Steps of the longest path that was followed. */
  depth: number;
  cutBy: 'states' | 'room' | 'liveness' | null;
}

/** What one thread has searched before. */
export interface Begun {
  readonly engine: Engine;
  readonly graph: StateGraph;
  readonly sightings: Sightings;
  readonly course: Course;
  readonly visited: VisitedStates;
  readonly touched: TouchedWords;
  /** The states that are to be expanded next. */
  readonly level: Level;
}

/** Rows that a thread begins with at once, at most: a tenth of a millisecond. */
const AT_ONCE_MAX = 32;
/** Parts of a level that is not large. */
const PARTS = 16;

export class JointSearch {
  private readonly begun: Begun;
  private readonly crew: Crew;
  private readonly memory: SearchMemory;
  private readonly own: Expander;
  private readonly contradictions: Set<string>;
  /** Segments that the other threads do not know yet. */
  private segments: Segment[] = [];
  private rows = 0;
  private ids = memoryOf(0);
  private addresses = memoryOf(0);
  private outcomes = memoryOf(0);
  /** Of the level that is expanded, and of the one before, which threads settle meanwhile. */
  private arrivals = memoryOf(0);
  private arrivalsBefore = memoryOf(0);
  private base = 0;
  /** What the other threads have claimed is settled. */
  private isSettled = true;

  constructor(begun: Begun, crew: Crew) {
    const { engine, graph, touched } = begun;
    this.begun = begun;
    this.crew = crew;
    const visited = SharedVisited.sized(graph.states);
    const segments = memoryOf(1);
    this.memory = { visited: visited.memory, touched: touched.memory, segments };
    this.contradictions = new Set(engine.judge.contradictions);
    this.own = new Expander(engine, touched, this.memory);
  }

  /** @param told after each level, how many states are to be expanded next */
  run(workload: Workload, isFused: boolean, told: (frontier: number) => void): void {
    const { course } = this.begun;
    this.begin({ phase: 'begin', workload, isFused, memory: this.memory });
    while (this.rows > 0 && course.cutBy !== 'states') {
      this.expand();
      course.depth++;
      told(this.rows);
    }
    const { contradictions } = this.begun.engine.judge;
    contradictions.clear();
    for (const said of this.contradictions) contradictions.add(said);
  }

  private begin(beginning: Beginning): void {
    const { level, visited, engine } = this.begun;
    const k = engine.kernel;
    this.rows = level.count;
    this.ids = memoryOf(this.rows);
    this.addresses = memoryOf(this.rows);
    const ids = new Int32Array(this.ids);
    const addresses = new Int32Array(this.addresses);
    k.logLength = 0;
    for (let row = 0; row < this.rows; row++) {
      ids[row] = level.restore(k, row);
      addresses[row] = this.own.rows.push(k);
    }
    visited.each((digestA, digestB, id) => this.own.visited.claim(digestA, digestB, id));
    this.segments.push(...this.own.answer().segments);
    this.crew.together(beginning, () => undefined);
  }

  private expand(): void {
    const isJoint = this.rows >= this.crew.rowsFrom;
    if (!isJoint) this.settle(Number.POSITIVE_INFINITY);
    this.reserve();
    const level = this.levelOf();
    const { segments } = this;
    if (isJoint) this.segments = [];
    const answers = this.all({ phase: 'expand', level, segments }, isJoint);
    this.isSettled = !isJoint;
    const next = new NextLevel(answers.reduce((sum, { claimed }) => sum + claimed, 0));
    const ranks = this.fold(new LevelView(level), answers, next);
    const isLast = next.rows === 0 || ranks < RANKS * level.rows;
    if (isLast) this.settle(ranks);
    this.base += RANKS * level.rows;
    this.rows = next.rows;
    this.ids = next.ids;
    this.addresses = next.addresses;
  }

  /** Otherwise threads settle a level when they begin with the next one. */
  private settle(ranks: number): void {
    this.all({ phase: 'settle', ranks }, !this.isSettled);
    this.isSettled = true;
  }

  /** The table stays half empty, whatever the level brings. */
  private reserve(): void {
    const { graph, engine } = this.begun;
    const most = graph.states + this.rows * engine.kernel.world.threads;
    if (2 * most <= this.own.visited.slots) return;
    this.settle(Number.POSITIVE_INFINITY);
    const { memory } = SharedVisited.sized(most);
    this.all({ phase: 'grow', visited: memory, next: memoryOf(1) }, true);
  }

  private levelOf(): SharedLevel {
    const { rows, ids, addresses } = this;
    this.outcomes = atLeast(this.outcomes, rows);
    [this.arrivals, this.arrivalsBefore] = [this.arrivalsBefore, this.arrivals];
    this.arrivals = atLeast(this.arrivals, RANKS * rows);
    new Int32Array(this.arrivals).fill(0, 0, RANKS * rows);
    const { base, outcomes, arrivals } = this;
    const { depth } = this.begun.course;
    const atOnce = Math.min(AT_ONCE_MAX, Math.ceil(rows / PARTS));
    return { base, rows, depth, ids, addresses, outcomes, arrivals, next: memoryOf(1), atOnce };
  }

  /** All threads do a phase, or this one alone. */
  private all(phase: Phase, isJoint: boolean): readonly Answer[] {
    const own = (): void => this.own.perform(phase);
    const others = isJoint ? this.crew.together(phase, own) : [];
    if (!isJoint) own();
    const answers = [this.own.answer(), ...others];
    for (const { edges, segments } of answers) {
      this.begun.graph.addEdges(edges);
      this.segments.push(...segments);
    }
    return answers;
  }

  /**
   * Go through what was found as one thread would have come to it.
   * @returns the rank at which it would have ended
   */
  private fold(level: LevelView, answers: readonly Answer[], next: NextLevel): number {
    const { graph, sightings, course } = this.begun;
    const violations = new InOrder(answers.flatMap((answer) => answer.violations));
    const { count, ids, outcomes, arrivals } = level;
    let row = 0;
    for (; row < count; row++) {
      if (graph.states >= sightings.statesMax) {
        course.cutBy = 'states';
        break;
      }
      const parent = ids[row] as number;
      const outcome = outcomes[row] as number;
      const taken = takenIn(outcome);
      graph.expanded(parent);
      for (let t = 0; taken >> t !== 0; t++) {
        if ((taken & (1 << t)) === 0) continue;
        const rank = row * RANKS + t;
        course.transitions++;
        for (const violation of violations.at(rank)) {
          sightings.note(violation, graph.states, () => graph.pathThrough(parent, t));
        }
        if (arrivals[rank] !== 0) this.arrive(level, rank, parent, next);
      }
      if (leadsOut(outcome)) graph.leadsOut(parent);
      if (overflowed(outcome)) course.cutBy ??= 'room';
    }
    const ranks = row * RANKS;
    for (const { rank, what } of answers.flatMap((answer) => answer.contradictions)) {
      if (rank < ranks) this.contradictions.add(what);
    }
    return ranks;
  }

  /** The step of a rank is the first to come to a state; the arrivals at larger ranks become revisits. */
  private arrive(
    { ids, arrivals }: LevelView,
    rank: number,
    parent: number,
    next: NextLevel,
  ): void {
    const { graph } = this.begun;
    const id = graph.states;
    let arrival = arrivals[rank] as number;
    arrivals[rank] = id;
    for (let later = laterIn(arrival); later >= 0; later = laterIn(arrival)) {
      arrival = arrivals[later] as number;
      arrivals[later] = 0;
      graph.addEdge(ids[Math.floor(later / RANKS)] as number, id);
    }
    const isLast = arrival === ENDED;
    graph.addState(parent, rank % RANKS, !isLast && isUnspokenIn(arrival));
    if (isLast) graph.leadsOut(id);
    else next.push(id, addressIn(arrival));
  }
}

/** Rows of the level to come. */
class NextLevel {
  rows = 0;
  readonly ids: SharedArrayBuffer;
  readonly addresses: SharedArrayBuffer;
  private readonly idOfRow: Int32Array;
  private readonly addressOfRow: Int32Array;

  constructor(rowsMax: number) {
    this.ids = memoryOf(rowsMax);
    this.addresses = memoryOf(rowsMax);
    this.idOfRow = new Int32Array(this.ids);
    this.addressOfRow = new Int32Array(this.addresses);
  }

  push(id: number, address: number): void {
    this.idOfRow[this.rows] = id;
    this.addressOfRow[this.rows] = address;
    this.rows++;
  }
}

/** Violations by the rank that shows them, asked for in ascending order. */
class InOrder {
  private readonly violations: readonly At<Violation>[];
  private next = 0;

  constructor(violations: readonly At<Violation>[]) {
    this.violations = [...violations].sort((a, b) => a.rank - b.rank);
  }

  at(rank: number): readonly Violation[] {
    const from = this.next;
    while (this.violations[this.next]?.rank === rank) this.next++;
    return this.next === from
      ? NONE
      : this.violations.slice(from, this.next).map(({ what }) => what);
  }
}

const NONE: readonly Violation[] = [];

function memoryOf(numbers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(numbers * Int32Array.BYTES_PER_ELEMENT);
}

function atLeast(memory: SharedArrayBuffer, numbers: number): SharedArrayBuffer {
  const bytes = numbers * Int32Array.BYTES_PER_ELEMENT;
  return memory.byteLength >= bytes ? memory : memoryOf(2 * numbers);
}
