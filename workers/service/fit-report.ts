/** Reports as text that the coordinator will take: small enough, every word of a shape that it knows. */
import { createHash } from 'node:crypto';
import { REPORT_BYTES_MAX, word } from '../../corpus/exchange/codec.ts';
import { SIGNATURE_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import type { FuzzResult, Report } from '../../corpus/vocabulary/messages.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

/** As long as a line of a report may be. */
const REASON_LENGTH_MAX = 2 * SIGNATURE_BYTES_MAX;
/** The first of them says where; more would fill the page. */
const STACK_LINES = 4;

export function isWord(text: unknown): text is string {
  return word.safeParse(text).success;
}

/** The id under which a batch is reported: its own, unless that is none. */
export function reportId(id: string): string {
  if (isWord(id)) return id;
  return `q-${createHash('sha256').update(id).digest('hex').slice(0, 16)}`;
}

/** One printable line of ASCII. */
export function reasonText(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const line = printable(lines.slice(0, STACK_LINES).join(' '), Number.POSITIVE_INFINITY);
  return line.replace(/[^ -~]/gu, '?').slice(0, REASON_LENGTH_MAX);
}

/**
 * What is too long loses candidates, which are met again, then witnesses, of which later batches bring others.
 *
 * @param sizeMax in characters, which are ASCII in a report of a fuzz batch
 */
export function reportText(report: Report, sizeMax: number = REPORT_BYTES_MAX): string {
  const text = JSON.stringify(report);
  const { result } = report;
  if (text.length <= sizeMax || result.kind !== 'fuzz') return text;
  const cut = cutToFit(result, sizeMax - text.length + JSON.stringify(result).length);
  return JSON.stringify({ ...report, result: cut } satisfies Report);
}

function cutToFit(result: FuzzResult, sizeMax: number): FuzzResult {
  const bare: FuzzResult = { ...result, candidates: [], witnesses: [] };
  let room = sizeMax - JSON.stringify(bare).length;
  const fitting = <T>(list: readonly T[]): readonly T[] => {
    const end = list.findIndex((item) => {
      room -= JSON.stringify(item).length + 1;
      return room < 0;
    });
    return end < 0 ? list : list.slice(0, end);
  };
  const witnesses = fitting(result.witnesses);
  return { ...bare, witnesses, candidates: fitting(result.candidates) };
}
