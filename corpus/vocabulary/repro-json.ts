/**
 * A repro as JSON, derived from the same data as its text. The way back goes through the text, so that there
 * is one strict parser.
 */
import { fail, Refusal } from './errors.ts';
import { type InputJson, inputFromJson, inputToJson } from './input-json.ts';
import { isJsonObject, type Json } from './json.ts';
import { fieldsOf, invalid, type JsonPart, JsonReport } from './json-parts.ts';
import type { SpotOf } from './json-text.ts';
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

/**
 * @param spotOf where its values stand, if it was read from a text
 * @throws Refusal for what is wrong, by the names of the fields
 */
export function reproFromJson(value: Json, fileName: string, spotOf: SpotOf | null = null): Repro {
  const title = 'repro';
  const report = new JsonReport({ code: 'INPUT_INVALID', file: fileName, title, spotOf, base: [] });
  const root: JsonPart = { report, path: [], value };
  checkVersion(root);
  const field = fieldsOf(root, KEYS);
  const rows = [...LINES, 'origin'].flatMap((key) => {
    const part = field(key);
    if (part === null || part.value === null) return [];
    const words = key === 'origin' ? originOf(part) : wordsOf(part);
    return [{ key, line: `${key === 'modelDigest' ? 'model-digest' : key} ${words}` }];
  });
  const model = field('modelJson');
  const modelJson = model === null ? '' : wordsOf(model);
  report.end();
  const read = spotOf === null ? null : { spotOf, base: ['input'] };
  const input = inputFromJson(field('input')?.value, fileName, read);
  const text = [
    `${FORMAT} ${VERSION}`,
    ...rows.map(({ line }) => line),
    'input',
    `${printInput(input)}model-json`,
    modelJson,
    'end\n',
  ].join('\n');
  const repro = parsed(text, [null, ...rows.map(({ key }) => key)], report);
  if (printRepro(repro) !== text) invalid(root, 'a value is not in its canonical form');
  report.end();
  return repro;
}

/** @param keys of the fields that the lines of the text were made of */
function parsed(text: string, keys: readonly (string | null)[], report: JsonReport): Repro {
  try {
    return parseRepro(text, report.source.file);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const { line, what } of error.problems) {
      const key = keys[(line ?? 0) - 1] ?? 'modelJson';
      report.add([key], what);
    }
    report.end();
    throw error;
  }
}

function checkVersion({ report, value }: JsonPart): void {
  if (!isJsonObject(value) || !Object.hasOwn(value, 'version')) return;
  const { version } = value;
  if (version === VERSION) return;
  if (typeof version !== 'number' || version < VERSION) report.add(['version'], 'is not a version');
  else {
    const facts = { found: `repro ${version}`, known: `repro ${VERSION}` };
    throw fail('FORMAT_NEWER', { file: report.source.file, ...facts });
  }
}

/** One line of text: a value with a line end in it could otherwise bring a statement of its own. */
function wordsOf(part: JsonPart): string {
  if (typeof part.value === 'string' && !/[\r\n]/.test(part.value)) return part.value;
  invalid(part, 'is not a line of text');
  return '';
}

function originOf(part: JsonPart): string {
  const field = fieldsOf(part, ORIGIN);
  const [rngSeed, batch, run, model] = ORIGIN.map(field);
  const numbers = `rng-seed ${rngSeed?.value} batch ${batch?.value} run ${run?.value}`;
  return `${numbers} model ${model ? wordsOf(model) : ''}`;
}
