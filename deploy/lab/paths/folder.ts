/** Traces in a folder, `FILE-SYSTEM/OPERATION-STATE.txt`: one event a line behind a head, or the name of one with the same. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readNamed } from '../../../corpus/disk/read-bounded.ts';
import { fail, type Refusal } from '../../../corpus/vocabulary/errors.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import { FILE_SYSTEMS, type FileSystemName } from '../file-systems.ts';
import type { Traced } from './compare.ts';
import { HUGE } from './huge.ts';
import { isEvent, isHead, TraceTexts } from './notation.ts';
import { type Played, playedOn } from './operations.ts';
import type { Recorded } from './record.ts';

const SUFFIX = '.txt';
const SAME = /^same events as (?<first>[\w-]+)$/;
const LINE_LENGTH_MAX = 80;

/** All that is recorded on it. */
export function everyPlayed(fileSystem: FileSystemName): readonly Played[] {
  const { canShare } = FILE_SYSTEMS[fileSystem];
  return canShare ? playedOn(true) : [...playedOn(false), ...HUGE];
}

export function nameOf([operation, state]: Played): string {
  return `${operation}-${state}`;
}

/** @throws Refusal USAGE if there is none, for one that no operation is named by, and for a line that is none of a trace */
export function readTraces(folder: string, fileSystem: FileSystemName): readonly Traced[] {
  const home = path.join(folder, fileSystem);
  const files = existsSync(home) ? readdirSync(home).filter((name) => name.endsWith(SUFFIX)) : [];
  if (files.length === 0) throw fail('USAGE', { what: `there are no traces in ${home}` });
  const known = new Map(everyPlayed(fileSystem).map((played) => [nameOf(played), played]));
  return files.map((file) => {
    const name = file.slice(0, -SUFFIX.length);
    const played = known.get(name);
    if (played === undefined)
      throw fail('USAGE', { what: `${path.join(home, file)} is of no operation that is traced` });
    const events = eventsIn(home, name);
    return { played, events: typeof events === 'string' ? firstIn(home, name, events) : events };
  });
}

/** Of the trace that another one names: it has events of its own. */
function firstIn(home: string, name: string, first: string): readonly string[] {
  const isThere = existsSync(path.join(home, first + SUFFIX));
  const events = isThere ? eventsIn(home, first) : first;
  if (typeof events !== 'string') return events;
  const has = isThere ? `names another one itself, ${events}` : 'is not there';
  const what = `${path.join(home, name + SUFFIX)} has the events of ${first}, which ${has}`;
  throw fail('USAGE', { what });
}

/** What one file says: events, or the name of another trace that has the same. */
function eventsIn(home: string, name: string): readonly string[] | string {
  const file = path.join(home, name + SUFFIX);
  const [head = '', ...lines] = readNamed(file).replaceAll('\r', '').split('\n');
  if (!isHead(head)) throw unknown(file, 1, head, 'begins no trace: type `state: ...; result N`');
  const first = SAME.exec(lines[0] ?? '')?.groups?.first;
  const said = lines.map((line, i) => ({ line, number: i + 2 })).filter(({ line }) => line.trim());
  for (const { line, number } of said.slice(first === undefined ? 0 : 1)) {
    if (first !== undefined || !isEvent(line))
      throw unknown(file, number, line, 'is no event of a trace');
  }
  return first ?? said.map(({ line }) => line);
}

function unknown(file: string, line: number, text: string, why: string): Refusal {
  const shown = printable(text.trim(), LINE_LENGTH_MAX);
  return fail('USAGE', { what: `${file}:${line}: "${shown}" ${why}` });
}

/** One file a trace. */
export function writeTraces(
  folder: string,
  fileSystem: FileSystemName,
  traces: readonly Recorded[],
): void {
  const home = path.join(folder, fileSystem);
  mkdirSync(home, { recursive: true });
  const texts = new TraceTexts();
  for (const { played, trace } of traces) {
    const name = nameOf(played);
    writeFileSync(path.join(home, `${name}${SUFFIX}`), texts.textOf(name, trace));
  }
}
