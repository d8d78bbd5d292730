/**
 * A search that owes nothing to the schedulers under test: random choices from one number, and the run that
 * shows a class of violation with the fewest preemptions, then the fewest steps.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { Random } from '../../../corpus/vocabulary/random.ts';
import { parseInput } from '../../../corpus/vocabulary/text.ts';
import type { ViolationClass } from '../../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../../../workers/kernel/kernel.ts';
import { defaultChoice, type Scheduler } from '../../../workers/kernel/machine.ts';
import { MODEL_NAMES, modelOf } from '../../../workers/models/registry.ts';
import { Engine, type Traced } from '../../../workers/run/engine.ts';
import { pickBit } from '../../../workers/schedulers/random-walk.ts';
import { PACKAGE_ROOT } from '../../support/package-root.ts';

export function seedNamed(name: string): Input {
  const file = path.join(PACKAGE_ROOT, 'corpus/seeds', `${name}.txt`);
  return parseInput(readFileSync(file, 'utf8'), name);
}

/** Every built-in model in every setting of two of its toggles, the others at their defaults, as references. */
export function allReferences(): readonly string[] {
  return MODEL_NAMES.flatMap((name) => {
    const single = Object.entries(modelOf(name).options).flatMap(([toggle, [, ...values]], i) =>
      values.map((value) => ({ i, text: `${toggle}=${value}` })),
    );
    const pairs = single.flatMap((one) =>
      single.filter(({ i }) => i > one.i).map((other) => `${one.text},${other.text}`),
    );
    const settings = [...single.map(({ text }) => text), ...pairs];
    return [name, ...settings.map((text) => `${name}:${text}`)];
  });
}

/** Runs on, and now and then, at random, somebody else does; remembers who ran. */
export class Wanderer implements Scheduler {
  readonly choices: number[] = [];
  private readonly random: Random;
  private readonly oneIn: number;

  constructor(random: Random, oneIn: number) {
    this.random = random;
    this.oneIn = oneIn;
  }

  begin(): void {
    this.choices.length = 0;
  }

  choose(k: Kernel, enabled: number, current: number): number {
    const isFree = current < 0 || (enabled & (1 << current)) === 0;
    const wanders = isFree || this.random.oneIn(this.oneIn);
    const choice = wanders ? pickBit(this.random, enabled) : defaultChoice(k, enabled, current);
    // The machine asks only where there is a choice; replays count steps.
    this.choices[k.steps] = choice;
    return choice;
  }
}

export function simplestRun(
  reference: string,
  input: Input,
  symptom: ViolationClass,
  runs: number,
): Traced {
  const engine = new Engine(modelOf(reference));
  engine.load(input);
  const wanderer = new Wanderer(new Random(1), 6);
  let best: Traced | undefined;
  for (let i = 0; i < runs; i++) {
    engine.run(wanderer);
    if (!engine.judge.violations.some((violation) => violation.class === symptom)) continue;
    const traced = engine.traceFused([...wanderer.choices]);
    if (best === undefined || costOf(traced) < costOf(best)) best = traced;
  }
  return best ?? assert.fail(`no ${symptom} in ${runs} runs`);
}

function costOf(traced: Traced): number {
  return traced.preemptions * 10_000 + traced.rows.length;
}
