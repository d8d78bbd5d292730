/**
 * The rules of the house, each on planted offences and on what only looks like one: those that the tools of
 * `npm run lint` state, with the settings of this tree, and the few that they do not. `style.test.ts` applies them.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  type Offence,
  offencesOf,
  RULES,
  readSources,
  topOffences,
} from './support/house/rules.ts';
import { importsOf, lintOf, ROOMS, unusedIn, withPlanted } from './support/house/tools.ts';
import { IMPURE_RULES, TWINS } from './support/house/twins.ts';
import { PACKAGE_ROOT } from './support/package-root.ts';

function assertNone(offences: readonly Offence[]): void {
  const lines = offences.map(({ file, line, what }) => `${file}:${line}: ${what}`);
  if (lines.length > 0) assert.fail(lines.join('\n'));
}

test('the linter catches every planted offence and passes what only looks like one', () => {
  const files: Record<string, string> = {};
  const expected: { file: string; rules: readonly string[]; isOffence: boolean }[] = [];
  const place = (folder: string, text: string, rules: readonly string[], isOffence: boolean) => {
    const file = `${folder}/planted-${expected.length}.ts`;
    files[file] = text;
    expected.push({ file, rules, isOffence });
  };
  for (const { rules, folder, planted, clean } of Object.values(TWINS)) {
    for (const text of planted) place(folder, text, rules, true);
    for (const text of clean) place(folder, text, rules, false);
    if (!rules.some((rule) => IMPURE_RULES.includes(rule))) continue;
    for (const text of planted) place('daemon/log', text, rules, false);
  }
  const said = withPlanted(files, lintOf);
  for (const { file, rules, isOffence } of expected) {
    const broken = said.get(file)?.some((rule) => rules.includes(rule)) === true;
    assert.equal(broken, isOffence, `${rules.join(', ')}: ${files[file]}`);
  }
});

test('the linter has the pure rooms of the table', () => {
  const settings = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'biome.json'), 'utf8'));
  const isPure = ({ plugins }: { plugins?: readonly string[] }): boolean =>
    plugins?.some((plugin) => plugin.endsWith('/pure.grit')) === true;
  const pure = ROOMS.filter((room) => room.pure).map(({ prefix }) => `${prefix}**`);
  assert.deepEqual(settings.overrides.find(isPure).includes, pure);
});

/** Folder of the file, what it imports, and the rule that it breaks; none where the rooms allow it. */
const IMPORTS: readonly (readonly [string, string, string?])[] = [
  ['corpus/vocabulary', './b.ts'],
  ['corpus/vocabulary', '@noble/hashes/sha2.js'],
  ['corpus/vocabulary', '../breeding/b.ts', 'vocabulary-imports'],
  ['corpus/vocabulary', 'node:fs', 'vocabulary-is-pure'],
  ['corpus/vocabulary', 'fs', 'vocabulary-is-pure'],
  ['corpus/breeding', 'fast-check'],
  ['corpus/store', 'node:fs'],
  ['corpus/disk', 'zod', 'disk-packages'],
  ['workers/kernel/steps', '../../models/b.ts', 'kernel-imports'],
  ['workers/oracles', '../schedulers/b.ts', 'oracles-imports'],
  ['workers/run', './b.ts'],
  ['workers/run', '../search/b.ts', 'run-imports'],
  ['workers/search', '../run/b.ts'],
  ['workers/search', '../../corpus/store/b.ts', 'search-imports'],
  ['workers/service', 'bullmq'],
  ['workers/service', '../../corpus/store/b.ts', 'workers/service-imports'],
  ['daemon/campaign', '../../workers/run/b.ts', 'campaign-imports'],
  ['daemon/campaign', '../log/b.ts', 'campaign-imports'],
  ['daemon/campaign', 'typescript', 'campaign-packages'],
  ['daemon/cli', '../../workers/run/b.ts'],
  ['daemon/cli', 'typescript', 'cli-packages'],
  ['daemon/cli', 'msgpackr', 'cli-packages'],
  ['daemon/cli', '../../test/b.ts', 'cli-imports'],
  ['daemon/cli', '../../corpus/b.ts', 'cli-imports'],
  ['daemon/cli', './gone.js', 'no-such-file'],
  ['deploy/start', 'typescript'],
  ['dashboards/web', '../../workers/run/b.ts'],
  ['dashboards/grafana', '../web/b.ts', 'dashboards-imports'],
  ['corpus', './vocabulary/b.ts', 'in-no-room'],
];
const WAYS: readonly ((name: string) => string)[] = [
  (name) => `import { a } from '${name}';`,
  (name) => `import {\n  type A,\n  b as c,\n} from "${name}";`,
  (name) => `import type { A } from '${name}';`,
  (name) => `import * as a from '${name}';`,
  (name) => `import '${name}';`,
  (name) => `export { a } from '${name}';`,
  (name) => `export * from '${name}';`,
  (name) => `export type { A } from '${name}';`,
  (name) => `const a = await import('${name}');`,
];

test('the import rules know who may import whom, in every way to write an import', () => {
  const files: Record<string, string> = {
    'daemon/log/harmless.ts': "// import { a } from './gone.ts'\nconst s = `import './gone.ts'`;",
  };
  const expected = new Map<string, readonly string[]>();
  for (const [row, [folder, name, rule]] of IMPORTS.entries()) {
    if (name.startsWith('.') && rule !== 'no-such-file')
      files[path.posix.join(folder, name)] = 'export type A = 1;\nexport const a = 1;';
    for (const [way, write] of WAYS.entries()) {
      const file = `${folder}/planted-${row}-${way}.ts`;
      files[file] = write(name);
      expected.set(file, rule === undefined ? [] : [rule]);
    }
  }
  const { offences } = withPlanted(files, importsOf);
  const broken = (file: string): readonly string[] =>
    offences.filter((offence) => offence.file === file).map(({ rule }) => rule);
  for (const [file, rules] of expected)
    assert.deepEqual(broken(file), rules, `${file}: ${files[file]}`);
  assert.deepEqual(broken('daemon/log/harmless.ts'), []);
});

test('no file imports itself in a circle, for a type either, but for kernel with program and watch', () => {
  const typeOf = (file: string): string => `import type { A } from './${file}.ts';`;
  const planted = {
    'workers/run/one.ts': typeOf('two'),
    'workers/run/two.ts': typeOf('three'),
    'workers/run/three.ts': typeOf('one'),
    'workers/run/four.ts': typeOf('one'),
    'workers/kernel/kernel.ts': ['program', 'watch', 'ghosts'].map(typeOf).join('\n'),
    'workers/kernel/program.ts': typeOf('kernel'),
    'workers/kernel/watch.ts': typeOf('kernel'),
    'workers/kernel/ghosts.ts': typeOf('kernel'),
  };
  const { offences } = withPlanted(planted, importsOf);
  assert.deepEqual(new Set(offences.map(({ rule }) => rule)), new Set(['no-cycle']));
  const found = offences.map(({ circle }) =>
    circle.map((file) => path.posix.basename(file, '.ts')),
  );
  assert.deepEqual(found.map((circle) => circle.sort().join(' ')).sort(), [
    'ghosts kernel',
    'one three two',
  ]);
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

test('a file that no entry reaches is unused, so are two that reach each other, and an export', () => {
  const planted = {
    'daemon/cli/main.ts': "import { a } from '../log/used.ts';\na();",
    'daemon/log/used.ts': 'export const a = () => 1;\nexport const b = 2;\nexport type C = 3;',
    'daemon/log/one.ts': "import './two.ts';",
    'daemon/log/two.ts': "import './one.ts';",
    'workers/service/executor-main.ts': '',
    'test/spin/a.test.ts': "import './b.ts';",
    'test/spin/b.ts': '',
  };
  assert.deepEqual(withPlanted(planted, unusedIn), {
    files: ['daemon/log/one.ts', 'daemon/log/two.ts'],
    exports: ['C', 'b'],
  });
});

test('the top of the tree holds what the design lists', () => {
  assert.deepEqual(
    topOffences(['src', 'notes.md', 'corpus', '.ci']).map((o) => o.file),
    ['src', 'notes.md'],
  );
  assertNone(topOffences(readdirSync(PACKAGE_ROOT)));
});

/** For each rule of the text: what breaks it, and what only looks so. */
const TEXTS: Readonly<Record<string, { planted: readonly string[]; clean: string }>> = {
  'nothing unfinished': {
    planted: [`// ${'TO'}DO later`, `const a = '${'FIX'}ME';`],
    clean: '/** A list of things to do. */\nconst todo = 1;',
  },
  'a head that says what a file is for': {
    planted: ["import 'a';\n/** Too late. */", '// Not of the file.\nconst a = 1;', ''],
    clean: '#!/usr/bin/env node\n// @ts-check\n/** The command line. */\nf();',
  },
  'no muted check': {
    planted: [
      `// @${'ts'}-ignore`,
      `// @${'ts'}-expect-error because`,
      `// biome-${'ignore'} lint/suspicious/noExplicitAny: because`,
      `/* biome-${'ignore'}-all lint: because */`,
    ],
    clean: '/** @ts is a handle; biome-ignore format: a table */',
  },
};

for (const rule of RULES) {
  test(`the tree: ${rule.name}`, () => {
    const { planted = [], clean = '' } = TEXTS[rule.name] ?? {};
    const offences = (text: string): number => offencesOf(rule, { file: 'a.ts', text }).length;
    assert.notEqual(planted.length, 0);
    for (const text of planted) assert.notEqual(offences(text), 0, text);
    assert.equal(offences(clean), 0, clean);
    assertNone(readSources(PACKAGE_ROOT).flatMap((source) => offencesOf(rule, source)));
  });
}
