/**
 * What counts as new. A feature is a pair of instructions of different threads
 * that touched one object one after the other, one of them writing, or an edge of the lock-class graph.
 *
 * A change of the definition changes FEATURES_VERSION: a frontier never mixes two.
 */

import { FOOT_MAX } from '../kernel/footprints.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { EDGES, OBJECTS } from '../kernel/layout.ts';
import { CLASS_COUNT } from '../kernel/locks.ts';
import type { Tracker } from '../kernel/watch.ts';

/** Two bits a class in `lockEdges`. */
const EDGE_BITS = 32;

export class Coverage implements Tracker {
  private readonly past: Int32Array = new Int32Array(2 * OBJECTS);
  /** (pc + 1) << 2 | thread of the last write and the last read of each object in this run; 0 for none. */
  private readonly lastWriter: Int32Array = this.past.subarray(0, OBJECTS);
  private readonly lastReader: Int32Array = this.past.subarray(OBJECTS);
  /** Features met since `clear`, by number; `fresh` lists those met since `takeFresh`. */
  private readonly seen: Uint8Array;
  private readonly edges: Int32Array = new Int32Array(CLASS_COUNT);
  private readonly size: number;
  private fresh: number[] = [];

  /** @param programSize rows of the compiled model: the numbers of its instructions */
  constructor(programSize: number) {
    this.size = programSize;
    this.seen = new Uint8Array(programSize * programSize);
  }

  /** @param knownFeatures features that are not new any more */
  clear(knownFeatures: Uint32Array = NO_FEATURES): void {
    this.seen.fill(0);
    this.edges.fill(0);
    this.fresh = [];
    const pairs = this.size * this.size;
    for (const feature of knownFeatures) {
      if (feature < pairs) this.seen[feature] = 1;
      else this.knowEdge(feature - pairs);
    }
  }

  private knowEdge(edge: number): void {
    const cls = Math.floor(edge / EDGE_BITS);
    if (cls < CLASS_COUNT)
      this.edges[cls] = (this.edges[cls] as number) | (1 << (edge % EDGE_BITS));
  }

  /** A run begins. */
  reset(): void {
    this.past.fill(0);
  }

  stepping(k: Kernel, thread: number, pc: number): void {
    const access = ((pc + 1) << 2) | thread;
    const base = thread * FOOT_MAX;
    const end = base + (k.footLength[thread] as number);
    for (let i = base; i < end; i++) {
      const foot = k.foot[i] as number;
      const object = foot >> 1;
      const writer = this.lastWriter[object] as number;
      if (writer !== 0 && (writer & 3) !== thread) this.meet((writer >> 2) - 1, pc);
      if ((foot & 1) === 0) {
        this.lastReader[object] = access;
        continue;
      }
      const reader = this.lastReader[object] as number;
      if (reader !== 0 && (reader & 3) !== thread) this.meet((reader >> 2) - 1, pc);
      this.lastWriter[object] = access;
    }
  }

  private meet(first: number, second: number): void {
    const feature = first * this.size + second;
    if (this.seen[feature] !== 0) return;
    this.seen[feature] = 1;
    this.fresh.push(feature);
  }

  /** At the end of a run: the edges of the lock-class graph that it drew. */
  noteEdges(k: Kernel): void {
    for (let cls = 0; cls < CLASS_COUNT; cls++) {
      const drawn = k.peek(EDGES + cls);
      let added = drawn & ~(this.edges[cls] as number);
      if (added === 0) continue;
      this.edges[cls] = drawn | (this.edges[cls] as number);
      for (; added !== 0; added &= added - 1) {
        const before = 31 - Math.clz32(added & -added);
        this.fresh.push(this.size * this.size + cls * EDGE_BITS + before);
      }
    }
  }

  /** The features that are new since the last call. */
  takeFresh(): readonly number[] {
    if (this.fresh.length === 0) return NONE;
    const taken = this.fresh;
    this.fresh = [];
    return taken;
  }
}

const NONE: readonly number[] = [];
const NO_FEATURES = new Uint32Array(0);
