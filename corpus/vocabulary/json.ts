/**
 * Canonical JSON: one text for one value. Keys in order, no blanks, whole numbers only, and nothing
 * but ASCII, so that a text survives a mail and cannot disguise itself on a screen. And the JSON of
 * an input, derived from the same data as its text and read back strictly.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from './assert.ts';
import { canonicalInput } from './canonical.ts';
import type { Refusal } from './errors.ts';
import { fail } from './errors.ts';
import type { AreaSetup, FileSetup, Input, ProcessSetup, Switch, ThreadOps } from './input.ts';
import { PAGE_STATES } from './input.ts';
import { JSON_DEPTH_MAX, JSON_PARTS_MAX, TEXT_BYTES_MAX } from './limits.ts';
import type { AreaOffset, Op, OpKind, Sharing } from './ops.ts';
import { OP_KINDS } from './ops.ts';
import { printable } from './printable.ts';
import { findProblem, placeName } from './validate.ts';

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

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function partsProblem(value: object, depth: number): string | null {
  if (Array.isArray(value)) return listProblem(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'an instance is not data';
  if (Object.getOwnPropertySymbols(value).length > 0) return 'a symbol is not data';
  for (const [key, part] of Object.entries(value)) {
    if (KEYS_REFUSED.has(key)) return `the key "${printable(key)}" is refused`;
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

const FORMAT = 'faultline input';
const VERSION = 1;
const SHARINGS: readonly Sharing[] = ['shared', 'private'];

export interface InputJson extends Input {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
}

export function inputToJson(input: Input): InputJson {
  const { setup, threads, schedule } = canonicalInput(input);
  return { format: FORMAT, version: VERSION, setup, threads, schedule };
}

/**
 * Refuses an unknown or missing field. A value has no lines, so its place is in the words of the
 * refusal.
 */
export function inputFromJson(value: unknown, fileName = 'json'): Input {
  const root: Part = { file: printable(fileName), path: 'input', value };
  const field = fieldsOf(root, ['format', 'version', 'setup', 'threads', 'schedule']);
  choiceFrom(field('format'), [FORMAT]);
  checkVersion(field('version'));
  const setup = fieldsOf(field('setup'), ['files', 'processes']);
  const schedule = fieldsOf(field('schedule'), ['first', 'switches']);
  const input: Input = {
    setup: {
      files: listFrom(setup('files'), fileFrom),
      processes: listFrom(setup('processes'), processFrom),
    },
    threads: listFrom(field('threads'), threadFrom),
    schedule: {
      first: numberFrom(schedule('first')),
      switches: listFrom(schedule('switches'), switchFrom),
    },
  };
  const problem = findProblem(input);
  if (problem === null) return canonicalInput(input);
  throw invalid({ ...root, path: placeName(problem.place) }, problem.what);
}

/** A value and where it stands. */
interface Part {
  readonly file: string;
  readonly path: string;
  readonly value: unknown;
}

function invalid({ file, path }: Part, what: string): Refusal {
  return fail('INPUT_INVALID', { file, line: 1, column: 1, what: `${path}: ${what}` });
}

/** The fields of a value that must have exactly these, and may have one more. */
function fieldsOf(part: Part, names: readonly string[], maybe = ''): (name: string) => Part {
  const { value, path } = part;
  if (!isJsonObject(value)) throw invalid(part, 'is not an object');
  for (const key of Object.keys(value)) {
    if (key !== maybe && !names.includes(key)) throw invalid(part, `no field "${printable(key)}"`);
  }
  for (const name of names) {
    if (!Object.hasOwn(value, name)) throw invalid(part, `"${name}" is missing`);
  }
  return (name) => ({ ...part, path: `${path}.${name}`, value: value[name] });
}

function listFrom<T>(part: Part, from: (part: Part) => T): T[] {
  const { value, path } = part;
  if (!Array.isArray(value)) throw invalid(part, 'is not a list');
  return value.map((one: unknown, i) => from({ ...part, path: `${path}[${i}]`, value: one }));
}

function numberFrom(part: Part): number {
  if (typeof part.value !== 'number') throw invalid(part, 'is not a number');
  return part.value;
}

function choiceFrom<T extends string>(part: Part, choices: readonly T[]): T {
  const choice = choices.find((one) => one === part.value);
  if (choice === undefined) throw invalid(part, `is not ${choices.join(' or ')}`);
  return choice;
}

function checkVersion(part: Part): void {
  const found = numberFrom(part);
  if (found === VERSION) return;
  if (!Number.isSafeInteger(found) || found < VERSION) throw invalid(part, 'is not a version');
  const facts = { found: `input ${found}`, known: `input ${VERSION}` };
  throw fail('FORMAT_NEWER', { file: part.file, ...facts });
}

function fileFrom(part: Part): FileSetup {
  const field = fieldsOf(part, ['size', 'pages']);
  const pages = listFrom(field('pages'), (page) => choiceFrom(page, PAGE_STATES));
  return { size: numberFrom(field('size')), pages };
}

function processFrom(part: Part): ProcessSetup {
  const field = fieldsOf(part, ['areas']);
  return { areas: listFrom(field('areas'), (one) => (one.value === null ? null : areaFrom(one))) };
}

function areaFrom(part: Part): AreaSetup {
  const field = fieldsOf(part, ['file', 'offset', 'length', 'sharing']);
  return {
    file: numberFrom(field('file')),
    offset: numberFrom(field('offset')),
    length: numberFrom(field('length')),
    sharing: choiceFrom(field('sharing'), SHARINGS),
  };
}

function threadFrom(part: Part): ThreadOps {
  const field = fieldsOf(part, ['process', 'ops']);
  return { process: numberFrom(field('process')), ops: listFrom(field('ops'), opFrom) };
}

function switchFrom(part: Part): Switch {
  const field = fieldsOf(part, ['thread', 'op', 'label', 'occurrence', 'to']);
  const label = field('label');
  if (typeof label.value !== 'string') throw invalid(label, 'is not a text');
  return {
    thread: numberFrom(field('thread')),
    op: numberFrom(field('op')),
    label: label.value,
    occurrence: numberFrom(field('occurrence')),
    to: numberFrom(field('to')),
  };
}

type OpOf<K extends OpKind, O extends Op = Op> = O extends Op
  ? K extends O['kind']
    ? O
    : never
  : never;
type OpFields = { readonly [K in OpKind]: readonly Exclude<keyof OpOf<K>, 'kind' | 'buffer'>[] };

const RANGE = ['file', 'offset', 'length'] as const;

/**
 * The fields of each operation; all numbers but `sharing`, and `buffer` besides where IO may have
 * one.
 */
const OP_FIELDS = {
  load: ['area', 'offset'],
  store: ['area', 'offset'],
  mmap: ['area', ...RANGE, 'sharing'],
  munmap: ['area'],
  msync: ['area'],
  pread: RANGE,
  pwrite: RANGE,
  truncate: ['file', 'size'],
  punch: RANGE,
  collapse: RANGE,
  insert: RANGE,
  zero: RANGE,
  fallocate: RANGE,
  fsync: ['file'],
  revoke: [],
  commit: [],
  crash: [],
  enospc: [],
} as const satisfies OpFields;

function opFrom(part: Part): Op {
  if (!isJsonObject(part.value)) throw invalid(part, 'is not an object');
  const kindPart = { ...part, path: `${part.path}.kind`, value: part.value.kind };
  const kind = choiceFrom(kindPart, OP_KINDS);
  const names: readonly string[] = OP_FIELDS[kind];
  const hasBuffer = kind === 'pread' || kind === 'pwrite';
  const field = fieldsOf(part, ['kind', ...names], hasBuffer ? 'buffer' : '');
  const op: Record<string, unknown> = { kind };
  for (const name of names) {
    op[name] = name === 'sharing' ? choiceFrom(field(name), SHARINGS) : numberFrom(field(name));
  }
  if (hasBuffer && Object.hasOwn(part.value, 'buffer')) op.buffer = bufferFrom(field('buffer'));
  // OP_FIELDS has, by its type, every field of the kind, and each was read above.
  return op as unknown as Op;
}

function bufferFrom(part: Part): AreaOffset {
  const field = fieldsOf(part, ['area', 'offset']);
  return { area: numberFrom(field('area')), offset: numberFrom(field('offset')) };
}
