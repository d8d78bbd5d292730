/** Pages that tell of the tree name what is there, and the drawing of the rooms is made from the imports. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { guides } from './docs/guides.ts';
import { drawRooms } from './support/house/architecture.ts';
import { importsOf, ROOMS } from './support/house/tools.ts';
import { PACKAGE_ROOT } from './support/package-root.ts';
import { assertTables } from './support/tables.ts';

const DOCS = path.join(PACKAGE_ROOT, 'dashboards/docs');
const PAGES = [
  'CONTRIBUTING.md',
  'dashboards/docs/architecture.md',
  'dashboards/docs/glossary.md',
  'deploy/README.md',
];

const read = (file: string): string => readFileSync(path.join(PACKAGE_ROOT, file), 'utf8');

test('the drawing of the rooms is that of the imports', () => {
  const draw = (): string =>
    `\`\`\`text\n${drawRooms(importsOf(PACKAGE_ROOT).files, ROOMS)}\n\`\`\``;
  assertTables(DOCS, { rooms: draw }, 'architecture.md');
});

test('a room stands above all that it imports, and what follows from others is left out', () => {
  const rooms = ['one', 'two', 'three'].map((name) => {
    return { name, prefix: `corpus/${name}/`, imports: [], pure: true };
  });
  const files = new Map([
    ['corpus/one/a.ts', ['corpus/two/a.ts', 'corpus/three/a.ts']],
    ['corpus/two/a.ts', ['corpus/two/b.ts']],
    ['corpus/two/b.ts', ['corpus/three/a.ts']],
    ['corpus/three/a.ts', []],
  ]);
  const [heads, ...lines] = drawRooms(files, rooms)
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(heads, ['floor', 'corpus', 'workers', 'daemon', 'others', 'imports']);
  assert.deepEqual(lines, [
    ['2', 'one', 'two'],
    ['1', 'two', 'three'],
    ['0', 'three'],
  ]);
});

/** A file or folder in backticks: with a slash, and an ending or a slash behind it. */
const NAMED = /`((?:\.?[\w-]+\/)+(?:[\w.-]+\.(?:ts|mjs|md|json|model|grit|yml))?)`/g;

for (const page of PAGES) {
  test(`${page} names files and scripts that there are`, () => {
    const text = read(page);
    const named = [...text.matchAll(NAMED)].map((found) => found[1] ?? '');
    assert.notEqual(named.length, 0);
    const lost = named.filter((name) => !existsSync(path.join(PACKAGE_ROOT, name)));
    assert.deepEqual(lost, []);
    const { scripts } = JSON.parse(read('package.json'));
    const run = [...text.matchAll(/npm run ([\w:]+)/g)].map((found) => found[1] ?? '');
    assert.deepEqual(
      run.filter((script) => scripts[script] === undefined),
      [],
    );
  });
}

for (const page of guides()) {
  test(`links of ${page} lead to pages and headings that there are`, () => {
    const links = [...read(page).matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)];
    for (const [link, file = '', anchor] of links) {
      const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      assert.ok(existsSync(path.join(PACKAGE_ROOT, target)), link);
      const heads = [...read(target).matchAll(/^#+ (.*)$/gm)].map((found) =>
        anchorOf(found[1] ?? ''),
      );
      if (anchor !== undefined) assert.ok(heads.includes(anchor), link);
    }
  });
}

/** As a public host makes it of a heading. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\w\- ]/g, '');
  return words.replaceAll(' ', '-');
}

test('the glossary has a line a word, in a screen or two', () => {
  const rows = [...read('dashboards/docs/glossary.md').matchAll(/^\| (\w+) \|/gm)];
  const words = rows.map((found) => found[1] ?? '').slice(1);
  assert.ok(words.length <= 40, `${words.length} words`);
  assert.equal(new Set(words).size, words.length);
});

test('a vulnerability has a private way, and it is said which versions are mended (S23)', () => {
  const text = read('.github/SECURITY.md');
  assert.match(text, /privately/);
  assert.match(text, /Report a vulnerability/);
  assert.match(text, /version is supported/);
});
