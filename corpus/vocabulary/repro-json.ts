/**
 * A repro as JSON, derived from the same data as its text. The way back goes through the text, so that there
 * is one strict parser.
 */
import { fail, type Refusal } from './errors.ts';
import {
  canonicalJson,
  type InputJson,
  inputFromJson,
  inputToJson,
  isJsonObject,
  type Json,
} from './json.ts';
import { printable } from './printable.ts';
import { type Origin, parseRepro, printRepro, type Repro } from './repro.ts';
import { printInput } from './text.ts';

const FORMAT = 'faultline repro';
const VERSION = 1;
const LINES = ['model', 'modelDigest', 'engine', 'signature', 'known', 'trace'] as const;
const KEYS: readonly string[] = ['format', 'version', ...LINES, 'origin', 'input', 'modelJson'];
const ORIGIN = ['rngSeed', 'batch', 'run', 'model'] as const;

export interface ReproJson {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly model: string;
  readonly modelDigest: string;
  readonly engine: string;
  readonly signature: string;
  readonly known: string | null;
  readonly trace: string;
  readonly origin: Origin | null;
  readonly input: InputJson;
  readonly modelJson: string;
}

export function isReproJson(value: Json): boolean {
  return isJsonObject(value) && value.format === FORMAT;
}

export function reproToJson(repro: Repro): ReproJson {
  return {
    format: FORMAT,
    version: VERSION,
    model: repro.modelRef,
    modelDigest: repro.modelDigest,
    engine: repro.engine,
    signature: repro.signature,
    known: repro.catalogue,
    trace: repro.traceDigest,
    origin: repro.origin,
    input: inputToJson(repro.input),
    modelJson: repro.modelJson,
  };
}

/** @throws Refusal as the parser of the text does; lines and columns are then those of the text */
export function reproFromJson(value: Json, fileName: string): Repro {
  const file = printable(fileName);
  if (!isJsonObject(value)) throw invalid(file, 'repro is not an object');
  checkVersion(value.version, file);
  const strange = Object.keys(value).find((key) => !KEYS.includes(key));
  if (strange !== undefined) throw invalid(file, `no field "${printable(strange)}"`);
  const missing = KEYS.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw invalid(file, `"${missing}" is missing`);
  const input = inputFromJson(value.input, file);
  const text = [
    `${FORMAT} ${VERSION}`,
    ...LINES.filter((key) => value[key] !== null).map((key) => {
      return `${key === 'modelDigest' ? 'model-digest' : key} ${wordsOf(value[key], key, file)}`;
    }),
    ...(value.origin === null ? [] : [originLine(value.origin ?? null, file)]),
    'input',
    `${printInput(input)}model-json`,
    wordsOf(value.modelJson, 'modelJson', file),
    'end\n',
  ].join('\n');
  const repro = parseRepro(text, fileName);
  if (printRepro(repro) !== text) throw invalid(file, 'a value is not in its canonical form');
  return repro;
}

function checkVersion(version: Json | undefined, file: string): void {
  if (version === VERSION) return;
  if (typeof version !== 'number' || version < VERSION) throw invalid(file, 'version is not one');
  throw fail('FORMAT_NEWER', { file, found: `repro ${version}`, known: `repro ${VERSION}` });
}

/** One line of text: a value with a line end in it could otherwise bring a statement of its own. */
function wordsOf(value: Json | undefined, key: string, file: string): string {
  if (typeof value === 'string' && !/[\r\n]/.test(value)) return value;
  throw invalid(file, `${key} is not a line of text`);
}

function originLine(value: Json, file: string): string {
  const isOrigin =
    isJsonObject(value) &&
    canonicalJson(Object.keys(value).sort()) === canonicalJson([...ORIGIN].sort());
  if (!isOrigin) throw invalid(file, `origin has not just ${ORIGIN.join(', ')}`);
  const { rngSeed, batch, run, model } = value;
  const numbers = `rng-seed ${rngSeed} batch ${batch} run ${run}`;
  return `origin ${numbers} model ${wordsOf(model, 'origin.model', file)}`;
}

function invalid(file: string, what: string): Refusal {
  return fail('INPUT_INVALID', { file, line: 1, column: 1, what: `repro: ${what}` });
}
