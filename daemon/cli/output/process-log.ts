/** The log of a long-running process: one JSON object a line, on stderr. */
import { pino } from 'pino';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import type { Settings } from '../options/settings.ts';

const LEVEL_VARIABLE = 'FAULTLINE_LOG_LEVEL';
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** @throws Refusal USAGE for a level that there is not */
export function logger(name: string, { isQuiet, isVerbose }: Settings) {
  const asked = process.env[LEVEL_VARIABLE] ?? '';
  const byFlags = isQuiet ? 'warn' : isVerbose ? 'debug' : 'info';
  if (asked !== '' && !LEVELS.includes(asked)) {
    const what = `${LEVEL_VARIABLE} is "${printable(asked)}": it can be ${LEVELS.join(', ')}`;
    throw fail('USAGE', { what });
  }
  const level = asked === '' ? byFlags : asked;
  const options = { name, level, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  // Written at once: a log that ends with a crash should tell of it.
  return pino(options, pino.destination({ fd: 2, sync: true }));
}
