/** The log of a long-running process: one JSON object a line, on stderr. */
import { pino } from 'pino';
import type { Settings } from '../options/settings.ts';

const LEVEL_VARIABLE = 'FAULTLINE_LOG_LEVEL';
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export function logger(name: string, { isQuiet, isVerbose }: Settings) {
  const asked = process.env[LEVEL_VARIABLE] ?? '';
  const byFlags = isQuiet ? 'warn' : isVerbose ? 'debug' : 'info';
  const level = LEVELS.includes(asked) ? asked : byFlags;
  const options = { name, level, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  // Written at once: a log that ends with a crash should tell of it.
  return pino(options, pino.destination({ fd: 2, sync: true }));
}
