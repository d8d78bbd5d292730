/** `findings export` and `findings import`: a data directory's findings as one stream, and back. */
import { createReadStream, statSync } from 'node:fs';
import path from 'node:path';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { isSystemError, whyOf, writeAtomically } from '../../corpus/disk/atomic.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Marks } from '../../corpus/store/marks.ts';
import { survey } from '../../corpus/store/survey.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { printableFile } from '../../corpus/vocabulary/printable.ts';
import {
  endLine,
  type Imported,
  importFindings,
  lineOf,
  type RefusedLine,
} from '../pull/findings-stream.ts';
import { engineDigest } from './identity.ts';
import {
  existingDataDir,
  progress,
  type Settings,
  settingsOf,
  withCommonOptions,
} from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, input, note, say, sayDocument } from './output/terminal.ts';
import { isModelDigestRight } from './pull.ts';

const STREAM = '-';
const WRITES_ONE = '`faultline findings export FILE` writes a stream that can be read';
const NDJSON = 'the stream, a line of JSON each';

export function exportCommand(): CommandUnknownOpts {
  const command = new Command('export')
    .description('write all findings, with their marks, as one stream')
    .argument('<file>', `${NDJSON}; ${STREAM}: stdout`)
    .action((file, _, self) => {
      const settings = settingsBehind(self);
      if (file === STREAM && settings.isJson) {
        throw fail('USAGE', { what: '--json is one document and - is the stream; give one' });
      }
      endWith(exportTo(file, settings));
    });
  return withCommonOptions(command);
}

export function importCommand(): CommandUnknownOpts {
  const command = new Command('import')
    .description('take the findings of such a stream: what is new or better, each one checked')
    .argument('<file>', `${NDJSON}; ${STREAM}: stdin`)
    .action(async (file, _, self) => {
      const settings = settingsBehind(self);
      const source = file === STREAM ? input() : createReadStream(file);
      const options = { dest: settings.dataDir, engine: engineDigest(), isModelDigestRight };
      try {
        endWith(sayImported(await importFindings(source, options), file, settings));
      } catch (error) {
        if (!isSystemError(error)) throw error;
        throw fail('FILE_UNREADABLE', { file: printableFile(file), why: whyOf(error) });
      }
    });
  return withCommonOptions(command);
}

/** An option before the word would be one of the list that `findings` prints. */
function settingsBehind(self: CommandUnknownOpts): Settings {
  const list = self.parent;
  const before = list?.options.find((one) => {
    return list.getOptionValueSource(one.attributeName()) === 'cli';
  });
  if (before === undefined) return settingsOf(self);
  throw fail('USAGE', { what: `${before.long} stands before ${self.name()}: type it behind` });
}

/** The same findings are the same bytes. */
function exportTo(file: string, settings: Settings): number {
  const { isJson } = settings;
  const dataDir = existingDataDir(settings);
  const { findings, unreadable } = survey(new FindingStore(dataDir));
  const marks = new Marks(dataDir).all();
  const lines = findings.map(({ record }) => lineOf(record, marks.get(record.finding.id) ?? null));
  const stream = [...lines, endLine(lines.length)];
  if (file === STREAM) for (const line of stream) say(line);
  else {
    if (lines.length === 0) requireNothingIn(file, dataDir);
    write(file, stream);
  }
  for (const { folder, why } of unreadable) note(`faultline: cannot read ${folder}: ${why}`);
  const left = unreadable.length === 0 ? '' : `; ${counted(unreadable.length, 'folder')} left out`;
  const text = `${counted(lines.length, 'finding')} of ${dataDir}${left}`;
  if (isJson) sayDocument({ file, findings: lines.length, unreadable });
  else if (file === STREAM) progress(settings, text);
  else say(`${text} in ${file}`);
  return unreadable.length === 0 ? EXIT.done : EXIT.environment;
}

/** Of a backup in whose place nothing would come, the directory is likely another one than that of before. */
function requireNothingIn(file: string, dataDir: string): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const what = `${printableFile(dataDir)} has no finding, and ${printableFile(file)} is not empty: it stays`;
  const remedy = 'name the right data directory with --data-dir DIR, or another file';
  throw fail('NOTHING_FOUND', { what, remedy });
}

/** Whole or not at all: a backup that was cut short is none. */
function write(file: string, lines: readonly string[]): void {
  const text = lines.map((line) => `${line}\n`).join('');
  try {
    writeAtomically(path.dirname(file), path.basename(file), text);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'DATA_DIR') throw error;
    const what = `cannot write ${printableFile(file)}: ${error.facts.why}`;
    throw fail('ENVIRONMENT', { what, remedy: 'name another file' });
  }
}

interface Run extends Pick<RefusedLine, 'id' | 'why'> {
  readonly from: number;
  readonly to: number;
}

/** Lines that follow one another and are refused alike are one: those of a file that is no stream at all are many. */
function runsOf(refused: readonly RefusedLine[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { line, id, why } of refused) {
    const last = runs.at(-1);
    const isNext = last?.to === line - 1 && last.id === id && last.why === why;
    if (isNext) runs[runs.length - 1] = { ...last, to: line };
    else runs.push({ from: line, to: line, id, why });
  }
  return runs;
}

function sayImported(imported: Imported, file: string, settings: Settings): number {
  const { added, replaced, kept, marks, refused, isEmpty, isWhole, isCut } = imported;
  const name = file === STREAM ? 'stdin' : file;
  for (const { from, to, id, why } of runsOf(refused)) {
    const lines = from === to ? from : `${from}-${to}`;
    note(`faultline: ${name}:${lines}: refused${id === null ? '' : ` finding ${id}`}: ${why}`);
  }
  if (refused.length > 0) note(`hint: ${WRITES_ONE}`);
  if (isEmpty) {
    throw fail('NOTHING_FOUND', { what: `${name} has no finding`, remedy: WRITES_ONE });
  }
  if (isCut) {
    note(`faultline: ${name} ends before the line that counts its findings: the rest is missing`);
  }
  if (settings.isJson) {
    sayDocument({ file, new: added, replaced, kept, marks, refused, isWhole, isCut });
  } else {
    const counts = `${added.length} new, ${replaced.length} replaced, ${kept} kept, ${refused.length} refused`;
    const more = isWhole ? '' : `; the rest of ${name} was not read`;
    say(`${counts}, ${counted(marks, 'mark')} in ${settings.dataDir}${more}`);
  }
  return refused.length === 0 && !isCut ? EXIT.done : EXIT.usage;
}
