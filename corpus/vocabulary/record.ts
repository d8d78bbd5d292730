/**
 * All that is kept of a finding, and its form on the way between machines. What arrives is believed only after
 * every part of it has been looked at.
 */
import { fail, type Refusal } from './errors.ts';
import {
  compareRepros,
  findingProblem,
  type HowFound,
  keptOf,
  type StoredFinding,
} from './finding.ts';
import { isJsonObject, type Json } from './json.ts';
import { NAME_BYTES_MAX } from './limits.ts';
import { parseRepro, printRepro, type Repro } from './repro.ts';
import { rankOf } from './verdict.ts';

export interface FindingRecord {
  readonly finding: StoredFinding;
  readonly repro: Repro;
  readonly columns: string;
  readonly howFound: HowFound;
}

export interface PackedRecord {
  readonly finding: StoredFinding;
  /** The repro's text. */
  readonly repro: string;
  readonly columns: string;
  readonly howFound: HowFound;
}

/** A drawing has one line a step of some 80 characters, and a minimized run has under 400 steps. */
export const COLUMNS_BYTES_MAX = 1 << 18;
const COLUMNS = /^[\n -~]*$/;
const KEYS = ['finding', 'repro', 'columns', 'howFound'];
const NUMBERS = ['rngSeed', 'batch', 'run', 'testsUsed'] as const;
const HOW_KEYS: readonly string[] = [...NUMBERS, 'scheduler', 'proof', 'criticalPair'];
const WORDS = /^[ -~]*$/;

export function packRecord({ finding, repro, columns, howFound }: FindingRecord): PackedRecord {
  return { finding: keptOf(finding), repro: printRepro(repro), columns, howFound };
}

/** @throws Refusal naming the part that is not ours */
export function unpackRecord(value: Json | undefined, from: string): FindingRecord {
  if (!isJsonObject(value)) throw refuse(from, 'it is not a JSON object');
  const strange = Object.keys(value).find((key) => !KEYS.includes(key));
  if (strange !== undefined) throw refuse(from, 'it has a field too many');
  const problem = findingProblem(value.finding);
  if (problem !== null) throw refuse(from, `finding: ${problem}`);
  // findingProblem has looked at every field.
  const finding = keptOf(value.finding as unknown as StoredFinding);
  if (typeof value.repro !== 'string') throw refuse(from, 'repro is not a text');
  const repro = parseRepro(value.repro, from);
  if (repro.signature !== finding.signature) throw refuse(from, 'the repro is of another finding');
  if (repro.modelRef !== finding.model) throw refuse(from, 'the repro is of another model');
  const { columns, howFound } = value;
  if (typeof columns !== 'string' || columns.length > COLUMNS_BYTES_MAX || !COLUMNS.test(columns)) {
    throw refuse(from, 'columns are not a drawing in printable ASCII');
  }
  const howProblem = howFoundProblem(howFound);
  if (howProblem !== null) throw refuse(from, `howFound: ${howProblem}`);
  // howFoundProblem has looked at every field.
  return { finding, repro, columns, howFound: howFound as unknown as HowFound };
}

/** Which of two of one finding to keep: the graver one, or else the better repro; negative if the first. */
export function compareRecords(a: Kept, b: Kept): number {
  return rankOf(a.finding) - rankOf(b.finding) || compareRepros(a.repro, b.repro);
}

type Kept = { readonly finding: Pick<StoredFinding, 'class'>; readonly repro: Repro };

function howFoundProblem(value: Json | undefined): string | null {
  if (!isJsonObject(value)) return 'not a JSON object';
  const strange = Object.keys(value).find((key) => !HOW_KEYS.includes(key));
  if (strange !== undefined) return 'a field too many';
  const bad = NUMBERS.find((name) => value[name] !== null && !isCount(value[name]));
  if (bad !== undefined) return `${bad} is not a count`;
  if (!isWords(value.scheduler)) return 'scheduler is not a name';
  if (value.proof !== null && !isWords(value.proof)) return 'proof is not a text';
  const pair = value.criticalPair;
  const isPair = Array.isArray(pair) && pair.length === 2 && pair.every(isWords);
  return pair === null || isPair ? null : 'criticalPair is not two labels';
}

function isCount(value: Json | undefined): boolean {
  return typeof value === 'number' && value >= 0;
}

function isWords(value: Json | undefined): boolean {
  return typeof value === 'string' && value.length <= 4 * NAME_BYTES_MAX && WORDS.test(value);
}

function refuse(file: string, why: string): Refusal {
  return fail('FILE_UNREADABLE', { file, why });
}
