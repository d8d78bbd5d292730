/** What names and texts of a model may be. */
import { invalid, type JsonPart } from '../../corpus/vocabulary/json-parts.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

/** A paragraph: a comment, or where a path was read. */
export const PROSE_LENGTH_MAX = 1000;
/** Models, toggles and their values: they make references, file names and words of a command line. */
export const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/;
/** Paths, blocks, labels and locks: they make labels of steps. */
export const WORD = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;

export function checkName(part: JsonPart | null, pattern: RegExp): void {
  if (part === null) return;
  if (typeof part.value !== 'string') invalid(part, 'is not a string');
  else if (!pattern.test(part.value)) {
    invalid(part, `"${printable(part.value)}" does not fit ${pattern.source}`);
  }
}

export function checkProse(part: JsonPart | null, lengthMax: number): void {
  if (part === null) return;
  const { value } = part;
  if (typeof value !== 'string') invalid(part, 'is not a string');
  else if (value.length > lengthMax) {
    invalid(part, `${value.length} characters, at most ${lengthMax}`);
  } else if (printable(value, lengthMax) !== value) {
    invalid(part, 'has a character that cannot be printed');
  }
}

export function checkUnique(parts: readonly JsonPart[]): void {
  const seen = new Set<unknown>();
  for (const part of parts) {
    if (seen.has(part.value)) invalid(part, `"${printable(String(part.value))}" is there twice`);
    seen.add(part.value);
  }
}
