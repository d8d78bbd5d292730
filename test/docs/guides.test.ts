/**
 * Guides are run as they stand: files are written, commands typed, and what is shown is what comes. UPDATE_GOLDEN=1 makes
 * the pictures of `dashboards/docs/pictures` anew. Lines of `sh` blocks are run at night.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { goldenIn } from '../support/golden.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import {
  assertShown,
  blocksOf,
  guides,
  readersFolder,
  runConsole,
  shellBlocksOf,
} from './guides.ts';
import { NOT_RUN, SESSIONS, whyNotRun } from './sessions.ts';
import { linesOf } from './shell.ts';

const DOCS = path.join(PACKAGE_ROOT, 'dashboards/docs');
const GUIDES = guides();
const read = (guide: string): string => readFileSync(path.join(PACKAGE_ROOT, guide), 'utf8');

for (const guide of GUIDES) {
  if (!shellBlocksOf(guide).some(({ kind }) => kind === 'console')) continue;
  test(`every command of ${guide} prints what the guide shows`, async (t) => {
    const folder = readersFolder(t);
    assert.ok((await runConsole(read(guide), folder)) > 0);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.svg'))) {
      const picture = readFileSync(path.join(folder, name), 'utf8');
      goldenIn(path.join(DOCS, 'pictures'), name, picture, process.env);
    }
  });
}

test('a guide makes each picture, and shows it', () => {
  const named = (pattern: RegExp): readonly string[] =>
    GUIDES.flatMap((guide) => [...read(guide).matchAll(pattern)].map((found) => found[1] ?? ''));
  const pictures = readdirSync(path.join(DOCS, 'pictures'));
  assert.deepEqual([...named(/^\$ .* > ([\w-]+\.svg)$/gm)].sort(), pictures);
  assert.deepEqual([...named(/!\[[^\]]+\]\(\S*pictures\/([\w.-]+)\)/g)].sort(), pictures);
});

test('each line of a shell block is run, or a row says why not', () => {
  const lines = GUIDES.flatMap((guide) =>
    shellBlocksOf(guide).flatMap((block) => {
      const where = `${guide}:${block.line}`;
      assert.match(block.kind, /^(?:sh|console)$/, `${where}: a kind that no test runs`);
      return block.kind === 'console' ? [] : linesOf(block).map((line) => ({ guide, line, where }));
    }),
  );
  const lost = lines.filter(
    ({ guide, line }) => SESSIONS[guide] === undefined && whyNotRun(guide, line) === null,
  );
  assert.deepEqual(lost, []);
  const idle = NOT_RUN.filter(
    ({ guide, begins }) => !lines.some((one) => one.guide === guide && one.line.startsWith(begins)),
  );
  assert.deepEqual(idle, []);
});

test('what is typed in a guide stands in a block that is run', () => {
  const strays = GUIDES.flatMap((guide) =>
    blocksOf(read(guide))
      .filter(
        ({ kind, body }) =>
          !/^(?:sh|console)$/.test(kind) &&
          /^(?:\$ |npx |faultline (?!model|input|repro))/m.test(body),
      )
      .map(({ line }) => `${guide}:${line}`),
  );
  assert.deepEqual(strays, []);
});

test('output that a guide does not show is noticed', () => {
  const output = ['a', 'b 1.5 s', 'c'];
  for (const lines of [
    output,
    [],
    ['a', '...'],
    ['a', 'b 7 s', 'c'],
    ['...', 'c'],
    ['a', 'b...', 'c'],
  ])
    assertShown(output, lines, '');
  for (const lines of [
    ['a'],
    ['a', 'c'],
    ['b 1.5 s', 'c'],
    ['a', 'b', 'c'],
    ['...', 'c', 'b 1.5 s'],
  ])
    assert.throws(() => assertShown(output, lines, ''), /the guide/, lines.join());
});
