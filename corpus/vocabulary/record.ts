/**
 * All that is kept of a finding, and its form on the way between machines. What arrives is believed only after
 * every part of it has been looked at.
 */
import { fail, type Refusal } from './errors.ts';
import { compareRepros, type HowFound, keptOf, type StoredFinding } from './finding.ts';
import { parseRepro, printRepro, type Repro } from './repro.ts';
import { checked, packedRecord } from './schemas.ts';
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

export function packRecord({ finding, repro, columns, howFound }: FindingRecord): PackedRecord {
  return { finding: keptOf(finding), repro: printRepro(repro), columns, howFound };
}

/** @throws Refusal naming the part that is not ours */
export function unpackRecord(value: unknown, from: string): FindingRecord {
  const { value: packed, problem } = checked(packedRecord, value);
  if (problem !== null) throw refuse(from, problem);
  const { finding, columns, howFound } = packed;
  const repro = parseRepro(packed.repro, from);
  if (repro.signature !== finding.signature) throw refuse(from, 'the repro is of another finding');
  if (repro.modelRef !== finding.model) throw refuse(from, 'the repro is of another model');
  return { finding, repro, columns, howFound };
}

/** Which of two of one finding to keep: the graver one, or else the better repro; negative if the first. */
export function compareRecords(a: Kept, b: Kept): number {
  return rankOf(a.finding) - rankOf(b.finding) || compareRepros(a.repro, b.repro);
}

type Kept = { readonly finding: Pick<StoredFinding, 'class'>; readonly repro: Repro };

function refuse(file: string, why: string): Refusal {
  return fail('FILE_UNREADABLE', { file, why });
}
