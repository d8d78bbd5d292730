/**
 * The yardstick: a toy machine, a bare table of step functions over one Int32Array, four threads and a random
 * pick at every step. It shares no code with the engine, so that it stays the same while the engine changes,
 * and what the engine does is divided by what this does on the same machine.
 *
 * Changing anything here makes all earlier ratios worthless.
 */
import type { Done } from './rounds.ts';

const THREADS = 4;
/** Registers of a thread: place in the program, one value. */
const PC = 0;
const VALUE = THREADS;
/** Two locks (holder + 1), eight shared words. */
const LOCK = 2 * THREADS;
const SHARED = LOCK + 2;
const WORDS = 32;

type Step = (w: Int32Array, t: number) => void;

function lock(at: number): Step {
  return (w, t) => {
    if (w[LOCK + at] !== 0) return;
    w[LOCK + at] = t + 1;
    w[PC + t] = (w[PC + t] as number) + 1;
  };
}

function unlock(at: number): Step {
  return (w, t) => {
    w[LOCK + at] = 0;
    w[PC + t] = (w[PC + t] as number) + 1;
  };
}

function load(at: number): Step {
  return (w, t) => {
    w[VALUE + t] = w[SHARED + at] as number;
    w[PC + t] = (w[PC + t] as number) + 1;
  };
}

function add(at: number): Step {
  return (w, t) => {
    w[SHARED + at] = ((w[VALUE + t] as number) + t + 1) & 0xffff;
    w[PC + t] = (w[PC + t] as number) + 1;
  };
}

/** Over the next step if the value is odd. */
function skipIfOdd(): Step {
  return (w, t) => {
    w[PC + t] = (w[PC + t] as number) + 1 + ((w[VALUE + t] as number) & 1);
  };
}

function again(): Step {
  return (w, t) => {
    w[PC + t] = 0;
  };
}

// biome-ignore format: a program
const PROGRAM: readonly Step[] = [
  load(0), lock(0), load(1), add(1), skipIfOdd(), add(2), unlock(0),
  load(3), lock(1), load(4), skipIfOdd(), add(4), add(5), unlock(1), add(6), again(),
];

/** Steps of one chunk: some milliseconds. */
const CHUNK = 1 << 16;

export function calibration(): () => Done {
  const words = new Int32Array(WORDS);
  let random = 0x2545f491;
  return () => {
    for (let i = 0; i < CHUNK; i++) {
      // Marsaglia's xorshift.
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      const t = random & (THREADS - 1);
      const step = PROGRAM[words[PC + t] as number] as Step;
      step(words, t);
    }
    return { units: CHUNK, steps: CHUNK };
  };
}
