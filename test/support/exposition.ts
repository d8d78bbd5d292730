/**
 * A strict reader of Prometheus' text format (version 0.0.4). It refuses what a scraper might forgive: series
 * that appear twice, samples without HELP and TYPE, escapes that do not exist, histograms that do not add up.
 */

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const HEADER = /^# (?<what>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>[^\n]+)$/;
/** In quotes: anything but a quote, a backslash or the end of the line, or one of the three escapes. */
const QUOTED = /"(?:[^"\\\n]|\\["\\n])*"/.source;
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*=${QUOTED}`;
const SAMPLE = new RegExp(
  `^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(?<labels>${LABEL}(?:,${LABEL})*)\\})? (?<value>\\S+)$`,
);
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf)$/;
const SUFFIX = /_(?:bucket|sum|count)$/;
const ESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** @throws Error naming the line that is wrong */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line end');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const series = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const header = HEADER.exec(line)?.groups;
    if (line === '') continue;
    if (header !== undefined) {
      current = header.name ?? '';
      readHeader(families, header, line);
      continue;
    }
    const sample = readSample(line);
    const family = families.get(current);
    const isOfFamily =
      family?.type === 'histogram'
        ? SUFFIX.test(sample.name) && sample.name.replace(SUFFIX, '') === current
        : sample.name === current;
    if (family === undefined || family.type === '' || !isOfFamily) {
      throw new Error(`a sample without its HELP and TYPE: ${line}`);
    }
    const key = keyOf(sample.name, sample.labels);
    if (series.has(key)) throw new Error(`a series twice: ${line}`);
    series.add(key);
    family.samples.push(sample);
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readHeader(
  families: Map<string, { type: string; help: string; samples: Sample[] }>,
  { what, name = '', rest = '' }: Readonly<Record<string, string | undefined>>,
  line: string,
): void {
  const family = families.get(name);
  if (what === 'HELP') {
    if (family !== undefined) throw new Error(`a second HELP: ${line}`);
    families.set(name, { type: '', help: rest, samples: [] });
    return;
  }
  if (family === undefined || family.type !== '') throw new Error(`a TYPE out of place: ${line}`);
  if (!/^(?:counter|gauge|histogram)$/.test(rest)) throw new Error(`an unknown type: ${line}`);
  family.type = rest;
}

function readSample(line: string): Sample {
  const { name, labels: list, value } = SAMPLE.exec(line)?.groups ?? {};
  if (name === undefined || value === undefined || !NUMBER.test(value)) {
    throw new Error(`not a sample: ${line}`);
  }
  const labels: Record<string, string> = Object.create(null);
  for (const [given] of (list ?? '').matchAll(new RegExp(LABEL, 'g'))) {
    const equals = given.indexOf('=');
    const label = given.slice(0, equals);
    if (label in labels) throw new Error(`a label twice: ${line}`);
    const quoted = given.slice(equals + 2, -1);
    labels[label] = quoted.replace(/\\["\\n]/g, (pair) => ESCAPED[pair] ?? '');
  }
  return { name, labels, value: numberOf(value) };
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([name, Object.entries(labels).sort()]);
}

function checkFamily(name: string, { type, samples }: Family): void {
  if (type === '') throw new Error(`no TYPE: ${name}`);
  if (type === 'counter' && !samples.every(({ value }) => value >= 0 && value < Infinity)) {
    throw new Error(`a counter that is no count: ${name}`);
  }
  if (type === 'histogram') checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const bucketsOf = new Map<string, (readonly [number, number])[]>();
  const counts = new Map<string, number>();
  for (const { name: part, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = keyOf(name, rest);
    if (part.endsWith('_count')) counts.set(key, value);
    if (!part.endsWith('_bucket')) continue;
    const list = bucketsOf.get(key) ?? [];
    bucketsOf.set(key, [...list, [numberOf((le ?? '').replace('+', '')), value]]);
  }
  for (const [key, buckets] of bucketsOf) {
    const isRising = buckets.every(
      ([le, value], i) =>
        i === 0 || (le > (buckets[i - 1]?.[0] ?? le) && value >= (buckets[i - 1]?.[1] ?? 0)),
    );
    const [le, value] = buckets.at(-1) ?? [];
    if (!isRising || le !== Infinity || value !== counts.get(key)) {
      throw new Error(`buckets that do not add up: ${key}`);
    }
  }
  if (bucketsOf.size !== counts.size) throw new Error(`a histogram without buckets: ${name}`);
}
