/**
 * The levels of a breadth-first search that several threads expand together. What they find is recorded by row and
 * step, then gone through in the order in which one thread would have come to it: numbers of states, shortest paths,
 * limits and counts are those of one thread. Pure.
 */
import { at } from '../../corpus/vocabulary/assert.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { VisitedStates } from '../kernel/visited.ts';
import type { Engine } from '../run/engine.ts';
import {
  type Answer,
  type At,
  addressIn,
  type Beginning,
  type Crew,
  ENDED,
  isOpen,
  isUnspokenIn,
  LINKS,
  leadsOut,
  numbered,
  numberIn,
  overflowed,
  type Phase,
  placeIn,
  type SearchMemory,
  type SharedLevel,
  tagOf,
  takenIn,
} from './crew.ts';
import { Expander } from './expander.ts';
import type { Level } from './level.ts';
import { LevelView } from './level-view.ts';
import type { Segment } from './shared-rows.ts';
import { SharedVisited } from './shared-visited.ts';
import type { Sightings } from './sightings.ts';
import type { StateGraph } from './state-graph.ts';
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
  private arrivals = memoryOf(0);

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
  run(workload: Workload, isFused: boolean, told: (queued: number) => void): void {
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
    const { level, visited, engine, graph } = this.begun;
    const k = engine.kernel;
    this.rows = level.count;
    this.ids = memoryOf(this.rows);
    this.addresses = memoryOf(this.rows);
    const ids = new Int32Array(this.ids);
    const addresses = new Int32Array(this.addresses);
    k.beginLog();
    for (let row = 0; row < this.rows; row++) {
      ids[row] = level.restore(k, row);
      addresses[row] = this.own.rows.push(k);
    }
    visited.each((digestA, digestB, id) => {
      this.own.visited.claim(digestA, digestB, tagOf(graph.linkTo(id)));
    });
    this.segments.push(...this.own.answer().segments);
    this.crew.together(beginning, () => undefined);
  }

  private expand(): void {
    const isJoint = this.crew.isWorth(this.rows);
    this.reserve();
    const level = this.levelOf();
    const { segments } = this;
    if (isJoint) this.segments = [];
    const answers = this.all({ phase: 'expand', level, segments }, isJoint);
    const next = new NextLevel(answers.reduce((sum, { claimed }) => sum + claimed, 0));
    this.fold(new LevelView(level), answers, next);
    this.rows = next.rows;
    this.ids = next.ids;
    this.addresses = next.addresses;
  }

  /** The table stays half empty, whatever the level brings. */
  private reserve(): void {
    const { graph, engine } = this.begun;
    const most = graph.states + this.rows * engine.kernel.world.threads;
    if (2 * most <= this.own.visited.slots) return;
    const { memory } = SharedVisited.sized(most);
    this.all({ phase: 'grow', visited: memory, next: memoryOf(1) }, true);
  }

  private levelOf(): SharedLevel {
    const { rows, ids, addresses } = this;
    const idOfRow = new Int32Array(ids);
    const first = idOfRow[0] as number;
    const links = LINKS * ((idOfRow[rows - 1] as number) - first + 1);
    this.outcomes = atLeast(this.outcomes, rows);
    this.arrivals = atLeast(this.arrivals, links);
    new Int32Array(this.arrivals).fill(0, 0, links);
    const { outcomes, arrivals } = this;
    const { depth } = this.begun.course;
    const atOnce = Math.min(AT_ONCE_MAX, Math.ceil(rows / PARTS));
    return { first, rows, depth, ids, addresses, outcomes, arrivals, next: memoryOf(1), atOnce };
  }

  /** All threads do a phase, or this one alone. */
  private all(phase: Phase, isJoint: boolean): readonly Answer[] {
    const own = (): void => this.own.perform(phase);
    const others = isJoint ? this.crew.together(phase, own) : [];
    if (!isJoint) own();
    const answers = [this.own.answer(), ...others];
    for (const { segments } of answers) this.segments.push(...segments);
    return answers;
  }

  /** Go through what was found as one thread would have come to it, up to the limit. */
  private fold(level: LevelView, answers: readonly Answer[], next: NextLevel): void {
    const violations = new InOrder(answers.flatMap((answer) => answer.violations));
    const rows = this.foldRows(level, violations, next);
    const end = rows < level.count ? (level.ids[rows] as number) * LINKS : Number.POSITIVE_INFINITY;
    for (const { link, what } of answers.flatMap((answer) => answer.contradictions)) {
      if (link < end) this.contradictions.add(what);
    }
    for (const { revisits } of answers) this.addEdges(level, revisits, end);
  }

  /** @returns how many rows one thread would have come to */
  private foldRows(level: LevelView, violations: InOrder, next: NextLevel): number {
    const { graph, sightings, course } = this.begun;
    const { count, ids, outcomes, arrivals, first } = level;
    for (let row = 0; row < count; row++) {
      if (graph.states >= sightings.statesMax) {
        course.cutBy = 'states';
        return row;
      }
      const parent = ids[row] as number;
      const outcome = outcomes[row] as number;
      const taken = takenIn(outcome);
      graph.expanded(parent);
      for (let t = 0; taken >> t !== 0; t++) {
        if ((taken & (1 << t)) === 0) continue;
        course.transitions++;
        while (violations.link === parent * LINKS + t) {
          sightings.note(violations.take(), graph.states, () => graph.pathThrough(parent, t));
        }
        const place = (parent - first) * LINKS + t;
        if (isOpen(arrivals[place] as number)) this.arrive(level, place, next);
      }
      if (leadsOut(outcome)) graph.leadsOut(parent);
      if (overflowed(outcome)) course.cutBy ??= 'room';
    }
    return count;
  }

  /** The step of a place is the first to come to a state; those at other places come to it as well. */
  private arrive({ arrivals, first }: LevelView, place: number, next: NextLevel): void {
    const { graph } = this.begun;
    const id = graph.states;
    let arrival = arrivals[place] as number;
    arrivals[place] = numbered(id);
    while (arrival < ENDED) {
      const later = placeIn(arrival);
      arrival = arrivals[later] as number;
      arrivals[later] = numbered(id);
      graph.addEdge(first + Math.floor(later / LINKS), id);
    }
    const isLast = arrival === ENDED;
    const isUnspoken = !isLast && isUnspokenIn(arrival);
    graph.addState(first + Math.floor(place / LINKS), place % LINKS, isUnspoken);
    if (isLast) graph.leadsOut(id);
    else next.push(id, addressIn(arrival));
  }

  private addEdges({ arrivals, first }: LevelView, revisits: Int32Array, end: number): void {
    const { graph } = this.begun;
    for (let i = 0; i < revisits.length; i += 2) {
      const link = revisits[i] as number;
      const known = revisits[i + 1] as number;
      if (link >= end) continue;
      const place = known - first * LINKS;
      const to = place < 0 ? graph.stateAt(known) : numberIn(arrivals[place] as number);
      graph.addEdge(Math.floor(link / LINKS), to);
    }
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

/** Violations, taken in the order of the steps that show them. */
class InOrder {
  /** Of the step that shows the next one; infinite behind the last. */
  link: number;
  private readonly violations: readonly At<Violation>[];
  private taken = 0;

  constructor(violations: readonly At<Violation>[]) {
    this.violations = [...violations].sort((a, b) => a.link - b.link);
    this.link = this.violations[0]?.link ?? Number.POSITIVE_INFINITY;
  }

  take(): Violation {
    const { what } = at(this.violations, this.taken);
    this.taken++;
    this.link = this.violations[this.taken]?.link ?? Number.POSITIVE_INFINITY;
    return what;
  }
}

function memoryOf(numbers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(numbers * Int32Array.BYTES_PER_ELEMENT);
}

function atLeast(memory: SharedArrayBuffer, numbers: number): SharedArrayBuffer {
  const bytes = numbers * Int32Array.BYTES_PER_ELEMENT;
  return memory.byteLength >= bytes ? memory : memoryOf(2 * numbers);
}
