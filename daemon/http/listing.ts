/**
 * Which findings a reader asked for, and how they are shown: the reading side of the API, as plain functions.
 * Findings come in order of their revisions, and one that changes moves to the end; so whoever goes on after
 * the last revision he saw misses nothing, whatever is published meanwhile.
 */
import type { Mark } from '../../corpus/store/marks.ts';
import { ROW_ID } from '../../corpus/vocabulary/catalogue.ts';
import { ID_PREFIX_MIN, isFoundOn, type StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { isModelRef } from '../../corpus/vocabulary/repro.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import type { Published } from '../campaign/views.ts';
import { Problem } from './problem.ts';

export interface Query {
  /** A name stands for itself with any toggles; null for any. */
  readonly model: string | null;
  readonly class: string | null;
  /** A row of the catalogue, or whether there is one. */
  readonly known: string | boolean | null;
  /** Only what has a higher revision. */
  readonly since: number;
  readonly limit: number;
}
export type Parameter = keyof Query;

/** What the API says of a finding. */
export interface ShownFinding extends StoredFinding {
  readonly revision: number;
  readonly publishedAt: string;
  readonly notOn: readonly string[];
  readonly hits: number;
  readonly reproDigest: string;
  readonly mark: Mark | null;
  readonly links: { readonly self: string; readonly repro: string; readonly columns: string };
}

export interface ListPage {
  readonly findings: readonly ShownFinding[];
  /** For `since`, if there is more now. */
  readonly next: string | null;
  /** The highest there is. */
  readonly revision: number;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;
const EVERYTHING: Query = {
  model: null,
  class: null,
  known: null,
  since: 0,
  limit: LIMIT_DEFAULT,
};
const WHOLE = /^\d{1,15}$/;

interface Reader {
  readonly expected: string;
  /** undefined for what it cannot be. */
  readonly read: (text: string) => string | number | boolean | null | undefined;
}
/** A form sends what was left open as nothing. */
const blank = (text: string): null | undefined => (text === '' ? null : undefined);

const READERS: Readonly<Record<Parameter, Reader>> = {
  model: {
    expected: 'a model such as v42-immap-read',
    read: (text) => (isModelRef(text) ? text : blank(text)),
  },
  class: {
    expected: `one of ${Object.keys(VIOLATION_CLASSES).join(', ')}`,
    read: (text) => (Object.hasOwn(VIOLATION_CLASSES, text) ? text : blank(text)),
  },
  known: {
    expected: 'true, false or a row such as B12',
    read: (text) => {
      if (text === 'true' || text === 'false') return text === 'true';
      return ROW_ID.test(text) ? text : undefined;
    },
  },
  since: { expected: 'a revision', read: (text) => (WHOLE.test(text) ? Number(text) : undefined) },
  limit: {
    expected: `a number from 1 to ${LIMIT_MAX}`,
    read: (text) => {
      const limit = WHOLE.test(text) ? Number(text) : 0;
      return limit >= 1 && limit <= LIMIT_MAX ? limit : undefined;
    },
  },
};

/**
 * @param allowed the parameters that the route has
 * @throws Problem naming the parameter that is unknown, repeated or wrong
 */
export function readQuery(url: string, allowed: readonly Parameter[]): Query {
  const given = new Map<string, unknown>();
  for (const [name, text] of new URL(url).searchParams) {
    const parameter = allowed.find((one) => one === name);
    if (parameter === undefined) {
      const known = allowed.length === 0 ? 'none' : allowed.join(', ');
      throw new Problem(400, `unknown parameter "${printable(name)}"; there are: ${known}`);
    }
    if (given.has(name)) throw new Problem(400, `parameter "${name}" is given twice`);
    const { read, expected } = READERS[parameter];
    const value = read(text);
    if (value === undefined) {
      throw new Problem(400, `${name}="${printable(text)}" is not ${expected}`);
    }
    given.set(name, value);
  }
  // READERS gives each parameter a value of its type.
  return { ...EVERYTHING, ...(Object.fromEntries(given) as Partial<Query>) };
}

export function chosen(all: readonly Published[], query: Query): readonly Published[] {
  return after(all, query.since).filter(({ finding }) => {
    if (query.model !== null && !isFoundOn(finding, query.model)) return false;
    if (query.class !== null && finding.class !== query.class) return false;
    if (query.known === null) return true;
    const { known } = finding;
    return typeof query.known === 'string'
      ? known === query.known
      : (known !== null) === query.known;
  });
}

/** Those with a higher revision. */
export function after(all: readonly Published[], revision: number): readonly Published[] {
  return all.slice(all.findLastIndex((one) => one.revision <= revision) + 1);
}

export function latestOf(all: readonly Published[]): number {
  return all.at(-1)?.revision ?? 0;
}

export function pageOf(all: readonly Published[], query: Query): ListPage {
  const wanted = chosen(all, query);
  const shown = wanted.slice(0, query.limit);
  const last = shown.at(-1);
  const next = wanted.length > shown.length && last !== undefined ? String(last.revision) : null;
  return { findings: shown.map(shownFinding), next, revision: latestOf(all) };
}

export function shownFinding(published: Published): ShownFinding {
  const { revision, publishedMs, finding, notOn, hits, reproDigest, mark } = published;
  const self = `/api/v1/findings/${encodeURIComponent(finding.id)}`;
  return {
    revision,
    publishedAt: new Date(publishedMs).toISOString(),
    ...finding,
    notOn,
    hits,
    reproDigest,
    mark,
    links: { self, repro: `${self}/repro`, columns: `${self}/columns` },
  };
}

/** @throws Problem if no finding, or more than one, has an id that begins so */
export function findingOf(all: readonly Published[], prefix: string): Published {
  if (!/^[0-9a-f]{1,64}$/.test(prefix) || prefix.length < ID_PREFIX_MIN) {
    const what = `an id is ${ID_PREFIX_MIN} to 64 of the digits 0-9a-f`;
    throw new Problem(400, `"${printable(prefix)}" is not an id: ${what}`);
  }
  const found = all.filter(({ finding }) => finding.id.startsWith(prefix));
  const [first, ...others] = found;
  if (first === undefined) throw new Problem(404, `no finding has an id that begins ${prefix}`);
  if (others.length === 0) return first;
  const candidates = found.map(({ finding }) => finding.id);
  const detail = `${found.length} findings have an id that begins ${prefix}; give more of it`;
  throw new Problem(409, detail, { members: { candidates } });
}
