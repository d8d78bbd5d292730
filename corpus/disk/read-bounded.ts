/** Reading what others may have written: never more than the bound, whatever a file says of itself. */
import { isUtf8 } from 'node:buffer';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { fail } from '../vocabulary/errors.ts';
import { TEXT_BYTES_MAX } from '../vocabulary/limits.ts';
import { printable, printableFile } from '../vocabulary/printable.ts';
import { isSystemError, whyOf } from './atomic.ts';

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const STORED = constants.O_RDONLY | constants.O_NONBLOCK | NO_FOLLOW;

const READ_BY_ALL = 0o004;
const ENTERED_BY_ALL = 0o001;
const UNCHECKED_VARIABLE = 'FAULTLINE_SECRET_FILES';
const UNCHECKED = 'unchecked';
const MODE_SHOWN = 0o777;
/** Of a token, an address, a key in PEM. */
const SECRET_BYTES_MAX = 1 << 16;

/** Used again for each read: files are small and many, and clearing one for each took as long as reading it. */
const CHUNK = Buffer.alloc(1 << 16);

/** What stands for bytes that are no character. */
const REPLACEMENT = '\uFFFD';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** A file that the user named: links and pipes are theirs to use. */
export function readNamed(file: string): string {
  return utf8Of(read(file, constants.O_RDONLY, TEXT_BYTES_MAX), file);
}

/**
 * What is secret, without the line's end. Root reads every file, so what says who may is its mode, and that of its folder. In
 * a container that has no other users, secrets may be mounted with any mode: UNCHECKED_VARIABLE says so.
 *
 * @throws Refusal SECRET_EXPOSED for a file that every user can read
 */
export function readSecret(file: string): string {
  const isChecked = !areUnchecked();
  const bytes = opened(file, constants.O_RDONLY, (descriptor) => {
    // First, since it refuses a directory, whose mode says something else.
    const all = readAll(descriptor, file, SECRET_BYTES_MAX);
    const { mode } = fstatSync(descriptor);
    if (isChecked && (mode & READ_BY_ALL) !== 0 && isReached(file)) {
      throw fail('SECRET_EXPOSED', { file, mode: (mode & MODE_SHOWN).toString(8) });
    }
    return all;
  });
  return utf8Of(bytes, file).trim();
}

function areUnchecked(): boolean {
  const said = process.env[UNCHECKED_VARIABLE] ?? '';
  if (said === '' || said === UNCHECKED) return said !== '';
  const what = `${UNCHECKED_VARIABLE} is "${printable(said)}": write ${UNCHECKED}, or leave it out`;
  throw fail('USAGE', { what });
}

/** Whether every user may enter its folder. */
function isReached(file: string): boolean {
  return (statSync(path.dirname(realpathSync(file))).mode & ENTERED_BY_ALL) !== 0;
}

/** @throws Refusal TEXT_ENCODING at the first byte that is no UTF-8 */
export function utf8Of(bytes: Buffer, file: string): string {
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) return text;
  const { index, offset } = replacedIn(text, bytes);
  const lines = text.slice(0, index).split('\n');
  const [line, column] = [lines.length, (lines.at(-1) ?? '').length + 1];
  const byte = bytes.toString('hex', offset, offset + 1);
  throw fail('TEXT_ENCODING', { file: printableFile(file), line, column, offset, byte });
}

/** Where the first replacement character stands that the bytes themselves do not have. */
function replacedIn(
  text: string,
  bytes: Buffer,
): { readonly index: number; readonly offset: number } {
  let offset = 0;
  for (let from = 0; ; from += 1) {
    const index = text.indexOf(REPLACEMENT, from);
    offset += Buffer.byteLength(text.slice(from, index));
    const { length } = REPLACEMENT_BYTES;
    if (!bytes.subarray(offset, offset + length).equals(REPLACEMENT_BYTES))
      return { index, offset };
    offset += length;
    from = index;
  }
}

/** A file of a store of ours, where a link, or a pipe that never ends, is somebody's trick. */
export function readStored(file: string, bytesMax: number = TEXT_BYTES_MAX): string {
  return read(file, STORED, bytesMax).toString('utf8');
}

/** The first bytes of such a file. */
export function readStart(file: string, bytes: number): string {
  return opened(file, STORED, (descriptor) => {
    const start = Buffer.alloc(bytes);
    return start.toString('utf8', 0, readSync(descriptor, start));
  });
}

export function tooLarge(file: string, bytesMax: number = TEXT_BYTES_MAX): Error {
  return fail('FILE_UNREADABLE', { file, why: `it is larger than ${bytesMax} bytes` });
}

function read(file: string, flags: number, bytesMax: number): Buffer {
  return opened(file, flags, (descriptor) => readAll(descriptor, file, bytesMax));
}

function opened<T>(file: string, flags: number, act: (descriptor: number) => T): T {
  try {
    const descriptor = openSync(file, flags);
    try {
      return act(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw isSystemError(error) ? fail('FILE_UNREADABLE', { file, why: whyOf(error) }) : error;
  }
}

function readAll(descriptor: number, file: string, bytesMax: number): Buffer {
  const parts: Buffer[] = [];
  for (let size = 0; size <= bytesMax; ) {
    const length = readSync(descriptor, CHUNK);
    if (length === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(CHUNK.subarray(0, length)));
    size += length;
  }
  throw tooLarge(file, bytesMax);
}
