/**
 * The state vector and everything that touches the raw array: read, write, undo, digest.
 *
 * All writes go through `put`, which logs (word, old value) when `logging` is on: that one log serves undo,
 * the incremental digest, observed footprints and the player.
 */
import { WORDS } from './layout.ts';

/** Writes one step can log: collapsing a whole file with all its history touches under 400 words. */
const LOG_MAX = 4096;

export class State {
  words: Int32Array = new Int32Array(WORDS);

  logging = false;
  logLength = 0;
  readonly logWord: Int32Array = new Int32Array(LOG_MAX);
  readonly logOld: Int32Array = new Int32Array(LOG_MAX);
  digestA = 0;
  digestB = 0;
  /** The digest when the log began. */
  loggedFromA = 0;
  loggedFromB = 0;

  get(word: number): number {
    return this.words[word] as number;
  }

  /**
   * Reads that are no access of the simulated kernel: ghosts, oracles, and words that cannot change while what
   * was declared stands. Footprint checks ignore them.
   */
  peek(word: number): number {
    return this.words[word] as number;
  }

  put(word: number, value: number): void {
    if (this.logging) this.record(word, value);
    this.words[word] = value;
  }

  private record(word: number, value: number): void {
    const old = this.words[word] as number;
    if (old === value) return;
    this.logWord[this.logLength] = word;
    this.logOld[this.logLength] = old;
    this.logLength++;
    this.digestA ^= mixA(word, old) ^ mixA(word, value);
    this.digestB ^= mixB(word, old) ^ mixB(word, value);
  }

  /** Log from here. */
  beginLog(): void {
    this.logLength = 0;
    this.loggedFromA = this.digestA;
    this.loggedFromB = this.digestB;
  }

  /** Take back every logged write. */
  undoLog(): void {
    for (let i = this.logLength - 1; i >= 0; i--) {
      this.words[this.logWord[i] as number] = this.logOld[i] as number;
    }
    this.logLength = 0;
    this.digestA = this.loggedFromA;
    this.digestB = this.loggedFromB;
  }
}

/** Two independent finalizers (murmur3's and a variant): 64 bits that change with every (word, value). */
function mixA(word: number, value: number): number {
  let h = Math.imul(value ^ Math.imul(word + 1, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
function mixB(word: number, value: number): number {
  let h = Math.imul(value + Math.imul(word + 1, 0x27d4eb2f), 0x165667b1);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 12);
}
