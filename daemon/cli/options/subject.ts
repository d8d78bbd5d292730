/**
 * What FILE, DIR and ID mean on a command line: an input or a repro, as text or as JSON, from a file, a finding's
 * folder, a finding in the data directory, or stdin.
 */
import { lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import { readNamed, tooLarge, utf8Of } from '../../../corpus/disk/read-bounded.ts';
import { FindingStore, REPRO_FILE } from '../../../corpus/store/finding-store.ts';
import { type Aside, NOTE_FILE, readAside } from '../../../corpus/store/set-aside.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { ID_PREFIX_MIN, isIdOf, shownId } from '../../../corpus/vocabulary/finding.ts';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { inputFromJson, pathOf } from '../../../corpus/vocabulary/input-json.ts';
import { openJson } from '../../../corpus/vocabulary/json-text.ts';
import { TEXT_BYTES_MAX } from '../../../corpus/vocabulary/limits.ts';
import { printable, printableFile } from '../../../corpus/vocabulary/printable.ts';
import { parseRepro, type Repro } from '../../../corpus/vocabulary/repro.ts';
import { isReproJson, reproFromJson } from '../../../corpus/vocabulary/repro-json.ts';
import type { Spot } from '../../../corpus/vocabulary/spots.ts';
import { parseWrittenInput } from '../../../corpus/vocabulary/text.ts';
import { nextLine, openText, peek, takeIf } from '../../../corpus/vocabulary/text-lexer.ts';
import { findSlips, type Place } from '../../../corpus/vocabulary/validate.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import { isModelText } from '../../../workers/model/read.ts';
import { modelOf } from '../../../workers/models/registry.ts';
import { Engine } from '../../../workers/run/engine.ts';
import { isColumns, readColumns } from '../../../workers/views/read-columns.ts';
import { commandOn, quoted } from '../output/render-finding.ts';
import { input } from '../output/terminal.ts';
import { checkFits } from './fitting.ts';

export interface Subject {
  /** As the user may call it: a file's name, `stdin`. */
  readonly name: string;
  readonly input: Input;
  /** Null for a plain input. */
  readonly repro: Repro | null;
  /** The finding's folder, where it has one: what else is kept lies there. */
  readonly folder: string | null;
  /** Of a drawing, which names its model. */
  readonly model: Model | null;
  /** Where the parts of a plain input stand in its text. */
  readonly spotOf: ((place: Place) => Spot) | null;
}

export const SUBJECT_TEXT =
  'an input or a repro (text or JSON), a drawing in columns, the folder or id of a finding, or -';

export const STDIN = '-';

export async function readSubject(argument: string, dataDir: string): Promise<Subject> {
  if (argument === STDIN) return parseSubject(await readStdin(), 'stdin', null);
  const there = statSync(argument, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) return subjectOfFolder(argument);
  if (there !== undefined) return parseSubject(readNamed(argument), argument, null);
  if (isId(argument)) return subjectOfId(argument, dataDir);
  const why = 'there is no such file, and it is not the id of a finding';
  throw fail('FILE_UNREADABLE', { file: argument, why });
}

export function parseSubject(text: string, name: string, folder: string | null): Subject {
  if (text.trimStart().startsWith('{')) return subjectOfJson(text, name, folder);
  if (isModelText(text)) throw fail('INPUT_SYNTAX', { file: printableFile(name), ...A_MODEL });
  if (isColumns(text)) return subjectOfColumns(text, name);
  if (!isReproText(text, name)) {
    return { name, ...parseWrittenInput(text, name), repro: null, folder, model: null };
  }
  const repro = parseRepro(text, name);
  return { name, input: repro.input, repro, folder, model: null, spotOf: null };
}

const A_MODEL = {
  line: 1,
  column: 1,
  expected: 'an input or a repro',
  found: 'a model: name it with --model',
};

/** A drawing says who ran at each step; its model makes a schedule of that. */
function subjectOfColumns(text: string, name: string): Subject {
  const read = readColumns(text, name);
  if ('expected' in read) throw fail('INPUT_SYNTAX', { file: name, column: 1, ...read });
  const model = modelOf(read.model);
  const bare = { ...read.workload, schedule: { first: 0, switches: [] } };
  checkFits({ name, input: bare, spotOf: null }, model, undefined);
  const engine = new Engine(model);
  engine.load(read.workload);
  const { schedule } = engine.traceChoices(read.choices);
  const input = { ...read.workload, schedule };
  return { name, input, repro: null, folder: null, model, spotOf: null };
}

function subjectOfJson(text: string, name: string, folder: string | null): Subject {
  const { value, spotOf } = openJson(text, name, 'INPUT_INVALID');
  if (!isReproJson(value)) {
    const input = inputFromJson(value, name, { spotOf, base: [] }, findSlips);
    const where = (place: Place): Spot => spotOf(pathOf(place));
    return { name, input, repro: null, folder, model: null, spotOf: where };
  }
  const repro = reproFromJson(value, name, spotOf);
  return { name, input: repro.input, repro, folder, model: null, spotOf: null };
}

function isReproText(text: string, name: string): boolean {
  const cursor = openText(text, name);
  return nextLine(cursor) && takeIf(cursor, 'faultline') && peek(cursor) === 'repro';
}

function isId(argument: string): boolean {
  return /^[0-9a-f]+$/.test(argument) && argument.length >= ID_PREFIX_MIN && argument.length <= 64;
}

/** @throws Refusal where it is the id of none, or begins those of several */
export function findingIdOf(prefix: string, dataDir: string): string {
  if (!isId(prefix))
    throw fail('USAGE', { what: `"${printable(prefix)}" is not the id of a finding` });
  const store = new FindingStore(dataDir);
  const [id, another] = store.idsOf(prefix);
  if (id === undefined) {
    const [aside] = readAside(dataDir, prefix);
    if (aside !== undefined) throw setAsideRefusal(prefix, aside);
    const what = `no finding ${prefix} in ${dataDir}`;
    throw fail('NOTHING_FOUND', {
      what,
      remedy: `\`${commandOn('findings', dataDir)}\` lists what there is`,
    });
  }
  if (another !== undefined) {
    throw fail('USAGE', { what: `${prefix} begins the ids of several findings; give more of it` });
  }
  return id;
}

function subjectOfId(prefix: string, dataDir: string): Subject {
  const id = findingIdOf(prefix, dataDir);
  const store = new FindingStore(dataDir);
  const subject = subjectOfFolder(store.folderOf(id));
  if (subject.repro === null || !isIdOf(id, subject.repro.signature)) {
    const why = `it is not the repro of finding ${shownId(id)}`;
    throw fail('FILE_UNREADABLE', { file: subject.name, why });
  }
  return subject;
}

/** It is there to look at, but its id no longer names a finding that this build shows. */
function setAsideRefusal(prefix: string, { folder, note }: Aside): Error {
  const how = note === null ? 'set aside' : note.outcome;
  const by = note?.by.map(shownId).join(', ') ?? '';
  const what = `finding ${prefix} was ${how}${by === '' ? '' : ` by ${by}`}: it lies in ${folder}`;
  return fail('NOTHING_FOUND', {
    what,
    remedy: `\`faultline show ${quoted(folder)}\` shows it; ${NOTE_FILE} there says why`,
  });
}

function subjectOfFolder(folder: string): Subject {
  const file = path.join(folder, REPRO_FILE);
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw fail('FILE_UNREADABLE', {
      file: folder,
      why: `there is no ${REPRO_FILE} in this folder`,
    });
  }
  return parseSubject(readNamed(file), file, folder);
}

async function readStdin(): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of input()) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > TEXT_BYTES_MAX) throw tooLarge('stdin');
    parts.push(bytes);
  }
  return utf8Of(Buffer.concat(parts), 'stdin');
}
