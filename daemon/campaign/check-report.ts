/** A report as it is believed: what workers and Redis say is looked at here, once, before the log has it. */
import { decodeReport, REPORT_BYTES_MAX } from '../../corpus/exchange/codec.ts';
import type { Arrival } from '../../corpus/exchange/scripts.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import {
  BATCH_VERSION,
  type Minimized,
  NO_EXECUTOR,
  type Report,
} from '../../corpus/vocabulary/messages.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import type { CampaignState } from './state.ts';

const REASON_LENGTH_MAX = 200;
const ID = /^[\w.-]{1,96}$/;

/** What does not hold becomes a report that says so, under the id by which it came. */
export function readReport({ id, json }: Arrival, state: CampaignState): Report {
  const { value, problem } = decodeReport(json);
  if (value === null) return quarantinedReport(id, problem, state);
  if (value.id !== id) return quarantinedReport(id, 'it is the report of another batch', state);
  // What was written as 9e15 has more digits in the log.
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > REPORT_BYTES_MAX)
    return quarantinedReport(id, 'it is too large when written out', state);
  if (value.result.kind !== 'minimize') return value;
  const recordProblem = problemOf(value.result, value.executor);
  return recordProblem === null ? value : quarantinedReport(id, recordProblem, state);
}

function quarantinedReport(
  id: string,
  why: string,
  { build, campaign, outstanding }: CampaignState,
): Report {
  const batch = outstanding.get(id);
  const reason = printable(`unreadable report: ${why}`, REASON_LENGTH_MAX);
  return {
    version: BATCH_VERSION,
    id: ID.test(id) ? id : `unnamed-${sha256Hex(id).slice(0, 16)}`,
    build,
    campaign,
    executor: NO_EXECUTOR,
    milliseconds: 0,
    result: { kind: 'quarantined', work: batch?.kind ?? null, reason, starts: 0 },
  };
}

function problemOf({ record, signature }: Minimized, executor: string): string | null {
  if (record === null) return null;
  try {
    const { finding } = unpackRecord(record, executor);
    return finding.signature === signature ? null : 'the record is of another finding';
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
