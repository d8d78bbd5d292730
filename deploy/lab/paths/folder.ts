/** Traces in a folder, `FILE-SYSTEM/OPERATION-STATE.txt`: one event a line behind a head, or the name of one with the same. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { FILE_SYSTEMS, type FileSystemName } from '../file-systems.ts';
import type { Traced } from './compare.ts';
import { HUGE } from './huge.ts';
import { TraceTexts } from './notation.ts';
import { type Played, playedOn } from './operations.ts';
import type { Recorded } from './record.ts';

const SUFFIX = '.txt';
const SAME = /^same events as (?<other>\S+)$/;

/** All that is recorded on it. */
export function everyPlayed(fileSystem: FileSystemName): readonly Played[] {
  const { canShare } = FILE_SYSTEMS[fileSystem];
  return canShare ? playedOn(true) : [...playedOn(false), ...HUGE];
}

export function nameOf([operation, state]: Played): string {
  return `${operation}-${state}`;
}

/** @throws Refusal USAGE if there is none, or one that no operation is named by */
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
    return { played, events: eventsIn(home, name) };
  });
}

function eventsIn(home: string, name: string): readonly string[] {
  const [, ...lines] = readFileSync(path.join(home, `${name}${SUFFIX}`), 'utf8').split('\n');
  const events = lines.filter((line) => line.trim() !== '');
  const other = SAME.exec(events[0] ?? '')?.groups?.other;
  return other === undefined ? events : eventsIn(home, other);
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
