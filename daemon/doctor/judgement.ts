/**
 * What a check of this machine comes to: a level, what was seen, and what to type where that is not enough. A check
 * that fails itself is an answer too, for a doctor is called when things are broken.
 */
import { isSystemError } from '../../corpus/disk/atomic.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

/** `warn`: it works, but worse than it could. `info`: nothing that could be wrong. */
export type Level = 'ok' | 'info' | 'warn' | 'fail';

export interface Judgement {
  readonly level: Level;
  readonly detail: string;
  /** What to type, or to change; empty where nothing is needed. */
  readonly remedy: string;
}

export interface Check {
  /** In kebab-case, and for ever: scripts look for it. */
  readonly name: string;
  readonly look: () => Judgement | Promise<Judgement>;
}

export function fine(detail: string): Judgement {
  return { level: 'ok', detail, remedy: '' };
}

export function noted(detail: string): Judgement {
  return { level: 'info', detail, remedy: '' };
}

export function doubtful(detail: string, remedy: string): Judgement {
  return { level: 'warn', detail, remedy };
}

export function bad(detail: string, remedy: string): Judgement {
  return { level: 'fail', detail, remedy };
}

/** Never throws. Names of folders and answers of servers are in it, so it is made printable here. */
export async function judgementOf({ look }: Check): Promise<Judgement> {
  const { level, detail, remedy } = await (async () => look())().catch(judgedError);
  return { level, detail: oneLine(detail), remedy: oneLine(remedy) };
}

function judgedError(error: unknown): Judgement {
  if (error instanceof Refusal) return bad(error.message, error.hint);
  const what = error instanceof Error ? error.message : String(error);
  if (isSystemError(error))
    return bad(what, 'look at that path and its rights, or name another folder with --data-dir');
  return bad(`this check failed itself: ${what}`, 'please report it, with `faultline version`');
}

function oneLine(text: string): string {
  return printable(text, Number.POSITIVE_INFINITY);
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `47 MB`, `1.3 GB`: powers of 1000, as disks and memory are sold. */
export function bytesText(bytes: number): string {
  const power = Math.min(Math.max(1, Math.floor(Math.log10(bytes) / 3)), UNITS.length);
  const amount = bytes / 1000 ** power;
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[power - 1]}`;
}
