/** The bounded search against the plainest one there is: every list of choices, each from the start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { Kernel } from '../../workers/kernel/kernel.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { BoundedSearch, type Lookout } from '../../workers/schedulers/bounded.ts';

const INPUT = parseInput(
  [
    'faultline input 1',
    'file A size 4096 pages hole',
    'process P0 a0 A 0 4096 shared',
    'thread T0 P0',
    'load a0 0',
    'thread T1 P0',
    'pwrite A 0 2048',
    'thread T2 P0',
    'fsync A',
    'first T0',
    '',
  ].join('\n'),
  'three threads',
);

/** Suspects every end, so that the search stops once a schedule. */
class EveryEnd implements Lookout {
  isSuspect(k: Kernel): boolean {
    return k.enabled() === 0;
  }

  forget(): void {
    // Nothing is remembered.
  }
}

function searched(engine: Engine, input: Input, preemptions: number, prune: boolean): string[] {
  engine.load(input);
  const options = { preemptions, stepsMax: 1_000_000, prune };
  const search = new BoundedSearch(engine.kernel, options, new EveryEnd());
  const found: string[] = [];
  while (search.next() === 'suspect') found.push(search.choices().join(''));
  return found;
}

/** Every schedule, by running each beginning anew and asking who could go on. */
function enumerated(engine: Engine, input: Input, most: number): readonly string[] {
  engine.load(input);
  const k = engine.kernel;
  k.fused = 0;
  const ends: string[] = [];
  const follow = (choices: readonly number[], left: number): void => {
    k.reset();
    for (const thread of choices) k.step(thread);
    const enabled = k.enabled();
    const current = choices.at(-1) ?? -1;
    const hasYielded = k.yielded === current;
    if (enabled === 0) ends.push(choices.join(''));
    for (const thread of [0, 1, 2].filter((t) => (enabled & (1 << t)) !== 0)) {
      const isAlone = enabled === 1 << thread;
      if (thread === current && hasYielded && !isAlone) continue;
      const couldGoOn = current >= 0 && (enabled & (1 << current)) !== 0 && !hasYielded;
      const cost = couldGoOn && thread !== current ? 1 : 0;
      if (cost <= left) follow([...choices, thread], left - cost);
    }
  };
  follow([], most);
  return ends;
}

for (const model of ['v42-immap-read', 'v48-entry-lock']) {
  for (const preemptions of [0, 1]) {
    test(`${model}: every schedule with at most ${preemptions} preemptions, each once`, () => {
      const engine = new Engine(modelOf(model));
      const found = searched(engine, INPUT, preemptions, false);
      assert.equal(new Set(found).size, found.length);
      assert.deepEqual([...found].sort(), [...enumerated(engine, INPUT, preemptions)].sort());
      for (const choices of found.slice(0, 200)) {
        const traced = engine.traceChoices([...choices].map(Number));
        assert.ok(traced.preemptions <= preemptions);
        assert.equal(traced.rows.map(({ thread }) => thread).join(''), choices);
      }
    });
  }

  test(`${model}: passing by states seen before loses no final state`, () => {
    const engine = new Engine(modelOf(model));
    const finals = (prune: boolean): Set<string> => {
      const ends = searched(engine, INPUT, 1, prune).map((choices) => {
        engine.kernel.reset();
        engine.kernel.fused = 0;
        for (const thread of choices) engine.kernel.step(Number(thread));
        return engine.kernel.words.join(' ');
      });
      return new Set(ends);
    };
    const pruned = finals(true);
    assert.deepEqual(pruned, finals(false));
    assert.ok(pruned.size > 1);
  });
}

test('the search stops when its steps are used up, and says so', () => {
  const engine = new Engine(modelOf('v48-entry-lock'));
  engine.load(INPUT);
  const never: Lookout = { isSuspect: () => false, forget: () => undefined };
  const search = new BoundedSearch(
    engine.kernel,
    { preemptions: 2, stepsMax: 100, prune: true },
    never,
  );
  assert.equal(search.next(), 'budget');
  assert.equal(search.stepsTaken, 100);
});
