/**
 * Every interleaving of a workload, breadth first, so that the first violation is a shortest one. No
 * reduction: the ground truth for schedulers, minimizer and everything else. Pure.
 *
 * A state is stored as the words that any run of this workload has ever written, against the start vector;
 * states are told apart by a 64-bit incremental digest, so two states are taken for one with probability
 * about n^2 / 2^65.
 */
import type { Workload } from '../corpus/vocabulary/input.ts';
import { STEPS_MAX } from '../corpus/vocabulary/limits.ts';
import type { Violation } from '../corpus/vocabulary/verdict.ts';
import type { Engine, Traced } from './execute.ts';
import type { Kernel } from './kernel/kernel.ts';
import { WORDS } from './kernel/layout.ts';

export interface ExploreOptions {
  /** Distinct states after which the search gives up, inconclusive. */
  readonly statesMax: number;
  /** Go on behind the first violation, to every distinct signature. */
  readonly all: boolean;
}

export interface Counterexample {
  readonly signature: string;
  readonly traced: Traced;
}

export interface Exploration {
  readonly verdict: 'verified' | 'violation' | 'inconclusive';
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest path that was followed. */
  readonly depth: number;
  /** One a signature, in the order of discovery: shortest first. */
  readonly violations: readonly Counterexample[];
}

/**
 * Witnesses replayed for each complaint that looks the same to the search. The search knows no history, so two
 * bugs may look alike; four witnesses in breadth-first order told apart all rows of the catalogue.
 */
const WITNESSES = 4;

export function explore(engine: Engine, workload: Workload, options: ExploreOptions): Exploration {
  engine.load(workload);
  const k = engine.kernel;
  const { tracker, footprints } = k;
  k.tracker = null;
  k.footprints = false;
  const search = new Search(engine, options);
  search.run();
  k.logging = false;
  k.tracker = tracker;
  k.footprints = footprints;
  return search.result(engine);
}

class Search {
  private readonly k: Kernel;
  private readonly engine: Engine;
  private readonly options: ExploreOptions;
  private readonly start: Int32Array;
  private readonly visited = new DigestSet();
  private level: Level;
  private nextLevel: Level;
  /** Parent and thread of every state, by number: how it was reached. */
  private readonly parents = new Growing();
  private readonly paths: number[][] = [];
  private readonly witnesses = new Map<string, number>();
  private transitions = 0;
  private depth = 0;
  private inconclusive = false;

  constructor(engine: Engine, options: ExploreOptions) {
    this.engine = engine;
    this.k = engine.kernel;
    this.options = options;
    this.start = engine.kernel.words.slice();
    const touched = new TouchedWords(this.start);
    this.level = new Level(touched);
    this.nextLevel = new Level(touched);
  }

  run(): void {
    const k = this.k;
    k.reset();
    this.engine.judge.reset(null);
    k.logging = true;
    this.visited.add(0, 0);
    this.parents.push(-1);
    this.level.push(k, 0);
    while (this.level.count > 0 && !this.isOver()) {
      for (let row = 0; row < this.level.count && !this.isOver(); row++) this.expand(row);
      [this.level, this.nextLevel] = [this.nextLevel, this.level];
      this.nextLevel.clear();
      this.depth++;
    }
  }

  private isOver(): boolean {
    if (this.visited.size >= this.options.statesMax) {
      this.inconclusive = true;
      return true;
    }
    return !this.options.all && this.paths.length > 0;
  }

  private expand(row: number): void {
    const k = this.k;
    const parent = this.level.restore(k, row);
    const enabled = k.enabled();
    for (let t = 0; enabled >> t !== 0; t++) if ((enabled & (1 << t)) !== 0) this.take(parent, t);
  }

  private take(parent: number, t: number): void {
    const k = this.k;
    k.logLength = 0;
    k.steps = this.depth;
    this.transitions++;
    k.step(t);
    if (k.enabled() === 0) this.engine.judge.ended(k);
    if (k.overflow) {
      this.inconclusive = true;
      k.overflow = false;
    } else {
      if (this.engine.judge.violations.length > 0) this.noteViolations(parent, t);
      if (this.visited.add(k.digestA, k.digestB) && !k.isHalted()) {
        this.parents.push(parent * 4 + t);
        if (k.enabled() !== 0) this.nextLevel.push(k, this.parents.length - 1);
      }
    }
    k.undo(0);
  }

  private noteViolations(parent: number, t: number): void {
    for (const violation of this.engine.judge.violations) {
      const key = coarseKey(violation);
      const seen = this.witnesses.get(key) ?? 0;
      if (seen < WITNESSES) {
        this.witnesses.set(key, seen + 1);
        this.paths.push(this.pathTo(parent, t));
      }
    }
    this.engine.judge.reset(null);
  }

  private pathTo(parent: number, t: number): number[] {
    const path = [t];
    for (let state = parent; state > 0; ) {
      const link = this.parents.at(state);
      path.push(link & 3);
      state = link >> 2;
    }
    return path.reverse();
  }

  /** Replay every witness with full history, for its exact signature. */
  result(engine: Engine): Exploration {
    const violations: Counterexample[] = [];
    const seen = new Set<string>();
    engine.kernel.logging = false;
    for (const path of this.paths) {
      const traced = engine.traceChoices(path);
      if (traced.verdict.kind !== 'violation') continue;
      for (const { signature, step } of traced.verdict.violations) {
        // Behind the path the default policy went on: what it meets there has a witness of its own.
        if (step > path.length || seen.has(signature)) continue;
        seen.add(signature);
        violations.push({ signature, traced });
      }
    }
    const verdict =
      violations.length > 0 ? 'violation' : this.inconclusive ? 'inconclusive' : 'verified';
    const { transitions, depth } = this;
    return { verdict, states: this.visited.size, transitions, depth, violations };
  }
}

/** What the search can tell of a violation without the past. */
function coarseKey(violation: Violation): string {
  return `${violation.signature} ${violation.step > STEPS_MAX}`;
}

/** The words that any state has ever changed; columns of a stored state. */
class TouchedWords {
  readonly words: number[] = [];
  readonly start: Int32Array;
  private readonly column: Int16Array = new Int16Array(WORDS).fill(-1);

  constructor(start: Int32Array) {
    this.start = start;
  }

  /** Take in what the last step wrote. */
  note(k: Kernel): void {
    for (let i = 0; i < k.logLength; i++) {
      const word = k.logWord[i] as number;
      if (this.column[word] !== -1) continue;
      this.column[word] = this.words.length;
      this.words.push(word);
    }
  }
}

/** The states of one depth: digest, number and changed words of each. */
class Level {
  count = 0;
  private readonly touched: TouchedWords;
  private stride = 128;
  private data: Int32Array = new Int32Array(1024 * 128);

  constructor(touched: TouchedWords) {
    this.touched = touched;
  }

  clear(): void {
    this.count = 0;
  }

  push(k: Kernel, id: number): void {
    this.touched.note(k);
    const { words, start } = this.touched;
    if (words.length + HEAD > this.stride) this.widen();
    if ((this.count + 1) * this.stride > this.data.length) this.lengthen();
    const base = this.count * this.stride;
    this.data[base] = k.digestA;
    this.data[base + 1] = k.digestB;
    this.data[base + 2] = id;
    this.data[base + 3] = words.length;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      this.data[base + HEAD + i] = (k.words[word] as number) ^ (start[word] as number);
    }
    this.count++;
  }

  /** Make the kernel stand in a state of this level; returns the state's number. */
  restore(k: Kernel, row: number): number {
    const { words, start } = this.touched;
    const base = row * this.stride;
    const known = this.data[base + 3] as number;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      // Words first touched after this state was stored have their start value in it.
      const change = i < known ? (this.data[base + HEAD + i] as number) : 0;
      k.words[word] = (start[word] as number) ^ change;
    }
    k.digestA = this.data[base] as number;
    k.digestB = this.data[base + 1] as number;
    return this.data[base + 2] as number;
  }

  private widen(): void {
    const wide = this.stride * 2;
    const data = new Int32Array((this.data.length / this.stride) * wide);
    for (let row = 0; row < this.count; row++) {
      data.set(this.data.subarray(row * this.stride, (row + 1) * this.stride), row * wide);
    }
    this.data = data;
    this.stride = wide;
  }

  private lengthen(): void {
    const data = new Int32Array(this.data.length * 2);
    data.set(this.data);
    this.data = data;
  }
}

const HEAD = 4;

/** A growing list of numbers. */
class Growing {
  length = 0;
  private data: Int32Array = new Int32Array(1 << 12);

  push(value: number): void {
    if (this.length === this.data.length) {
      const data = new Int32Array(this.data.length * 2);
      data.set(this.data);
      this.data = data;
    }
    this.data[this.length++] = value;
  }

  at(index: number): number {
    return this.data[index] as number;
  }
}

/** A set of 64-bit digests: open addressing, linear probing, at most half full. */
class DigestSet {
  size = 0;
  private slots: Int32Array = new Int32Array(2 << 12);
  private mask = (1 << 12) - 1;

  /** Whether the digest is new. Zero stands for an empty slot, so (0, 0) is kept as (1, 0). */
  add(a: number, b: number): boolean {
    if (this.size * 2 > this.mask) this.grow();
    return this.insert(a === 0 && b === 0 ? 1 : a, b);
  }

  private insert(a: number, b: number): boolean {
    let i = a & this.mask;
    for (;;) {
      const slotA = this.slots[2 * i] as number;
      const slotB = this.slots[2 * i + 1] as number;
      if (slotA === a && slotB === b) return false;
      if (slotA === 0 && slotB === 0) break;
      i = (i + 1) & this.mask;
    }
    this.slots[2 * i] = a;
    this.slots[2 * i + 1] = b;
    this.size++;
    return true;
  }

  private grow(): void {
    const old = this.slots;
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array(2 * (this.mask + 1));
    this.size = 0;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] !== 0 || old[i + 1] !== 0) this.insert(old[i] as number, old[i + 1] as number);
    }
  }
}
