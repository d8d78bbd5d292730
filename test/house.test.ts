/** The rules of the house, first each on a planted offence and a clean twin, then on the tree itself. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  importOffences,
  type Offence,
  purityOffences,
  ROOMS,
  roomOf,
} from './support/house/rooms.ts';
import { RULES } from './support/house/rules.ts';
import { sourceOf } from './support/house/source.ts';
import {
  orphanOffences,
  readDependencies,
  readSources,
  topOffences,
} from './support/house/tree.ts';
import { PACKAGE_ROOT } from './support/package-root.ts';

const SOURCES = readSources(PACKAGE_ROOT);
const FILES = new Set(SOURCES.map((source) => source.file));
const DEPENDENCIES = readDependencies(PACKAGE_ROOT);

const show = ({ file, line, what }: Offence): string => `${file}:${line}: ${what}`;

function assertNone(offences: readonly Offence[]): void {
  if (offences.length > 0) assert.fail(offences.map(show).join('\n'));
}

/** For each rule of one file: texts that break it, and texts that only look so. */
const TWINS: Readonly<Record<string, { planted: readonly string[]; clean: readonly string[] }>> = {
  'no default export': {
    planted: ['export default 1;', 'export { x as default };'],
    clean: ["const a = { default: 1 }; // export default\nconst b = 'export default';"],
  },
  'no enum': {
    planted: ['enum Mode { read }', 'export const enum Mode { read }'],
    clean: ['const enumerate = 1; x.enum; // enum Mode {}'],
  },
  'no namespace': {
    planted: ['namespace A { }', "declare module 'x' { }"],
    clean: ["const namespace = 1; import type * as module from './m.ts';"],
  },
  'no any': {
    planted: [
      'let a: any;',
      'f(x as any)',
      'let a: Map<string, any>;',
      'let a: any[] = [];',
      'type A = string | any;',
      'const f = (): any => 1;',
    ],
    clean: [
      'const any = 1; list.any(x); f(any, 1); // let a: any\nconst s = ": any"; g({ any: 1 });',
    ],
  },
  'no non-null assertion': {
    planted: ['a!.b', 'f()!', 'list[0]!.x', 'class A { x!: number; }', '`${a!}`'],
    clean: ["if (a !== b && !c) d = a != b; const s = 'a!'; // b!\nconst r = /a!/; f(!a);"],
  },
  'nothing unfinished': {
    planted: [`// ${'TO'}DO later`, `const a = '${'FIX'}ME';`],
    clean: ['const todo = 1; // a list of things to do'],
  },
  'no muted type check': {
    planted: [`// @${'ts'}-ignore`, `// @${'ts'}-expect-error because`],
    clean: ['// @ts is a handle'],
  },
  'no test left out': {
    planted: [
      `test.${'skip'}('x', f);`,
      `describe.${'only'}('x', f);`,
      `test('x', { ${'skip'}: true }, f);`,
    ],
    clean: ["t.skip('no server'); // test.only\ntest('x', { skip: reason }, f);"],
  },
  'a file is short': { planted: ['a;\n'.repeat(401)], clean: ['a;\n'.repeat(400)] },
  'a function is short': {
    planted: [
      `function f<T extends { a: 1 }>(a: T, b = { c: 1 }): { d: number } | 'x' {${'\n'.repeat(70)}}`,
      `class A {\n  run(a: string): asserts a is 'b' {${'\n'.repeat(70)}}\n}`,
      `const f = async (a: { b: 1 }): Promise<void> => {${'\n'.repeat(70)}};`,
      `function f() {${"\n  const b = '}' + `}${'{'}` + /}/.source; // }".repeat(70)}\n}`,
      `const o = {\n  f(): readonly string[] {${'\n'.repeat(70)}},\n};`,
    ],
    clean: [
      `function f(): { d: number } {${'\n'.repeat(69)}}\nconst o = {${'\n'.repeat(99)}};`,
      `if (a) {${'\n'.repeat(99)}}`,
      `function f(a: string): void;\nconst o = {${'\n'.repeat(99)}};`,
      `function f() {${"\n  const b = '{' + `{` + /[/{]/.source; // {".repeat(9)}\n}${'\n;'.repeat(99)}`,
    ],
  },
};

test('every rule catches its planted offences and passes what only looks like one', () => {
  assert.deepEqual(
    Object.keys(TWINS),
    RULES.map((rule) => rule.name),
  );
  for (const { name, check } of RULES) {
    const offences = (text: string): number => check(sourceOf('test/planted.ts', text)).length;
    for (const text of TWINS[name]?.planted ?? [])
      assert.notEqual(offences(text), 0, `${name}: ${text}`);
    for (const text of TWINS[name]?.clean ?? [])
      assert.equal(offences(text), 0, `${name}: ${text}`);
  }
});

/** File, what it imports, and the complaint; no complaint where the rooms allow it. */
const IMPORTS: readonly (readonly [string, string, RegExp?])[] = [
  ['corpus/vocabulary/a.ts', './b.ts'],
  ['corpus/vocabulary/a.ts', '@noble/hashes/sha2.js'],
  ['corpus/vocabulary/a.ts', '../breeding/b.ts', /vocabulary may not import breeding/],
  ['corpus/vocabulary/a.ts', 'node:fs', /vocabulary is pure/],
  ['corpus/vocabulary/a.ts', 'fs', /may not use fs/],
  ['corpus/breeding/a.ts', 'fast-check'],
  ['corpus/store/a.ts', 'node:fs'],
  ['corpus/store/a.ts', 'zod', /store may not use zod/],
  ['workers/kernel/steps/a.ts', '../../models/b.ts', /kernel may not import models/],
  ['workers/oracles/a.ts', '../schedulers/b.ts', /oracles may not import schedulers/],
  ['workers/run/a.ts', './b.ts'],
  ['workers/run/a.ts', '../search/b.ts', /run may not import search/],
  ['workers/search/a.ts', '../run/b.ts'],
  ['workers/search/a.ts', '../../corpus/store/b.ts', /search may not import store/],
  ['workers/api/a.ts', '../search/b.ts'],
  ['workers/api/a.ts', '../../daemon/cli/b.ts', /api may not import cli/],
  ['workers/run/a.ts', '../api/b.ts', /run may not import api/],
  ['dashboards/docs/a.mts', 'faultline'],
  ['dashboards/docs/a.mts', '../../workers/api/b.ts', /examples may not import api/],
  ['workers/service/worker.ts', 'bullmq'],
  ['workers/service/worker.ts', '../../corpus/store/b.ts', /service may not import store/],
  ['daemon/campaign/a.ts', '../../workers/run/b.ts', /campaign may not import run/],
  ['daemon/campaign/a.ts', '../log/b.ts', /campaign may not import log/],
  ['daemon/campaign/a.ts', 'typescript', /campaign may not use typescript/],
  ['daemon/cli/fuzz.ts', '../../workers/run/b.ts'],
  ['daemon/cli/fuzz.ts', '../../test/run.ts', /cli may not import test/],
  ['daemon/cli/fuzz.ts', './gone.js', /no such file/],
  ['elsewhere/a.ts', './b.ts', /in no room/],
];

test('the import rule knows who may import whom, in every way to write an import', () => {
  const ways = [
    (name: string) => `import { a } from '${name}';`,
    (name: string) => `import {\n  type A,\n  b as c,\n} from "${name}";`,
    (name: string) => `import type { A } from '${name}';`,
    (name: string) => `import * as a from '${name}';`,
    (name: string) => `import '${name}';`,
    (name: string) => `export { a } from '${name}';`,
    (name: string) => `export * from '${name}';`,
    (name: string) => `const a = await import('${name}');`,
    (name: string) => `type A = import('${name}').A;`,
  ];
  const exists = (file: string): boolean => file.endsWith('.ts');
  for (const [file, specifier, complaint] of IMPORTS) {
    for (const way of ways) {
      const offences = importOffences(sourceOf(file, way(specifier)), DEPENDENCIES, exists).map(
        show,
      );
      assert.equal(offences.length, complaint === undefined ? 0 : 1, `${file} ${way(specifier)}`);
      if (complaint !== undefined) assert.match(offences.join(), complaint);
    }
  }
  const harmless = "// import { a } from 'fs'\nconst s = `import 'fs'`; export const from = 'fs';";
  assert.deepEqual(sourceOf('corpus/vocabulary/a.ts', harmless).imports, []);
});

test('the rooms form a DAG', () => {
  const settled = new Set<string>();
  for (let before = -1; before !== settled.size; ) {
    before = settled.size;
    for (const room of ROOMS)
      if (room.imports.every((name) => settled.has(name))) settled.add(room.name);
  }
  assert.deepEqual(
    ROOMS.map((room) => room.name).filter((name) => !settled.has(name)),
    [],
  );
});

test('a pure room has no clock, no chance, no process and no waiting', () => {
  const planted = [
    'const a = new Date();',
    'Math.random()',
    'process.env',
    'process?.exit(1)',
    'console.log(1)',
    'async function f() {}',
    'const f = async () => 1;',
    'for (;;) await f();',
    'let p: Promise<void>;',
    'setTimeout(f, 1)',
    'globalThis.x',
    'performance.now()',
    '`${process.pid}`',
    'crypto.randomUUID()',
  ];
  const clean =
    "let a = thread.process; const process = setup.processes[0]; process.areas; // Date\nf('await'); x.console; ({ process: 1, async: 2 }); Math.imul(1, 2);";
  const offences = (file: string, text: string): number =>
    purityOffences(sourceOf(file, text)).length;
  for (const text of planted) {
    assert.equal(offences('workers/run/a.ts', text), 1, text);
    assert.equal(offences('daemon/log/clock.ts', text), 0, text);
  }
  assert.equal(offences('corpus/vocabulary/a.ts', clean), 0);
});

test('a file that no entry reaches is an orphan, and so are two that reach each other', () => {
  const planted = [
    sourceOf('daemon/cli/main.ts', "import { a } from '../used.ts';"),
    sourceOf('daemon/used.ts', 'export const a = 1;'),
    sourceOf('daemon/one.ts', "import './two.ts';"),
    sourceOf('daemon/two.ts', "import './one.ts';"),
    sourceOf('workers/service/executor-thread.ts', ''),
  ];
  assert.deepEqual(
    orphanOffences(planted).map((o) => o.file),
    ['daemon/one.ts', 'daemon/two.ts'],
  );
  assert.deepEqual(orphanOffences(planted.slice(0, 2)), []);
});

test('the top of the tree holds what the design lists', () => {
  assert.deepEqual(
    topOffences(['src', 'notes.md', 'corpus', '.ci']).map((o) => o.file),
    ['src', 'notes.md'],
  );
  assertNone(topOffences(readdirSync(PACKAGE_ROOT)));
});

for (const { name, check } of RULES) {
  test(`the tree: ${name}`, () => assertNone(SOURCES.flatMap(check)));
}

test('the tree: imports follow the rooms', () => {
  const offences = SOURCES.flatMap((s) =>
    importOffences(s, DEPENDENCIES, (file) => FILES.has(file)),
  );
  assertNone(offences);
});

test('the tree: pure rooms are pure', () => {
  assert.ok(SOURCES.some((source) => roomOf(source.file)?.pure));
  assertNone(SOURCES.flatMap(purityOffences));
});

test('the tree: no orphans', () => {
  assertNone(orphanOffences(SOURCES));
});
