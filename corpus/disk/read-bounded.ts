/** Reading what others may have written: never more than the bound, whatever a file says of itself. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { fail } from '../vocabulary/errors.ts';
import { TEXT_BYTES_MAX } from '../vocabulary/limits.ts';
import { isSystemError, whyOf } from './atomic.ts';

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const STORED = constants.O_RDONLY | constants.O_NONBLOCK | NO_FOLLOW;

/** A file that the user named: links and pipes are theirs to use. */
export function readNamed(file: string): string {
  return read(file, constants.O_RDONLY, TEXT_BYTES_MAX);
}

/** A file of a store of ours, where a link, or a pipe that never ends, is somebody's trick. */
export function readStored(file: string, bytesMax: number = TEXT_BYTES_MAX): string {
  return read(file, STORED, bytesMax);
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

function read(file: string, flags: number, bytesMax: number): string {
  return opened(file, flags, (descriptor) => readAll(descriptor, file, bytesMax));
}

function opened(file: string, flags: number, act: (descriptor: number) => string): string {
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

function readAll(descriptor: number, file: string, bytesMax: number): string {
  const parts: Buffer[] = [];
  for (let size = 0; size <= bytesMax; ) {
    const part = Buffer.alloc(1 << 16);
    const length = readSync(descriptor, part);
    if (length === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(part.subarray(0, length));
    size += length;
  }
  throw tooLarge(file, bytesMax);
}
