/** Engine and build digests: equal meaning, equal digest; and nothing that decides is left out of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { importsOf } from '../support/house/tools.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

interface Digest {
  readonly roots: readonly string[];
  readonly rooms: readonly string[];
  readonly apart: readonly string[];
}
interface Script {
  readonly DIGESTS: Readonly<Record<'engine' | 'build', Digest>>;
  readonly writeIdentity: (root: string) => void;
}
interface Identity {
  readonly engine: string;
  readonly build: string;
}

const script = path.join(PACKAGE_ROOT, 'deploy/start/identity.mjs');
const { DIGESTS, writeIdentity } = (await import(pathToFileURL(script).href)) as Script;
const tree = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));

before(() => {
  for (const name of ['corpus', 'workers', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(PACKAGE_ROOT, name), path.join(tree, name), { recursive: true });
  }
  symlinkSync(path.join(PACKAGE_ROOT, 'node_modules'), path.join(tree, 'node_modules'), 'dir');
});
after(() => rmSync(tree, { recursive: true, force: true }));

/** Compiles the copy and says which build it is. */
function identityOfCopy(): Identity {
  const tsc = path.join(PACKAGE_ROOT, 'node_modules/typescript/bin/tsc');
  const compiled = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: tree, encoding: 'utf8' });
  assert.equal(compiled.status, 0, compiled.stdout);
  writeIdentity(tree);
  return JSON.parse(readFileSync(path.join(tree, 'dist/identity.json'), 'utf8'));
}

function edit(file: string, change: (text: string) => string): void {
  const name = path.join(tree, file);
  const text = readFileSync(name, 'utf8');
  const changed = change(text);
  assert.notEqual(changed, text, file);
  writeFileSync(name, changed);
}

test('comments, white space, quotes and types change no digest, constants those they belong to', () => {
  const ofThisBuild = readFileSync(path.join(PACKAGE_ROOT, 'dist/identity.json'), 'utf8');
  const first: Identity = JSON.parse(ofThisBuild);

  for (const file of ['workers/kernel/machine.ts', 'corpus/breeding/mutate.ts']) {
    edit(file, (text) => {
      const reworded = text.replace(/^\/\*\*/, '/** Reworded. /*! @license */\n/**');
      return `${reworded.replaceAll('\n', '\n\n  ').replaceAll("'", '"')}\n// The end.\n`;
    });
  }
  edit('workers/service/worker.ts', (text) => `${text}\nexport const PLANTED = 1;\n`);
  edit('workers/kernel/path.ts', (text) => `${text}\nexport type Renamed = string;\n`);
  assert.deepEqual(identityOfCopy(), first);

  edit('corpus/breeding/weights.ts', (text) => text.replace(/, \d+\]/, ', 77]'));
  const bred = identityOfCopy();
  assert.equal(bred.engine, first.engine);
  assert.notEqual(bred.build, first.build);

  edit('corpus/vocabulary/limits.ts', (text) => text.replace('BLOCKS = 24', 'BLOCKS = 23'));
  const judged = identityOfCopy();
  assert.notEqual(judged.engine, bred.engine);
  assert.notEqual(judged.build, bred.build);
});

const { files: imports } = importsOf(PACKAGE_ROOT);

/** A module and all that it imports, types too. */
function closureOf(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const imported of imports.get(file) ?? assert.fail(file)) closureOf(imported, seen);
  return seen;
}

for (const [name, { roots, rooms, apart }] of Object.entries(DIGESTS)) {
  test(`what ${roots.join(' and ')} import is part of the ${name} digest, or left out by name`, () => {
    const known = [...rooms, ...apart];
    const strange = roots
      .flatMap((root) => [...closureOf(root)])
      .filter((file) => !known.some((prefix) => file.startsWith(prefix)));
    assert.deepEqual(strange, []);
  });

  test(`every row of the ${name} digest is of use`, () => {
    const files = [...imports.keys()];
    const closure = roots.flatMap((root) => [...closureOf(root)]);
    for (const row of rooms)
      assert.ok(
        files.some((file) => file.startsWith(row)),
        row,
      );
    for (const row of apart) {
      const isImported = closure.some((file) => file.startsWith(row));
      const isWithin = rooms.some((room) => row.startsWith(room));
      assert.ok(isImported || (isWithin && files.some((file) => file.startsWith(row))), row);
    }
  });
}
