/** The tables of workers/README.md are made from the code; UPDATE_GOLDEN=1 writes them anew. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { LOCK_CLASSES } from '../../workers/kernel/locks.ts';
import { STEPS, TESTS } from '../../workers/kernel/step-registry.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { assertTables, table } from '../support/tables.ts';
import { TWINS } from './support/twins.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'workers');

/** What the compiler emits for a load or store: no model may name it. */
const NO_MODELS_STEPS: readonly string[] = ['access', 'enter'];

function oracleTable(): string {
  const rows = TWINS.map((row) => [
    row.oracle,
    `\`${row.symptom}\``,
    row.says,
    row.file,
    row.broken,
    row.sound,
  ]);
  return table(['', 'symptom', 'holds', 'in `oracles/`', 'broken twin', 'sound twin'], rows);
}

function stepTable(): string {
  const visible = [...STEPS.values()].filter(
    (def) => def.visible && !NO_MODELS_STEPS.includes(def.name),
  );
  const rows = visible.map((def) => [
    `\`${def.name}\`${def.takesLock ? ' of a lock' : ''}`,
    def.says.replace('{lock}', '…'),
    def.may.join(', '),
  ]);
  return table(['step', 'says', 'may touch'], rows);
}

function localTable(): string {
  const local = [...STEPS.values()].filter((def) => !def.visible);
  return table(
    ['local step', 'is'],
    local.map((def) => [`\`${def.name}\``, def.why]),
  );
}

function testTable(): string {
  return [...TESTS.values()].map((def) => `\`${def.name}\` (${def.says})`).join(' · ');
}

function lockTable(): string {
  return LOCK_CLASSES.map(({ id, letter }) => `\`${id}\` (${letter})`).join(' · ');
}

const MADE: Readonly<Record<string, () => string>> = {
  oracles: oracleTable,
  locks: lockTable,
  steps: stepTable,
  local: localTable,
  tests: testTable,
};

test('what the guide lists is what there is', () => assertTables(FOLDER, MADE));

test('every file that the guide names exists', () => {
  const text = readFileSync(path.join(FOLDER, 'README.md'), 'utf8');
  const named = [...text.matchAll(/`((?:\.\.\/)?[\w./-]+\.(?:ts|md))`/g)].map(
    (found) => found[1] ?? '',
  );
  const folders = ['', 'kernel', 'oracles', 'models', 'views', '..', '../test/workers'];
  const lost = named.filter(
    (name) => !folders.some((folder) => existsSync(path.join(FOLDER, folder, name))),
  );
  assert.deepEqual(lost, []);
});
