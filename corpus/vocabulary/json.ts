/**
 * Canonical JSON: one text for one value. Keys in order, no blanks, whole numbers only, and nothing
 * but ASCII, so that a text survives a mail and cannot disguise itself on a screen.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from './assert.ts';
import { JSON_DEPTH_MAX, JSON_PARTS_MAX, TEXT_BYTES_MAX } from './limits.ts';
import { printable } from './printable.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Keys that reach a prototype where a value is copied carelessly; no value of ours has them. */
const KEYS_REFUSED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The one text of a value of ours; a value without one is our own mistake. */
export function canonicalJson(value: unknown): string {
  const problem = jsonProblem(value);
  assert(problem === null, 'not canonical JSON', problem);
  return written(value as Json);
}

export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/**
 * A value from outside, in canonical form or in any other; undefined if it is too large, not JSON,
 * or has no canonical form. Of a repeated key JSON keeps the last: who must know compares with
 * `canonicalJson`.
 */
export function readJson(text: string): Json | undefined {
  if (text.length > TEXT_BYTES_MAX || !isBounded(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return jsonProblem(value) === null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

export const NOT_JSON = 'it is not JSON';

/** Why `readJson` does not read it, or null. */
export function whyNotRead(text: string): string | null {
  if (text.length > TEXT_BYTES_MAX) return `it has more than ${TEXT_BYTES_MAX} characters`;
  if (!isBounded(text)) {
    return `it has more than ${JSON_DEPTH_MAX} levels, or more than ${JSON_PARTS_MAX} parts`;
  }
  try {
    return jsonProblem(JSON.parse(text));
  } catch {
    return NOT_JSON;
  }
}

/**
 * Whether it has few enough levels and parts; asked before parsing, which spends memory on each of
 * them.
 */
function isBounded(text: string): boolean {
  let depth = 0;
  let parts = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') inString = !inString;
    else if (inString && character === '\\') i += 1;
    else if (!inString && (character === ']' || character === '}')) depth -= 1;
    else if (!inString && character === ',') parts += 1;
    else if (!inString && (character === '[' || character === '{')) {
      depth += 1;
      parts += 1;
    }
    if (depth > JSON_DEPTH_MAX || parts > JSON_PARTS_MAX) return false;
  }
  return true;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why a value has no canonical JSON, or null. */
export function jsonProblem(value: unknown, depth = 0): string | null {
  if (depth > JSON_DEPTH_MAX) return `nested deeper than ${JSON_DEPTH_MAX}`;
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return null;
    case 'number':
      return isWhole(value) ? null : `${value} is not a whole number`;
    case 'object':
      return value === null ? null : partsProblem(value, depth + 1);
    default:
      return `${typeof value} is not data`;
  }
}

export function isKeyRefused(key: string): boolean {
  return KEYS_REFUSED.has(key);
}

export function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function partsProblem(value: object, depth: number): string | null {
  if (Array.isArray(value)) return listProblem(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'an instance is not data';
  if (Object.getOwnPropertySymbols(value).length > 0) return 'a symbol is not data';
  for (const [key, part] of Object.entries(value)) {
    if (isKeyRefused(key)) return `the key "${printable(key)}" is refused`;
    const problem = jsonProblem(part, depth);
    if (problem !== null) return problem;
  }
  return null;
}

/** By index: the holes of a sparse list must be met, and refused. */
function listProblem(list: readonly unknown[], depth: number): string | null {
  for (let i = 0; i < list.length; i++) {
    const problem = jsonProblem(list[i], depth);
    if (problem !== null) return problem;
  }
  return null;
}

function written(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isList(value)) return `[${value.map(written).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${quoted(key)}:${written(value[key] ?? null)}`).join(',')}}`;
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escapedUnit);
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
