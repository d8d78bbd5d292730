/** A finding for a person: what it is, how it goes, and the command that makes it happen again. */
import {
  type Finding,
  rowLabel,
  type StoredFinding,
  shownId,
} from '../../../corpus/vocabulary/finding.ts';
import { standingOf } from '../../../workers/reproduce/naming.ts';
import { dataDirByDefault } from '../options/settings.ts';

const PLAIN_WORD = /^[\w./:=,@%+-]+$/;

/** @param again the command that shows it once more, where that is not a replay of what is kept */
export function renderFinding(
  finding: Finding,
  columns: string,
  dataDir: string,
  again?: string,
): string {
  const also = finding.models.filter((model) => model !== finding.model);
  const on = also.length === 0 ? finding.model : `${finding.model} (also ${also.join(', ')})`;
  return [
    headOf(finding),
    `  id     ${shownId(finding.id)}`,
    `  model  ${on}`,
    `  size   ${sizeOf(finding)}`,
    ...finding.sites.map((site, i) => `  ${i === 0 ? 'locks' : '     '}  ${site}`),
    `  file   ${finding.file}`,
    '',
    columns.trimEnd(),
    '',
    `  show    ${verbOn('show', finding, dataDir)} --as text`,
    again === undefined ? `  replay  ${replayCommandOf(finding, dataDir)}` : `  again   ${again}`,
  ].join('\n');
}

/** What it is called; loud where a model says that it cannot be. */
export function headOf(finding: StoredFinding): string {
  const head = `${rowLabel(finding)}  ${finding.title}`;
  return standingOf(finding) === 'forbidden' ? `FORBIDDEN ${head}` : head;
}

export function replayCommandOf(finding: Finding, dataDir: string): string {
  return verbOn('replay', finding, dataDir);
}

export function sizeOf({ threads, operations, preemptions, runsToFirst }: Finding): string {
  const runs = runsToFirst === null ? [] : [`found in run ${runsToFirst}`];
  const parts = [
    counted(threads, 'thread'),
    counted(operations, 'operation'),
    counted(preemptions, 'preemption'),
  ];
  return [...parts, ...runs].join(', ');
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function verbOn(verb: string, { id }: Finding, dataDir: string): string {
  return commandOn(`${verb} ${shownId(id)}`, dataDir);
}

/** A command that works on what lies in this folder, as it is to be typed. */
export function commandOn(verb: string, dataDir: string): string {
  const where = dataDir === dataDirByDefault() ? '' : ` --data-dir ${quoted(dataDir)}`;
  return `faultline ${verb}${where}`;
}

/** As a shell takes it. */
export function quoted(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
