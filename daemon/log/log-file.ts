/**
 * The two files of a log, to the byte: records, one to a line, and a state between them. Both carry a checksum
 * over their number and text, so that what is read is what was written, or is named as damaged.
 */
import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';

/** Faultline writes no longer record: a report has 8 MiB at most, and a record adds little to it. */
export const LINE_BYTES_MAX = 16 << 20;
/** Half of what Node can hold in one text, so that reading it never fails for its size. */
const STATE_BYTES_MAX = 256 << 20;

/** Read at once; large enough that system calls do not count. */
const CHUNK_BYTES = 1 << 20;
/** 64 of the 256 bits: damage is chance, not an enemy. */
const SUM_DIGITS = 16;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

export interface Numbered {
  readonly seq: number;
  readonly value: Json;
}

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Valid until the next line is asked for; undefined if it is too long. */
  readonly bytes: Buffer | undefined;
  /** Whether a newline ended it; if not, it is the last. */
  readonly isEnded: boolean;
  /** Bytes of the file up to here. */
  readonly end: number;
}

/** `<16 hex of SHA-256 over "seq json"> <seq> <json>\n`. */
export function printRecord(seq: number, value: Json): string {
  const body = `${seq} ${JSON.stringify(value)}`;
  const line = `${sumOf(body)} ${body}\n`;
  const bytes = Buffer.byteLength(line);
  assert(bytes <= LINE_BYTES_MAX, 'a record of so many bytes', bytes);
  return line;
}

/** The same in two lines, `<16 hex> <seq>\n<json>\n`. */
export function printState(seq: number, value: Json): string {
  const json = JSON.stringify(value);
  const text = `${sumOf(`${seq} ${json}`)} ${seq}\n${json}\n`;
  const bytes = Buffer.byteLength(text);
  assert(bytes <= STATE_BYTES_MAX, 'a state of so many bytes', bytes);
  return text;
}

function sumOf(body: string | Buffer): string {
  return hash('sha256', body, 'hex').slice(0, SUM_DIGITS);
}

/** A line without its newline; or why it is no record. */
export function readRow(line: Buffer): Numbered | string {
  const body = line.subarray(SUM_DIGITS + 1);
  const sum = line.toString('latin1', 0, SUM_DIGITS);
  if (line[SUM_DIGITS] !== SPACE || sum !== sumOf(body)) return 'the checksum does not hold';
  const blank = body.indexOf(SPACE);
  const seq = Number(body.toString('latin1', 0, blank));
  if (blank < 0 || !Number.isSafeInteger(seq) || seq < 0) return 'it has no number';
  try {
    return { seq, value: JSON.parse(body.toString('utf8', blank + 1)) as Json };
  } catch {
    return 'it is not JSON';
  }
}

/**
 * Whether bytes after the last newline can be the beginning of a record that a crash cut short: JSON has no
 * control characters, and a whole record with one byte more lost its newline to something else.
 */
export function isTorn(tail: Buffer): boolean {
  const beginning = /^(?:[0-9a-f]{0,16}|[0-9a-f]{16} (?:\d+(?: .*)?)?)$/s;
  if (tail.some((byte) => byte < SPACE) || !beginning.test(tail.toString('latin1'))) return false;
  return typeof readRow(tail.subarray(0, -1)) === 'string';
}

/** Never more of the file at once than a chunk and the line. */
export function* linesOf(descriptor: number): Generator<Line, void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const begun = new Begun();
  let number = 1;
  let offset = 0;
  for (;;) {
    const length = readSync(descriptor, chunk);
    if (length === 0) break;
    const read = chunk.subarray(0, length);
    let from = 0;
    for (let to = read.indexOf(NEWLINE); to >= 0; to = read.indexOf(NEWLINE, from)) {
      const bytes = begun.endedBy(read.subarray(from, to));
      from = to + 1;
      yield { number, bytes, isEnded: true, end: offset + from };
      number += 1;
    }
    // The chunk is used again.
    begun.add(Buffer.from(read.subarray(from)));
    offset += length;
  }
  if (begun.size > 0) {
    yield { number, bytes: begun.endedBy(Buffer.alloc(0)), isEnded: false, end: offset };
  }
}

/** A line of which only a beginning is known. */
class Begun {
  size = 0;
  private parts: Buffer[] = [];

  add(part: Buffer): void {
    this.size += part.length;
    if (this.size > LINE_BYTES_MAX) this.parts = [];
    else if (part.length > 0) this.parts.push(part);
  }

  endedBy(part: Buffer): Buffer | undefined {
    const isTooLong = this.size + part.length > LINE_BYTES_MAX;
    const bytes = this.parts.length === 0 ? part : Buffer.concat([...this.parts, part]);
    this.parts = [];
    this.size = 0;
    return isTooLong ? undefined : bytes;
  }
}

/** A stored state; or why it is none. */
export function readState(file: string): Numbered | string {
  return withStored(file, (descriptor, size) => {
    if (size > STATE_BYTES_MAX) return `it is larger than ${STATE_BYTES_MAX} bytes`;
    const bytes = readFileSync(descriptor);
    const first = bytes.indexOf(NEWLINE);
    if (first < 0 || bytes.at(-1) !== NEWLINE) return 'it is cut short';
    bytes[first] = SPACE;
    return readRow(bytes.subarray(0, -1));
  });
}

/** Reads a plain file, no link and no pipe; what cannot be read is said, not thrown. */
export function withStored<T>(
  file: string,
  read: (descriptor: number, size: number) => T,
): T | string {
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | NO_FOLLOW;
    const descriptor = openSync(file, flags);
    try {
      const stat = fstatSync(descriptor);
      return stat.isFile() ? read(descriptor, stat.size) : 'it is not a file';
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (isSystemError(error)) return whyOf(error);
    throw error;
  }
}
