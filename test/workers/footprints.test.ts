/**
 * What a step declares is what it does: over random runs of every model, the words each visible step reads and
 * writes belong to objects of its footprint, taken just before, and those to classes of its `may`. Schedulers,
 * coverage and the reduction of explore believe footprints.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { generatorOf } from '../../corpus/breeding/generate.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { STEPS_MAX } from '../../corpus/vocabulary/limits.ts';
import { OP_KINDS, SHARINGS } from '../../corpus/vocabulary/ops.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { FOOT_MAX } from '../../workers/kernel/footprints.ts';
import { Kernel } from '../../workers/kernel/kernel.ts';
import { classOfObject, objectName, objectOfWord, R_ANSWER } from '../../workers/kernel/layout.ts';
import { lackingIn, type Program, type StepRun } from '../../workers/kernel/program.ts';
import { STEPS } from '../../workers/kernel/step-registry.ts';
import { World } from '../../workers/kernel/world.ts';
import { compile } from '../../workers/model/compile.ts';
import { flavours, modelOf } from '../../workers/models/registry.ts';
import { Judge } from '../../workers/oracles/judge.ts';
import { RandomWalk } from '../../workers/schedulers/random-walk.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from './support/search.ts';

/** Compares what is declared with what is read and written, a step at a time. */
class WatchedKernel extends Kernel {
  /** What is wrong, each with one example. */
  private readonly complaints: Map<string, string>;
  private readonly seen: Set<string>;
  private readonly readable = new Set<number>();
  private readonly writable = new Set<number>();
  /** The step being executed, or null where what is touched is not a step's. */
  private running: string | null = null;

  constructor(reference: string, judge: Judge, complaints: Map<string, string>, seen: Set<string>) {
    super(compile(modelOf(reference)), judge);
    this.complaints = complaints;
    this.seen = seen;
  }

  override get(word: number): number {
    if (this.running !== null) this.judge(word, false);
    return super.get(word);
  }

  override put(word: number, value: number): void {
    // Writing what is there already is no conflict with anybody.
    if (this.running !== null && this.words[word] !== value) this.judge(word, true);
    super.put(word, value);
  }

  override takeFootprint(t: number, r: number, pc: number): void {
    const running = this.running;
    this.running = null;
    super.takeFootprint(t, r, pc);
    this.running = running;
  }

  override step(t: number): void {
    const pc = this.pcOf(t);
    const name = this.program.step[pc] ?? '';
    const kept = this.footprintOf(t);
    this.takeFootprint(t, this.frameOf(t), pc);
    this.compare(name, kept, this.footprintOf(t));
    this.declare(t, name);
    this.running = name;
    this.seen.add(name);
    super.step(t);
    this.running = null;
  }

  private footprintOf(t: number): readonly number[] {
    const length = this.footLength[t] ?? 0;
    return [...this.foot.subarray(t * FOOT_MAX, t * FOOT_MAX + length)];
  }

  /** Only what is restless may have changed since the thread came to stand here. */
  private compare(name: string, kept: readonly number[], fresh: readonly number[]): void {
    if (STEPS.get(name)?.restless === true || kept.join() === fresh.join()) return;
    this.complain(`${name} is restless and does not say so`, '');
  }

  private declare(t: number, name: string): void {
    this.readable.clear();
    this.writable.clear();
    const isTooMuch = (this.footLength[t] ?? 0) > FOOT_MAX;
    if (isTooMuch) this.complain(`${name} declares more than ${FOOT_MAX} accesses`, '');
    for (const foot of this.footprintOf(t)) {
      const object = foot >> 1;
      this.readable.add(object);
      if ((foot & 1) === 1) this.writable.add(object);
      const cls = classOfObject(object).name;
      const isAllowed = STEPS.get(name)?.may.includes(cls) === true;
      if (!isAllowed) this.complain(`${name} declares ${cls} and may not`, objectName(object));
    }
  }

  private judge(word: number, isWrite: boolean): void {
    const object = objectOfWord(word);
    if (object < 0 || (isWrite ? this.writable : this.readable).has(object)) return;
    const what = `${this.running} ${isWrite ? 'writes' : 'reads'} ${classOfObject(object).name}`;
    this.complain(`${what} undeclared`, objectName(object));
  }

  private complain(what: string, object: string): void {
    const running = this.running;
    this.running = null;
    const where = `${object} in ${this.labelOf(this.currentThread)}`;
    if (!this.complaints.has(what)) this.complaints.set(what, `${what}: ${where}`);
    this.running = running;
  }
}

/** Of every operation; who lacks one is not given it. */
const generate = generatorOf({ kinds: OP_KINDS, sharings: SHARINGS, hasSync: true });

function workloads(random: Random): readonly Workload[] {
  const names = readdirSync(path.join(PACKAGE_ROOT, 'corpus/seeds'));
  const seeds = names.map((name) => seedNamed(path.basename(name, '.txt')));
  return [...seeds, ...Array.from({ length: 160 }, () => generate(random))];
}

/** A toggle that does nothing without another one. */
const TOGETHER = ['modern-xfs:reflink=on,cow_hint=zeroed'];

test('what a step declares is what it reads and writes, and no more than it may', () => {
  const random = new Random(RNG_SEED, 41);
  const list = workloads(random);
  const walk = new RandomWalk(random);
  const complaints = new Map<string, string>();
  const seen = new Set<string>();
  for (const reference of [...flavours(), ...TOGETHER]) {
    const judge = new Judge();
    const k = new WatchedKernel(reference, judge, complaints, seen);
    for (const workload of list.filter((one) => lackingIn(k.program, one) === null)) {
      k.load(new World(workload));
      // Nothing runs inside another step.
      k.fused = 0;
      for (let i = 0; i < 4; i++) runOnce(k, judge, walk);
    }
  }
  assert.deepEqual([...complaints.values()].sort(), []);
  const visible = [...STEPS.values()].filter((step) => step.visible).map((step) => step.name);
  // Made by the compiler for paths that no built-in model has.
  seen.add('enter');
  assert.deepEqual(
    visible.filter((name) => !seen.has(name)),
    [],
    'steps that never ran',
  );
});

/** In R_ANSWER before a step. No step leaves it. */
const UNANSWERED = 99;

/** The program, with every step that leaves R_ANSWER put into `answering`. */
function askedOf(reference: string, answering: Set<string>): Program {
  const program = compile(modelOf(reference));
  const run = program.run.map(
    (one, pc): StepRun =>
      (k, t, r) => {
        const before = k.words[r + R_ANSWER] ?? 0;
        k.words[r + R_ANSWER] = UNANSWERED;
        const outcome = one(k, t, r);
        if (k.words[r + R_ANSWER] === UNANSWERED) k.words[r + R_ANSWER] = before;
        else answering.add(program.step[pc] ?? '');
        return outcome;
      },
  );
  return { ...program, run };
}

test('the steps that `then` and `else` may follow are those that answer', () => {
  const random = new Random(RNG_SEED, 43);
  const list = workloads(random);
  const walk = new RandomWalk(random);
  const answering = new Set<string>();
  for (const reference of flavours()) {
    const judge = new Judge();
    const k = new Kernel(askedOf(reference, answering), judge);
    for (const workload of list.filter((one) => lackingIn(k.program, one) === null)) {
      k.load(new World(workload));
      runOnce(k, judge, walk);
    }
  }
  const declared = [...STEPS.values()].filter((step) => step.answers).map((step) => step.name);
  assert.deepEqual([...answering].sort(), declared.sort());
});

function runOnce(k: Kernel, judge: Judge, walk: RandomWalk): void {
  k.reset();
  judge.reset();
  for (let enabled = k.enabled(); enabled !== 0 && k.steps < STEPS_MAX; enabled = k.enabled()) {
    k.step(walk.choose(k, enabled));
  }
}
