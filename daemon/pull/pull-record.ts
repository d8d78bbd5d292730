/**
 * Whether what a coordinator sent is the finding that was asked for, to the last byte of its repro. Nothing is
 * written before this has said yes.
 */

import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { FindingRecord } from '../../corpus/vocabulary/finding.ts';
import { isJsonObject, type Json, readJson, sha256Hex } from '../../corpus/vocabulary/json.ts';
import { printRepro, type Repro } from '../../corpus/vocabulary/repro.ts';
import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import { claimProblem, type Listed } from './pull-listing.ts';

/** Whether `model-digest` is that of the model that the repro carries; only the workers know how it is made. */
export type ModelDigestCheck = (repro: Repro) => boolean;

/** @returns the record, or why it is not the one that was listed */
export function readRecord(
  text: string,
  listed: Listed,
  isModelDigestRight: ModelDigestCheck,
): FindingRecord | string {
  const value = readJson(text);
  if (!isJsonObject(value)) return 'it is not JSON, or too large';
  try {
    const record = unpackRecord(value.record, 'the record');
    return recordProblem(record, value, listed, isModelDigestRight) ?? record;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code === 'FILE_UNREADABLE' ? String(error.facts.why) : error.message;
  }
}

function recordProblem(
  { finding, repro }: FindingRecord,
  answer: Readonly<Record<string, Json>>,
  listed: Listed,
  isModelDigestRight: ModelDigestCheck,
): string | null {
  // unpackRecord has made sure that this is the hash of its signature.
  if (finding.id !== listed.finding.id) return 'it is another finding';
  // It may have got a better repro since it was listed: then it says so itself.
  const isListed = answer.revision === listed.revision;
  const promised = isListed ? listed.reproDigest : answer.reproDigest;
  // Of what will be written here, not of what was sent.
  if (sha256Hex(printRepro(repro)) !== promised) return 'its repro does not have the listed digest';
  if (isListed && finding.model !== listed.finding.model) return 'it is on another model';
  if (!isModelDigestRight(repro)) return 'model-digest is not that of the model that it carries';
  return claimProblem(finding);
}
