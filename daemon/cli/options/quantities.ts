/** Numbers and names as people type them. What is none is refused with an example of what is. */
import { isIPv6 } from 'node:net';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { CATALOGUE } from '../../../corpus/vocabulary/catalogue.ts';
import { nearestHint } from '../../../corpus/vocabulary/nearest.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import {
  isViolationClass,
  VIOLATION_CLASSES,
  type ViolationClass,
} from '../../../corpus/vocabulary/verdict.ts';
import { BYTES_MAX } from '../../../workers/search/bit-states.ts';

const COUNT = /^(\d+(?:\.\d+)?(?:e\d{1,2})?)([kMG]?)$/i;
const COUNT_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;
const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** A timer of Node counts milliseconds in 31 bits; nobody fuzzes for 24 days in one go. */
const DURATION_MS_MAX = 2 ** 31 - 1;
const RNG_SEED_MAX = 2 ** 32 - 1;
const ENDPOINT = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):)?(\d{1,5})$/;
const PORT_MAX = 65_535;
/** As a header `Host` has it; an address of IPv6 may lack its brackets there. */
const HOST_NAME = /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

/** `1000`, `100k`, `1.5M`, `1e6`: a whole number above 0. */
export function parseCount(text: string): number {
  const [, number = '', unit = ''] = COUNT.exec(text) ?? [];
  const count =
    Math.round(Number(number) * (COUNT_UNITS[unit.toLowerCase()] ?? Number.NaN) * 1e3) / 1e3;
  if (number !== '' && Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('It must be a whole number above 0, such as 1000, 100k or 1e6.');
}

/** Executor threads of one process; the largest machines have some hundred cores. */
const JOBS_MAX = 1024;

export function parseJobs(text: string): number {
  const jobs = parseCount(text);
  if (jobs <= JOBS_MAX) return jobs;
  throw new InvalidArgumentError(`It must be at most ${JOBS_MAX}.`);
}

/** `--bitstate` counts in megabytes of 2^20 bytes. */
const BITSTATE_MB_MAX = BYTES_MAX / 2 ** 20;

export function parseBitstate(text: string): number {
  const megabytes = parseCount(text);
  if (megabytes <= BITSTATE_MB_MAX) return megabytes;
  throw new InvalidArgumentError(`It must be at most ${BITSTATE_MB_MAX}: megabytes.`);
}

/** A run has some hundred steps; more of them would be another number for all. */
const PREEMPTIONS_MAX = 100;

export function parsePreemptions(text: string): number {
  const count = Number(text);
  if (/^\d{1,3}$/.test(text) && count <= PREEMPTIONS_MAX) return count;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${PREEMPTIONS_MAX}.`);
}

/** `60s`, `10m`, `2h`, `500ms`; a bare number is seconds, as for timeout(1). In milliseconds. */
export function parseDuration(text: string): number {
  const [, number = '', unit = 's'] = DURATION.exec(text) ?? [];
  const durationMs = Math.round(Number(number) * (DURATION_UNITS[unit] ?? Number.NaN));
  if (number !== '' && durationMs > 0 && durationMs <= DURATION_MS_MAX) return durationMs;
  throw new InvalidArgumentError('It must be a duration, such as 60s, 10m or 2h.');
}

/** As old as that, or older: no timer waits for it, so it may be any number of days. */
export function parseAge(text: string): number {
  const [, number = '', unit = 's'] = DURATION.exec(text) ?? [];
  const ageMs = Math.round(Number(number) * (DURATION_UNITS[unit] ?? Number.NaN));
  if (number !== '' && Number.isSafeInteger(ageMs)) return ageMs;
  throw new InvalidArgumentError('It must be an age, such as 12h or 30d.');
}

export function parseRngSeed(text: string): number {
  const seed = Number(text);
  if (/^\d{1,10}$/.test(text) && seed <= RNG_SEED_MAX) return seed;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${RNG_SEED_MAX}.`);
}

/** A port of TCP; 0 is any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= PORT_MAX) return port;
  throw new InvalidArgumentError(`It must be a port, from 0 to ${PORT_MAX}.`);
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[::1]:PORT`; a port alone is one of this machine. */
export function parseEndpoint(text: string): Endpoint {
  const [, numbers, name, digits = ''] = ENDPOINT.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== '' && port <= PORT_MAX) return { host: numbers ?? name ?? '127.0.0.1', port };
  throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:9101 or [::]:9101.');
}

/** Collects names of a host, for an option that takes several. */
export function addHostName(name: string, names: readonly string[] = []): string[] {
  const [whole = '', port = ''] = HOST_NAME.exec(name) ?? [];
  if ((whole !== '' && Number(port) <= PORT_MAX) || isIPv6(name)) return [...names, name];
  throw new InvalidArgumentError('It must be NAME or NAME:PORT, such as lab-3.example:7077.');
}

/** Collects rows of the catalogue, for an option that may come again. */
export function addRow(row: string, rows: readonly string[]): string[] {
  const known = CATALOGUE.map(({ id }) => id);
  if (known.includes(row)) return [...rows, row];
  throw new InvalidArgumentError(
    `The catalogue has no row ${printable(row)}${nearestHint(row, known)}.`,
  );
}

export function parseClass(name: string): ViolationClass {
  if (isViolationClass(name)) return name;
  const known = Object.keys(VIOLATION_CLASSES);
  throw new InvalidArgumentError(
    `There is no class ${printable(name)}; there are ${known.join(', ')}.`,
  );
}
