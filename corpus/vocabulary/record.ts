/** All that is kept of a finding, and its form on the way between machines; schemas.ts reads that back. */
import { compareRepros, type HowFound, keptOf, type StoredFinding } from './finding.ts';
import { printRepro, type Repro } from './repro.ts';
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

/** Which of two of one finding to keep: the graver one, or else the better repro; negative if the first. */
export function compareRecords(a: Kept, b: Kept): number {
  return rankOf(a.finding) - rankOf(b.finding) || compareRepros(a.repro, b.repro);
}

type Kept = { readonly finding: Pick<StoredFinding, 'class'>; readonly repro: Repro };
