/**
 * The states of a workload as Faultline sees them, in the words that its Promela program has: all but ghosts, and those
 * ghosts that the program declares. States that differ in nothing else count once.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import type { ViolationClass } from '../../corpus/vocabulary/verdict.ts';
import { writerOf } from '../../workers/kernel/encoding.ts';
import { DONE_AT, SECTIONS, WORDS } from '../../workers/kernel/layout.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { CLAIM_OF } from '../../workers/views/promela/defines.ts';
import { oraclesOf } from '../../workers/views/promela/watched.ts';

export interface Projection {
  /** With every word, as `check` counts them. */
  readonly states: number;
  readonly projected: number;
  /** Of what the oracles said that the program has claims for. */
  readonly denied: readonly string[];
  /** Names of the steps that ran. */
  readonly steps: ReadonlySet<string>;
}

/** What O10 says besides; no claim is about it. */
const UNCLAIMED: ReadonlySet<ViolationClass> = new Set(['lock-missing', 'lock-leak']);

/** Ghosts by the declaration that has them. */
const GHOSTS: readonly (readonly [declared: string, section: string])[] = [
  ['bit halted;', 'halted'],
  ['byte slot_holder[', 'slotHolder'],
  ['int done;', 'done'],
  ['bit owed[', 'durable'],
];

export function projectionOf(model: Model, input: Input, promela: string): Projection {
  const oracles = oraclesOf(promela);
  const { states, cutBy } = explore(new Engine(model, oracles), input, {
    statesMax: 1e6,
    all: true,
  });
  const sweep = new Sweep(new Engine(model, oracles), input, wordsOf(input, promela));
  sweep.run();
  if (cutBy !== null || sweep.full.size !== states) {
    throw new Error(`${sweep.full.size} states, and ${states} in the search, cut by ${cutBy}`);
  }
  const claimed = [...sweep.classes].filter((one) => !UNCLAIMED.has(one));
  const denied = claimed.map((one) => CLAIM_OF[one] ?? one);
  return {
    states,
    projected: sweep.projected.size,
    denied: [...new Set(denied)].sort(),
    steps: sweep.steps,
  };
}

function wordsOf({ threads }: Input, promela: string): readonly number[] {
  const ghosts = GHOSTS.flatMap(([declared, name]) => (promela.includes(declared) ? [name] : []));
  const sections = SECTIONS.filter(({ ghost, name }) => !ghost || ghosts.includes(name));
  const plain = sections.flatMap(({ base, count }) =>
    Array.from({ length: count }, (_, i) => base + i),
  );
  if (!promela.includes('int done_at[')) return plain;
  const fsyncs = threads.flatMap(({ ops }, t) =>
    ops.flatMap(({ kind }, op) => (kind === 'fsync' ? [DONE_AT + writerOf(t, op)] : [])),
  );
  return [...plain, ...fsyncs];
}

/** Breadth first over whole states. */
class Sweep {
  readonly full = new Set<string>();
  readonly projected = new Set<string>();
  readonly classes = new Set<ViolationClass>();
  readonly steps = new Set<string>();
  private readonly engine: Engine;
  private readonly words: readonly number[];

  constructor(engine: Engine, input: Input, words: readonly number[]) {
    this.engine = engine;
    this.words = words;
    engine.load(input);
    engine.kernel.footprints = false;
  }

  run(): void {
    const k = this.engine.kernel;
    k.reset();
    let level: Int32Array[] = [];
    this.meet(level);
    while (level.length > 0) {
      const next: Int32Array[] = [];
      for (const state of level) this.expand(state, next);
      level = next;
    }
  }

  private expand(state: Int32Array, next: Int32Array[]): void {
    const k = this.engine.kernel;
    k.words.set(state);
    const enabled = k.enabled();
    for (let t = 0; enabled >> t !== 0; t++) {
      if (((enabled >> t) & 1) === 0) continue;
      k.words.set(state);
      this.steps.add(k.program.step[k.pcOf(t)] ?? '');
      k.step(t);
      if (k.enabled() === 0) this.engine.judge.ended(k);
      this.meet(next);
    }
  }

  private meet(next: Int32Array[]): void {
    const { kernel, judge } = this.engine;
    for (const violation of judge.violations) this.classes.add(violation.class);
    judge.reset();
    const { words } = kernel;
    this.projected.add(this.words.map((word) => words[word]).join());
    const whole = words.subarray(0, WORDS).join();
    if (this.full.has(whole)) return;
    this.full.add(whole);
    next.push(words.slice());
  }
}
