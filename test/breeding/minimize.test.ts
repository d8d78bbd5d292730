/** Laws of the minimizer, with predicates made up for the purpose: it must hold them for whoever executes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import {
  isSmaller,
  measureOf,
  minimize,
  type Shrunk,
  type Test,
} from '../../corpus/breeding/minimize.ts';
import { rowsOf, without } from '../../corpus/breeding/reductions.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { canonicalInput, parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { checkInput } from '../../corpus/vocabulary/validate.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const PLENTY = 100_000;

/** What has to stay: some kinds of operations, some of them on threads of their own, and a label. */
interface Essence {
  readonly kinds: readonly OpKind[];
  readonly threads: number;
  readonly label: string | null;
}

/** An input and what of it has to stay, so that the input itself has it. */
const ARB_CASE = fc
  .tuple(arbInput(), fc.array(fc.nat(), { maxLength: 3 }), fc.nat(), fc.boolean())
  .map(([input, picks, threads, isLabelled]): readonly [Input, Essence] => {
    const kinds = input.threads.flatMap(({ ops }) => ops).map(({ kind }) => kind);
    const label = isLabelled ? (input.schedule.switches[0]?.label ?? null) : null;
    const essence = {
      kinds: picks.flatMap((pick) => kinds[pick % kinds.length] ?? []),
      threads: 1 + (threads % input.threads.length),
      label,
    };
    return [canonicalInput(input), essence];
  });

/** Preemptions: as many as it has. */
const ANY = Number.MAX_SAFE_INTEGER;

function testFor({ kinds, threads, label }: Essence): Test {
  return (input) => {
    const present = input.threads.flatMap(({ ops }) => ops.map(({ kind }) => kind));
    const labels = input.schedule.switches.map((one) => one.label);
    const isKept =
      kinds.every((kind) => present.includes(kind)) &&
      input.threads.length >= threads &&
      (label === null || labels.includes(label));
    return isKept ? { input, preemptions: labels.length } : null;
  };
}

function minimized(input: Input, predicate: Test, testsMax = PLENTY): Shrunk {
  const start = predicate(input, ANY);
  assert.ok(start !== null, 'the input shows it to begin with');
  return minimize(start, predicate, testsMax);
}

function law(name: string, holds: (input: Input, predicate: Test) => void): void {
  test(name, () => {
    const property = fc.property(ARB_CASE, ([input, essence]) => holds(input, testFor(essence)));
    fc.assert(property, { seed: RNG_SEED, numRuns: 150 });
  });
}

law('what comes out is valid, still fails and is no larger', (input, predicate) => {
  const { smallest, budgetRanOut } = minimized(input, predicate);
  assert.equal(budgetRanOut, false);
  assert.equal(checkInput(smallest.input), null);
  assert.deepEqual(predicate(smallest.input, ANY), smallest);
  const before = measureOf(input, input.schedule.switches.length);
  const after = measureOf(smallest.input, smallest.preemptions);
  assert.ok(!isSmaller(before, after), `${before} -> ${after}`);
});

law('minimizing again changes nothing, and neither does running it again', (input, predicate) => {
  const once = minimized(input, predicate);
  const again = minimized(once.smallest.input, predicate);
  assert.equal(printInput(again.smallest.input), printInput(once.smallest.input));
  assert.deepEqual(minimized(input, predicate), once);
});

law('no thread, operation or switch can be taken away', (input, predicate) => {
  const { input: least } = minimized(input, predicate).smallest;
  const placed = rowsOf(least).flatMap(({ ops }) => ops);
  const fewer = [
    ...least.threads.map((_, thread) => without(least, (one) => one.thread === thread)),
    ...placed.map((gone) => without(least, (one) => one.op === gone.op)),
  ].filter(({ threads }) => threads.flatMap(({ ops }) => ops).length < placed.length);
  for (const candidate of fewer)
    assert.equal(predicate(candidate, ANY), null, printInput(candidate));
  const { first, switches } = least.schedule;
  for (const index of switches.keys()) {
    const candidate = { ...least, schedule: { first, switches: switches.toSpliced(index, 1) } };
    assert.equal(predicate(candidate, ANY), null, printInput(candidate));
  }
});

law('no candidate is executed twice, none is invalid, and the budget holds', (input, predicate) => {
  const executed: string[] = [];
  const counting: Test = (candidate) => {
    executed.push(printInput(candidate));
    assert.equal(checkInput(candidate), null);
    return predicate(candidate, ANY);
  };
  const start = predicate(input, ANY);
  assert.ok(start !== null);
  const { tests } = minimize(start, counting, PLENTY);
  assert.equal(executed.length, tests);
  assert.equal(new Set(executed).size, tests);
  const half = minimize(start, predicate, Math.floor(tests / 2));
  assert.ok(half.tests <= tests / 2);
  assert.equal(half.budgetRanOut, tests > 0);
  assert.ok(predicate(half.smallest.input, ANY) !== null);
});

/** As text, so that a failing case reads like an input. */
function leastOf(text: string, isKept: (input: Input) => boolean): string {
  const predicate: Test = (input) =>
    isKept(input) ? { input, preemptions: input.schedule.switches.length } : null;
  const start = parseInput(`faultline input 1\n${text}\n`, 'start');
  const { smallest } = minimized(start, predicate);
  return printInput(smallest.input).replace('faultline input 1\n', '').trimEnd();
}

function opsOf(input: Input): string {
  return input.threads.map(({ ops }) => ops.map(({ kind }) => kind).join(' ')).join(' | ');
}

test('operations that need each other go together', () => {
  const least = leastOf(
    'file A size 4096\nprocess P0\nthread T0 P0\nrevoke\nmmap a0 A 0 4096 shared\nmunmap a0\nfirst T0',
    (input) => {
      const ops = opsOf(input);
      return ops.includes('revoke') && ops.includes('mmap') === ops.includes('munmap');
    },
  );
  assert.equal(least, 'file A size 0\nprocess P0\nthread T0 P0\nrevoke\nfirst T0');
});

test('a conflict far out in the second file is brought to the first page of the first', () => {
  const least = leastOf(
    [
      'file A size 4096 pages hole',
      'file B size 20480 pages hole hole hole written hole',
      'process P0 a0 A 0 4096 shared a1 B 4096 16384 private',
      'process P1 a0 A 0 4096 shared',
      'thread T0 P0',
      'store a1 10240',
      'thread T1 P1',
      'punch B 12288 8192',
      'first T0',
    ].join('\n'),
    (input) => {
      const [store, punch] = input.threads.map(({ ops }) => ops[0]);
      if (store?.kind !== 'store' || punch?.kind !== 'punch') return false;
      const process = input.setup.processes[input.threads[0]?.process ?? 0];
      const area = process?.areas[store.area];
      const page = Math.floor(((area?.offset ?? 0) + store.offset) / 4096);
      const state = input.setup.files[punch.file]?.pages[page];
      return area?.file === punch.file && punch.offset === page * 4096 && state === 'written';
    },
  );
  assert.equal(
    least,
    [
      'file A size 0 pages written',
      'process P0 a0 A 0 4096 shared',
      'thread T0 P0',
      'store a0 0',
      'thread T1 P0',
      'punch A 0 4096',
      'first T0',
    ].join('\n'),
  );
});

test('what the setup can do needs no operation, and a weaker operation is preferred', () => {
  const least = leastOf(
    'file A size 0\nprocess P0\nthread T0 P0\npwrite A 0 4096\ncollapse A 0 4096\nfirst T0',
    (input) => {
      const isWritten =
        opsOf(input).includes('pwrite') || input.setup.files[0]?.pages[0] === 'written';
      return isWritten && /collapse|truncate/.test(opsOf(input));
    },
  );
  const setup = 'file A size 0 pages written\nprocess P0';
  assert.equal(least, `${setup}\nthread T0 P0\ntruncate A 0\nfirst T0`);
});

test('switches move with their operations and go with them', () => {
  const least = leastOf(
    [
      'file A size 4096 pages hole',
      'process P0 a0 A 0 4096 shared',
      'thread T0 P0',
      'load a0 0',
      'thread T1 P0',
      'fsync A',
      'store a0 0',
      'pread A 0 2048',
      'first T1',
      'switch T1 op 0 at fsync/flush 1 to T0',
      'switch T1 op 1 at store/access 1 to T0',
      'switch T1 op 2 at pread/copyOut 1 to T0',
      'switch T1 op 3 at end 1 to T0',
    ].join('\n'),
    (input) =>
      /load \| .*store/.test(opsOf(input)) &&
      input.schedule.first === 1 &&
      input.schedule.switches.some(({ thread, label, op }) => {
        const at = input.threads[thread]?.ops[op];
        return label === 'store/access' && at?.kind === 'store';
      }),
  );
  const [, , ...rest] = least.split('\n');
  assert.deepEqual(rest, [
    'thread T0 P0',
    'load a0 0',
    'thread T1 P0',
    'store a0 0',
    'first T1',
    'switch T1 op 0 at store/access 1 to T0',
  ]);
});

test('what a thread does first goes to an earlier thread, where nothing runs beside it', () => {
  const least = leastOf(
    'file A size 0\nprocess P0\nthread T0 P0\nfsync A\nthread T1 P0\nrevoke\ncommit\nfirst T1',
    (input) => {
      const present = opsOf(input);
      const isComplete = ['fsync', 'revoke', 'commit'].every((kind) => present.includes(kind));
      return isComplete && input.threads.length === 2;
    },
  );
  assert.match(least, /thread T0 P0\nrevoke\nfsync A\nthread T1 P0\ncommit\nfirst T0$/);
});
