/** What a campaign has not shown of one model, and how much that says: by chance, and by proof in small. Pure. */
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { type Breadth, NO_BREADTH } from '../../corpus/vocabulary/messages.ts';
import {
  missProbabilityOf,
  NO_SCOPE,
  type ScopeProgress,
  type Searched,
} from './scope-progress.ts';

/** What was done to a model. */
export interface Tried {
  readonly runs: number;
  readonly breadth: Breadth;
  readonly scope: ScopeProgress;
}

export const UNTRIED: Tried = { runs: 0, breadth: NO_BREADTH, scope: NO_SCOPE };

/** What a finding says of itself to those who count. */
type Told = Pick<StoredFinding, 'signature' | 'models' | 'known' | 'looksLike'>;

export interface ShownScope extends Omit<ScopeProgress, 'ranges'> {
  /** At most so likely was any state of what is verified missed. */
  readonly missProbability: number;
  /** All that goes wrong in what is verified: rows of the catalogue, then how many signatures are in none. */
  readonly shows: readonly string[];
}

export const NO_SHOWN_SCOPE: ShownScope = shownScope(NO_SCOPE, []);

export interface Silence extends Omit<Tried, 'scope'> {
  readonly scope: ShownScope;
  readonly model: string;
  readonly isAnyExpected: boolean;
  /** Rows of the catalogue that the model is expected to show and has not. */
  readonly notSeen: readonly string[];
  /** With 95 % what comes in a larger share of such runs would have been seen; 1 where nothing was run. */
  readonly excludedRate: number;
}

/** Nothing in n runs excludes rates above 3/n with 95 % (the rule of three). */
const RULE = 3;

/** @param expected rows of the catalogue */
export function silenceOf(
  model: string,
  expected: readonly string[],
  { runs, breadth, scope }: Tried,
  findings: readonly Told[],
): Silence {
  const seen = findings
    .filter(({ models }) => models.includes(model))
    .map(({ known, looksLike }) => known ?? looksLike);
  const notSeen = expected.filter((row) => !seen.includes(row));
  const isAnyExpected = expected.length > 0;
  return {
    model,
    runs,
    breadth,
    scope: shownScope(scope, findings),
    isAnyExpected,
    notSeen,
    excludedRate: Math.min(1, RULE / Math.max(1, runs)),
  };
}

function shownScope(scope: ScopeProgress, findings: readonly Told[]): ShownScope {
  const { verified, inconclusive, next, quarantined } = scope;
  const missProbability = missProbabilityOf(scope);
  const signatures = new Set(verified.flatMap((one) => one.signatures));
  const told = new Map(findings.map((one) => [one.signature, one]));
  const rows = new Set<string>();
  let [unknown, underWay] = [0, 0];
  for (const signature of signatures) {
    const finding = told.get(signature);
    if (finding === undefined) underWay += 1;
    else if (finding.known !== null) rows.add(finding.known);
    else if (finding.looksLike !== null) rows.add(`like ${finding.looksLike}`);
    else unknown += 1;
  }
  const others = [
    ...(unknown === 0 ? [] : [`${unknown} new`]),
    ...(underWay === 0 ? [] : [`${underWay} under way`]),
  ];
  const shows = [...[...rows].sort(), ...others];
  return { verified, inconclusive, next, quarantined, missProbability, shows };
}

function missingInWords({ isAnyExpected, notSeen }: Silence): string {
  if (!isAnyExpected) return 'its model names nothing that it is expected to show';
  if (notSeen.length > 0) return `not seen yet: ${notSeen.join(' ')}`;
  return 'all that it is expected to show was seen';
}

/** Without the model's name. */
export function silenceInWords(silence: Silence): string {
  return `${missingInWords(silence)}; ${scopeInWords(silence.scope)}; ${triedInWords(silence)}`;
}

function scopeInWords({ verified, inconclusive, next, quarantined, shows }: ShownScope): string {
  const states = verified.reduce((sum, one) => sum + one.states, 0);
  const said = shows.length === 0 ? 'nothing goes wrong' : `nothing but ${shows.join(', ')}`;
  const all = verified.map((one) => `all ${one.workloads} workloads of ${sizeInWords(one)}`);
  return [
    verified.length === 0
      ? 'no verified scope yet'
      : `verified scope: ${all.join(' and ')}, ${states} states: ${said}`,
    ...inconclusive.map((one) => {
      return `inconclusive: ${one.inconclusive} of ${one.workloads} workloads of ${sizeInWords(one)}`;
    }),
    ...(next === null
      ? []
      : [`searched so far: ${next.workloads} of ${next.of} workloads of ${sizeInWords(next)}`]),
    ...(quarantined === 0 ? [] : [`parts of it that no executor could end: ${quarantined}`]),
  ].join('; ');
}

/** `up to 2 threads x 1 operation on 1 page`: unless they are named, of all kinds that the model has and the file has room for. */
function sizeInWords({ threads, ops, pages, kinds, areAllKinds }: Searched): string {
  const operations = `${ops} operation${ops === 1 ? '' : 's'}`;
  const named = areAllKinds ? '' : ` (${kinds.join(' ')})`;
  return `up to ${threads} threads x ${operations}${named} on ${pages} page${pages === 1 ? '' : 's'}`;
}

function triedInWords({ runs, breadth, excludedRate }: Silence): string {
  if (runs === 0) return 'nothing of it was run, which excludes nothing';
  const { given, exhausted, workloads } = breadth;
  const searched = `${exhausted} of ${given} seeds searched to the last interleaving`;
  const rate = `1 in ${Math.floor(1 / excludedRate)}`;
  return `${searched}; ${runs} runs of ${workloads} workloads exclude, with 95 %, what more than ${rate} show`;
}
