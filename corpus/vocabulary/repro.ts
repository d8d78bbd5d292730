/**
 * A repro: an input, the model and the build it was judged by, and what was found. One text, so
 * that it travels in a mail; it is data, and nothing in it is ever opened, resolved or run.
 */

import { assert } from './assert.ts';
import { ROW_ID } from './catalogue.ts';
import type { Input } from './input.ts';
import { canonicalJson, isJsonObject, readJson } from './json.ts';
import { MODEL_REF_BYTES_MAX, SIGNATURE_BYTES_MAX } from './limits.ts';
import { canonicalInput, printInput } from './text.ts';
import type { Cursor } from './text-lexer.ts';
import {
  nextLine,
  openText,
  peek,
  rawLine,
  readHeader,
  refuse,
  rest,
  take,
  takeEnd,
  takeKeyword,
  takeMatch,
  takeNumber,
} from './text-lexer.ts';
import { readInput } from './text-read.ts';

/**
 * Where a violation was first seen: run `run` of batch `batch` of the campaign `rngSeed` on
 * `model`.
 */
export interface Origin {
  readonly rngSeed: number;
  readonly batch: number;
  readonly run: number;
  readonly model: string;
}

export interface Repro {
  readonly input: Input;
  readonly modelRef: string;
  /**
   * Canonical JSON of the resolved model, so that a build which lacks the model can still judge.
   */
  readonly modelJson: string;
  readonly modelDigest: string;
  readonly engine: string;
  readonly signature: string;
  /** The catalogue's name for the bug, such as `B12`, if it has one. */
  readonly catalogue: string | null;
  readonly traceDigest: string;
  readonly origin: Origin | null;
}

const REPRO_VERSION = 1;

/** `name`, or `name:toggle=value,...`: never a path, which somebody might open. */
const MODEL_REF = /^[A-Za-z0-9][\w.-]*(?::[\w-]+=[\w.-]+(?:,[\w-]+=[\w.-]+)*)?$/;
const DIGEST = /^[0-9a-f]{8,64}$/;
const SHA_256 = /^[0-9a-f]{64}$/;
/** Words of printable ASCII; a `#` would begin a comment. */
const SIGNATURE = /^[!"$-~]+(?: [!"$-~]+)*$/;

/** The lines before the input, in their order, and whether one may be missing. */
const KEYS = {
  model: 'needed',
  'model-digest': 'needed',
  engine: 'needed',
  signature: 'needed',
  known: 'optional',
  trace: 'needed',
  origin: 'optional',
} as const;
type Key = keyof typeof KEYS;
const KEY_NAMES = Object.keys(KEYS) as Key[];

export function isModelRef(text: string): boolean {
  return text.length <= MODEL_REF_BYTES_MAX && MODEL_REF.test(text);
}

export function printRepro(repro: Repro): string {
  const { modelRef, modelDigest, engine, signature, catalogue, traceDigest, origin } = repro;
  assert(isModelRef(modelRef), 'model reference', modelRef);
  assert(SHA_256.test(modelDigest), 'model digest', modelDigest);
  assert(DIGEST.test(engine) && DIGEST.test(traceDigest), 'digest', `${engine} ${traceDigest}`);
  assert(isSignature(signature), 'signature', signature);
  assert(catalogue === null || ROW_ID.test(catalogue), 'catalogue id', catalogue);
  assert(origin === null || isModelRef(origin.model), 'origin', origin?.model);
  assert(isModelJson(repro.modelJson), 'model JSON');
  return [
    `faultline repro ${REPRO_VERSION}`,
    `model ${modelRef}`,
    `model-digest ${modelDigest}`,
    `engine ${engine}`,
    `signature ${signature}`,
    ...(catalogue === null ? [] : [`known ${catalogue}`]),
    `trace ${traceDigest}`,
    ...(origin === null ? [] : [`origin ${printOrigin(origin)}`]),
    'input',
    `${printInput(repro.input)}model-json`,
    repro.modelJson,
    'end\n',
  ].join('\n');
}

function printOrigin({ rngSeed, batch, run, model }: Origin): string {
  return `rng-seed ${rngSeed} batch ${batch} run ${run} model ${model}`;
}

export function parseRepro(text: string, fileName: string): Repro {
  const cursor = openText(text, fileName);
  readHeader(cursor, 'repro', REPRO_VERSION);
  const facts = readFacts(cursor);
  const input = canonicalInput(readInput(cursor, 'model-json').input);
  takeKeyword(cursor, 'model-json');
  takeEnd(cursor);
  const modelJson = readModelJson(cursor);
  nextLine(cursor);
  takeKeyword(cursor, 'end');
  takeEnd(cursor);
  if (nextLine(cursor)) throw refuse(cursor, 'the end of the text');
  return { ...facts, input, modelJson };
}

type Facts = Omit<Repro, 'input' | 'modelJson'>;

/** The lines up to `input`, each at most once, in any order. */
function readFacts(cursor: Cursor): Facts {
  const facts: { -readonly [K in keyof Facts]: Facts[K] } = {
    modelRef: '',
    modelDigest: '',
    engine: '',
    signature: '',
    catalogue: null,
    traceDigest: '',
    origin: null,
  };
  const open = new Set<Key>(KEY_NAMES);
  while (nextLine(cursor) && peek(cursor) !== 'input') {
    const key = [...open].find((one) => one === peek(cursor));
    if (key === undefined)
      throw refuse(cursor, [...open, 'input'].map((one) => `"${one}"`).join(' or '));
    take(cursor, key);
    Object.assign(facts, READERS[key](cursor));
    takeEnd(cursor);
    open.delete(key);
  }
  const missing = [...open].find((key) => KEYS[key] === 'needed');
  if (missing !== undefined) throw refuse(cursor, `"${missing}"`);
  takeKeyword(cursor, 'input');
  takeEnd(cursor);
  return facts;
}

const READERS: Readonly<Record<Key, (cursor: Cursor) => Partial<Facts>>> = {
  model: (cursor) => ({ modelRef: takeModelRef(cursor) }),
  'model-digest': (cursor) => ({ modelDigest: takeMatch(cursor, SHA_256, 'a SHA-256') }),
  engine: (cursor) => ({ engine: takeMatch(cursor, DIGEST, 'a digest') }),
  signature: (cursor) => ({ signature: takeSignature(cursor) }),
  known: (cursor) => ({ catalogue: takeMatch(cursor, ROW_ID, 'a bug such as B12') }),
  trace: (cursor) => ({ traceDigest: takeMatch(cursor, DIGEST, 'a digest') }),
  origin: (cursor) => ({ origin: takeOrigin(cursor) }),
};

function takeModelRef(cursor: Cursor): string {
  if (!isModelRef(peek(cursor))) throw refuse(cursor, 'a model reference');
  return take(cursor, 'a model reference');
}

function takeSignature(cursor: Cursor): string {
  const start = cursor.at;
  let signature = take(cursor, 'a signature');
  while (peek(cursor) !== '' && signature.length <= SIGNATURE_BYTES_MAX) {
    signature += ` ${take(cursor, 'a signature')}`;
  }
  if (isSignature(signature)) return signature;
  cursor.at = start;
  throw refuse(cursor, 'a signature');
}

function isSignature(text: string): boolean {
  return text.length <= SIGNATURE_BYTES_MAX && SIGNATURE.test(text);
}

function takeOrigin(cursor: Cursor): Origin {
  takeKeyword(cursor, 'rng-seed');
  const rngSeed = takeNumber(cursor, 'a number');
  takeKeyword(cursor, 'batch');
  const batch = takeNumber(cursor, 'a number');
  takeKeyword(cursor, 'run');
  const run = takeNumber(cursor, 'a number');
  takeKeyword(cursor, 'model');
  return { rngSeed, batch, run, model: takeModelRef(cursor) };
}

function readModelJson(cursor: Cursor): string {
  rawLine(cursor);
  const text = rest(cursor).trimEnd();
  if (!isModelJson(text)) throw refuse(cursor, 'a model as canonical JSON on one line');
  return text;
}

/** Canonical means in particular: no key twice, nothing invisible, no fractions. */
function isModelJson(text: string): boolean {
  const value = readJson(text);
  return isJsonObject(value) && canonicalJson(value) === text;
}
