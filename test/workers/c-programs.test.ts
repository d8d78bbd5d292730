/** Inputs as C programs: gcc takes each without a warning, and what they print is what the simulation says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { OPS } from '../../corpus/vocabulary/limits.ts';
import { makeOp, OP_KINDS, type Op, type OpKind } from '../../corpus/vocabulary/ops.ts';
import { parseInput, printOp } from '../../corpus/vocabulary/text.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import type { Drawn } from '../../workers/views/c/head.ts';
import { prefixOf } from '../../workers/views/c/order.ts';
import { renderC } from '../../workers/views/c/program.ts';
import { skipReason } from '../support/debian.ts';
import { golden } from '../support/golden.ts';
import {
  allInputs,
  gcc,
  runProgram,
  shown,
  simulated,
  withPrograms,
} from './support/c-programs.ts';
import { seedNamed } from './support/search.ts';

const skip = await skipReason('gcc');

function textOf(input: Input, drawn: Drawn | null = null): string {
  const program = renderC(input, drawn);
  return 'text' in program ? program.text : assert.fail(program.lacks);
}

function lacksOf(input: Input, drawn: Drawn | null = null): string {
  const program = renderC(input, drawn);
  return 'lacks' in program ? program.lacks : '';
}

/** The finding that a search has of it. */
function found(name: string, input: Input, signature: string): readonly [Input, Drawn] {
  const model = modelOf(name);
  const { violations } = explore(new Engine(model), input, { statesMax: 1e6, all: true });
  const one = violations.find((violation) => violation.signature === signature);
  const { traced } = one ?? assert.fail(`no ${signature}`);
  const drawn = { ...input, schedule: traced.schedule };
  return [drawn, { model, run: traced, subject: subjectOn(model, drawn, signature) }];
}

/** What a program cannot do. */
const REFUSED: readonly OpKind[] = ['revoke', 'crash', 'enospc'];

/** One operation of each kind, and those that take a mapping as their buffer or are synchronous. */
function everyOperation(): readonly Op[] {
  const values = { area: 0, file: 0, offset: 0, length: 4096, size: 4096 } as const;
  const buffer = { area: 1, offset: 2048 };
  return [
    ...OP_KINDS.map((kind) => makeOp(kind, { ...values, sharing: 'sync' })),
    makeOp('pwrite', { ...values, sync: true }),
    makeOp('pread', { ...values, buffer }),
  ];
}

function everyCarried(): Input {
  const ops = everyOperation().filter(({ kind }) => !REFUSED.includes(kind));
  const threads = Array.from({ length: Math.ceil(ops.length / OPS) }, (_, t) => {
    return { process: t % 2, ops: ops.slice(t * OPS, (t + 1) * OPS) };
  });
  return { ...seedNamed('b01-store-vs-load'), threads };
}

const ALL = new Map(
  Array.from(
    [...allInputs(), ['every-operation', everyCarried()] as const],
    ([name, input]) => [name, renderC(input, null)] as const,
  ),
);
const PROGRAMS = new Map(
  Array.from(ALL).flatMap(([name, program]) =>
    'text' in program ? [[name, program.text] as const] : [],
  ),
);

test('unfenced punch on v42-immap-read, in C', () => {
  const [input, drawn] = found('v42-immap-read', seedNamed('b12-fault-vs-punch'), 'unfenced punch');
  golden('c-b12-fault-vs-punch.c', textOf(input, drawn));
});

test('two address spaces are two processes', () => {
  golden('c-b01-store-vs-load.c', textOf(seedNamed('b01-store-vs-load')));
});

test('what comes before the race comes before the threads', () => {
  const input = parseInput(
    `faultline input 1
file A size 4096 pages written
process P0 a0 A 0 4096 shared
thread T0 P0
fsync A
load a0 0
thread T1 P0
punch A 0 4096
first T0
`,
    'prefix',
  );
  const [drawn, about] = found('v42-immap-read', input, 'unfenced punch');
  const text = textOf(drawn, about);
  assert.match(text, /^ \* Before the threads start: A1\.$/m);
  assert.ok(text.indexOf('"A1 fsync A"') > text.indexOf('int main('), 'A1 is run by main');
  assert.ok(text.indexOf('"A2 load a0 0"') < text.indexOf('int main('), 'A2 is run by its thread');
});

test('a thread keeps its last operation, and one thread all', () => {
  const [op] = seedNamed('b12-fault-vs-punch').threads[0]?.ops ?? [];
  assert.ok(op !== undefined);
  const two = [
    { process: 0, ops: [op, op] },
    { process: 0, ops: [op] },
  ];
  const rowsOf = (text: string) =>
    text.split(' ').map((one) => ({ thread: Number(one[0]), op: Number(one[1]) }));
  const prefix = (text: string) =>
    prefixOf(two, rowsOf(text)).map(({ thread, index }) => `${thread}${index}`);
  assert.deepEqual(prefix('00 00 01 10 01'), ['00']);
  assert.deepEqual(prefix('00 10 00 01'), []);
  assert.deepEqual(prefix('00 00 01 01 10'), ['00']);
  assert.deepEqual(prefixOf(two.slice(0, 1), rowsOf('00 01')), []);
});

test('every operation is carried, or refused by name', () => {
  const base = seedNamed('b12-fault-vs-punch');
  for (const op of everyOperation()) {
    const program = renderC({ ...base, threads: [{ process: 0, ops: [op] }] }, null);
    if (REFUSED.includes(op.kind)) {
      assert.match('lacks' in program ? program.lacks : '', new RegExp(`^${op.kind} of T0: \\w`));
    } else {
      assert.ok('text' in program && program.text.includes(`"A1 ${printOp(op)}"`), op.kind);
    }
  }
});

test('which inputs no program has, and why', () => {
  const lacks = Array.from(ALL).flatMap(([name, program]) =>
    'lacks' in program ? [`${name}: ${program.lacks.replace(/: .*/, '')}`] : [],
  );
  assert.deepEqual(lacks, [
    'b05-huge-store-enospc: enospc of T0',
    'b50-store-vs-revoke-cached: revoke of T1',
    'f04-commit-before-flush: crash of T0',
    'f04-copy-not-flushed: crash of T0',
    'fsync-of-pwrite: crash of T0',
    'two-crashes: crash of T0',
  ]);
  const setup = (state: string) =>
    parseInput(
      `faultline input 1\nfile A size 4096 pages hole ${state}\nprocess P0\nthread T0 P0\nfsync A\nfirst T0\n`,
      state,
    );
  assert.match(lacksOf(setup('written')), /^page 1 of file A is written: no system call leaves /);
  assert.match(lacksOf(setup('cached')), /^page 1 of file A is cached: no system call leaves /);
  assert.equal(lacksOf(setup('unwritten')), '');
});

test('a huge page of the simulation is none of a kernel', () => {
  const model = modelOf('pmd-v44');
  const input = seedNamed('b06-huge-store');
  const engine = new Engine(model);
  engine.load(input);
  const drawn = { model, run: engine.trace(input.schedule), subject: null };
  assert.match(lacksOf(input, drawn), /^its huge page has 4 pages/);
});

test('no text of a model ends the comment', () => {
  const input = seedNamed('b12-fault-vs-punch');
  const model = { ...modelOf('v42-immap-read'), title: 'x */ int y; /* z /*/' };
  const engine = new Engine(model);
  engine.load(input);
  const text = textOf(input, { model, run: engine.trace(input.schedule), subject: null });
  const [, comment = ''] = /^\/\*([\s\S]*?)\*\/\n#define _GNU_SOURCE$/m.exec(text) ?? [];
  assert.match(comment, /int y;/);
  assert.doesNotMatch(comment, /\/\*|\*\//);
});

test('no function of a program is unused', () => {
  for (const [name, text] of PROGRAMS) {
    const code = text.slice(text.indexOf('*/')).replace(/"(?:[^"\\]|\\.)*"/g, '');
    for (const [, defined = ''] of code.matchAll(/^static [^=;{]*?(\w+)\(/gm)) {
      const uses = code.match(new RegExp(`\\b${defined}\\b`, 'g')) ?? [];
      assert.ok(uses.length > 1, `${name}: ${defined}`);
    }
  }
});

test('gcc takes every program', { skip }, async () => {
  await withPrograms(PROGRAMS, (folder, files) => gcc(folder, ['-fsyntax-only', ...files]));
});

test('gcc optimizes without a warning what covers every function, and links it statically', {
  skip,
}, async () => {
  const few = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, text] of PROGRAMS) {
    const calls = Array.from(
      text.matchAll(/^static [^=;{]*?(\w+)\(/gm),
      ([, called = '']) => called,
    );
    const isNew = calls.some((called) => !seen.has(called));
    if (isNew) few.set(name, text);
    for (const called of calls) seen.add(called);
  }
  await withPrograms(few, async (folder, files) => {
    await gcc(folder, ['-O2', '-c', ...files]);
    await gcc(folder, ['-O1', '-static', '-o', 'repro', files[0] ?? '']);
  });
});

/** One thread; on any file system the bytes of a sound model. */
const SEQUENTIAL = [
  `faultline input 1
file A size 14336 pages written hole unwritten written
process P0 a0 A 0 16384 shared
thread T0 P0
load a0 4096
store a0 6144
pwrite A 2048 4096
pread A 0 16384
punch A 2048 2048
truncate A 6144
first T0
`,
  `faultline input 1
file A size 8192 pages cached written
file B size 4096 pages written
process P0 a0 A 0 8192 shared a1 B 0 4096 private
thread T0 P0
store a1 0
store a0 0
load a0 4096
truncate A 2048
fallocate A 2048 10240
pread A 0 8192
first T0
`,
];

for (const [i, text] of SEQUENTIAL.entries()) {
  test(`one thread reads what it reads in the simulation: ${i + 1}`, { skip }, async () => {
    const input = parseInput(text, `sequential ${i + 1}`);
    const printed = await runProgram(textOf(input));
    const expected = simulated('modern-ext4-fixed', input);
    assert.deepEqual(shown(printed), expected, printed.join('\n'));
  });
}

test('two processes end, and see the same file', { skip }, async () => {
  const printed = await runProgram(textOf(seedNamed('b01-store-vs-load')));
  for (const row of ['after A pread 1 0', 'after A P0.a0 1 0', 'after A P1.a0 1 0'])
    assert.ok(printed.includes(row), `${row} in\n${printed.join('\n')}`);
});

test('a store past EOF is a SIGBUS, one of no area a SIGSEGV', { skip }, async () => {
  const input = parseInput(
    `faultline input 1
file A size 4096 pages written
process P0 a0 A 0 8192 shared
thread T0 P0
store a0 4096
munmap a0
load a0 0
mmap a0 A 0 4096 private
mmap a0 A 0 4096 shared
load a0 0
first T0
`,
    'signals',
  );
  const printed = await runProgram(textOf(input));
  assert.deepEqual(
    printed.filter((line) => /^A\d/.test(line)),
    [
      'A1 store a0 4096 = SIGBUS',
      'A2 munmap a0 = 0',
      'A3 load a0 0 = SIGSEGV',
      'A4 mmap a0 A 0 4096 private = 0',
      'A5 mmap a0 A 0 4096 shared = -1 EEXIST',
      'A6 load a0 0 = 25',
    ],
  );
});
