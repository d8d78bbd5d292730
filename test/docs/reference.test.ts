/** The tables of `dashboards/docs/reference.md` are made from the code; UPDATE_GOLDEN=1 writes them anew. */
import path from 'node:path';
import { test } from 'node:test';
import { CATALOGUE } from '../../corpus/vocabulary/catalogue.ts';
import { ERRORS } from '../../corpus/vocabulary/errors.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { faultlineHere } from '../cli/faultline.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { assertTables, table } from '../support/tables.ts';

const DOCS = path.join(PACKAGE_ROOT, 'dashboards/docs');
/** A verb of the help, with what it says over the lines that follow. */
const VERB = /^ {2}(?<verb>[a-z]+) \[options\](?<args>.*?) {2,}(?<says>.*(?:\n {20,}.*)*)$/gm;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function verbTable(help: string): string {
  const rows = [...help.matchAll(VERB)].map(({ groups }) => [
    `\`${groups?.verb}${groups?.args ?? ''}\``,
    cell((groups?.says ?? '').replaceAll(/\s+/g, ' ')),
  ]);
  return table(['verb', 'does'], rows);
}

function modelTable(): string {
  const rows = MODEL_NAMES.map((name) => {
    const { title, expect } = modelOf(name);
    return [`\`${name}\``, cell(title), (expect?.find ?? []).join(' ') || 'nothing'];
  });
  return table(['model', 'is', 'is expected to show'], rows);
}

function classTable(): string {
  const classes = Object.entries(VIOLATION_CLASSES).sort(([, a], [, b]) => a.rank - b.rank);
  const rows = classes.map(([id, { oracle, title }]) => [`\`${id}\``, title, oracle]);
  return table(['class', 'is', 'judged by'], rows);
}

function rowTable(): string {
  const rows = CATALOGUE.map(({ id, title, class: symptom, source }) =>
    [id, title, `\`${symptom}\``, source].map(cell),
  );
  return table(['row', 'what goes wrong', 'class', 'reported or repaired in'], rows);
}

function refusalTable(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, message }]) => [
    `\`${code}\``,
    String(exit),
    `\`${cell(message).replaceAll('`', "'")}\``,
  ]);
  return table(['code', 'exit', 'says'], rows);
}

test('the reference lists what there is', async () => {
  const { stdout } = await faultlineHere(['--help'], PACKAGE_ROOT);
  const made = {
    verbs: () => verbTable(stdout),
    models: modelTable,
    classes: classTable,
    rows: rowTable,
    refusals: refusalTable,
  };
  assertTables(DOCS, made, 'reference.md');
});
