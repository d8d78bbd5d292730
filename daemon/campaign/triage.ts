/**
 * A signature's way from its first witness to publication: minimize, run again elsewhere, store, compare with
 * other models. Pure; whatever may be lost or come twice on the way changes nothing but the time it takes.
 */

import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  keptOf,
  merged,
  type PackedRecord,
  type StoredFinding,
} from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { NO_EXECUTOR, type Result, type Witness } from '../../corpus/vocabulary/messages.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { bucketsWith, type Discovery, runsTo, settledOf } from './plan-batch.ts';
import type { Published, VIOLATION_STAGES } from './views.ts';

export type Stage = (typeof VIOLATION_STAGES)[number];

/** What is known of one signature. */
export interface Case {
  readonly signature: string;
  stage: Stage;
  /** Buckets that have a witness (`plan-batch.ts`). */
  buckets: readonly string[];
  /** Until it is minimized. */
  discovery: Discovery | null;
  /** Witnesses of other buckets, to be minimized one after another. */
  waiting: readonly Discovery[];
  /** Until it is stored; before it is published it is only to be verified. */
  record: PackedRecord | null;
  /** Who minimized it: the next one to run it must be another. */
  executor: string;
  minimizedMs: number;
  /** Batches of the present stage that were quarantined. */
  quarantined: number;
  /** Witnesses that came to nothing. */
  refuted: number;
  /** Models that it was met on, in order. */
  models: readonly string[];
  notOn: readonly string[];
  hits: number;
  isCompared: boolean;
  isStored: boolean;
  published: Pick<Published, 'revision' | 'publishedMs' | 'finding' | 'reproDigest'> | null;
}

/** After so many witnesses that came to nothing a signature is left alone: its engine is at fault, not luck. */
const REFUTED_MAX = 3;
/** After so many quarantined minimizations the witness is kept as it is. */
const QUARANTINED_MAX = 1;

export class Triage {
  readonly cases = new Map<string, Case>();
  /** Grows with every publication or change of one. */
  revision = 0;
  /** Repros that came out otherwise on another executor. */
  mismatches = 0;

  /** What is published, until something of it changes: every turn and every request asks for it. */
  private listed: readonly Case[] | null = null;

  /** What needs no witness any more. */
  settled(): readonly string[] {
    const settled = [...this.cases.values()].filter(isSettled);
    return settled.flatMap((one) =>
      isLeftAlone(one) ? [one.signature] : settledOf(one.signature, one.buckets),
    );
  }

  /** In order of their revisions. */
  published(): readonly Case[] {
    this.listed ??= [...this.cases.values()]
      .filter(({ published }) => published !== null)
      .sort((a, b) => revisionOf(a) - revisionOf(b));
    return this.listed;
  }

  /** Whether a finding that was met on this model is still to be minimized or verified on it. */
  isOpenOn(model: string): boolean {
    return [...this.cases.values()].some(({ stage, discovery, waiting, record }) => {
      const isVerified = stage === 'verify' && record?.finding.model === model;
      return isVerified || [discovery, ...waiting].some((one) => one?.model === model);
    });
  }

  /** Counts runs that met a signature which has a case; `discover` opens cases. */
  met(signature: string, model: string, count: number): void {
    const one = this.cases.get(signature);
    if (one === undefined) return;
    one.hits += count;
    if (one.models.includes(model)) return;
    this.foundOn(one, [model]);
  }

  discover(discovery: Discovery): void {
    const { signature, model, witness } = discovery;
    const there = this.cases.get(signature) ?? emptyCase(signature);
    if (isLeftAlone(there)) return;
    const isListed = there.published !== null;
    const isOpen = there.discovery !== null || there.stage === 'verify';
    const isKnown = isOpen || isListed;
    const buckets = bucketsWith(isKnown ? there.buckets : [], witness);
    if (buckets === null) return;
    const models = [...new Set([...(isKnown ? there.models : []), model])].sort();
    const waiting = [...there.waiting, discovery];
    this.cases.set(signature, { ...there, models, buckets, waiting });
    this.listed = null;
    this.goOn(signature);
  }

  /** What is listed stays so while another witness of it is minimized and verified. */
  private goOn(signature: string): void {
    const one = this.cases.get(signature);
    const [discovery, ...waiting] = one?.waiting ?? [];
    if (one === undefined || discovery === undefined) return;
    const isOpen = one.discovery !== null || one.stage === 'verify';
    const isUnstored = one.published !== null && !one.isStored;
    if (isOpen || isUnstored) return;
    Object.assign(one, { stage: 'minimize', discovery, waiting, quarantined: 0 });
  }

  /** A result about one finding; what comes twice or too late is not listened to. */
  learn(result: Result, executor: string, atMs: number): void {
    if (result.kind === 'minimize') this.minimized(result.signature, result.record, executor, atMs);
    if (result.kind === 'verify') this.verified(result.signature, result.isSame, atMs);
    if (result.kind === 'compare') this.compared(result.signature, result.on, result.notOn);
  }

  private minimized(
    signature: string,
    record: PackedRecord | null,
    executor: string,
    atMs: number,
  ): void {
    const one = this.cases.get(signature);
    if (one?.stage !== 'minimize') return;
    if (record === null) {
      this.refute(one);
      return;
    }
    one.stage = 'verify';
    one.discovery = null;
    one.record = record;
    one.executor = executor;
    one.minimizedMs = atMs;
    one.quarantined = 0;
  }

  private verified(signature: string, isSame: boolean, atMs: number): void {
    const one = this.cases.get(signature);
    if (one?.stage !== 'verify' || one.record === null) return;
    if (!isSame) {
      this.mismatches += 1;
      one.record = null;
      this.refute(one);
      return;
    }
    const { finding, repro } = one.record;
    one.stage = 'published';
    one.isStored = false;
    const there = one.published?.finding ?? finding;
    const said = merged({ ...finding, models: one.models }, there);
    this.publish(one, said, sha256Hex(repro), one.published?.publishedMs ?? atMs);
  }

  private compared(signature: string, on: readonly string[], notOn: readonly string[]): void {
    const one = this.cases.get(signature);
    if (one?.published == null) return;
    one.isCompared = true;
    one.notOn = notOn;
    this.foundOn(one, on);
  }

  /**
   * Another build leads. A repro that waits for its verification was minimized by the other engine, whose steps are
   * not ours: it becomes a witness again. Verified as it is, it would count as a mismatch and be dropped.
   */
  startOver(): void {
    for (const one of this.cases.values()) {
      if (one.stage !== 'verify' || one.record === null) continue;
      const discovery = discoveryOfRecord(one.record);
      if (discovery === null) continue;
      Object.assign(one, { stage: 'minimize', discovery, record: null, quarantined: 0 });
    }
  }

  /** A batch about it was quarantined. */
  wasQuarantined(signature: string, stage: Stage): void {
    const one = this.cases.get(signature);
    if (one === undefined || one.stage !== stage) return;
    one.quarantined += 1;
    if (one.quarantined > QUARANTINED_MAX) this.refute(one);
  }

  private refute(one: Case): void {
    refute(one);
    if (!isLeftAlone(one)) this.goOn(one.signature);
  }

  stored(signature: string): void {
    const one = this.cases.get(signature);
    if (one === undefined) return;
    one.isStored = true;
    one.record = null;
    this.goOn(signature);
  }

  /** A finding as somebody else put it on disk; what was learned of it before still holds. */
  adopt(finding: StoredFinding, reproDigest: string, atMs: number): void {
    const { signature } = finding;
    const there = this.cases.get(signature);
    const known = there?.published == null ? caseOfOthers(finding) : there;
    const models = [...new Set([...known.models, ...finding.models])].sort();
    const stage = 'published' as const;
    const one = { ...known, stage, discovery: null, record: null, models, isStored: true };
    this.cases.set(signature, one);
    this.publish(one, { ...finding, models }, reproDigest, known.published?.publishedMs ?? atMs);
  }

  forget(signature: string): void {
    this.cases.delete(signature);
    this.listed = null;
  }

  private publish(
    one: Case,
    finding: StoredFinding,
    reproDigest: string,
    publishedMs: number,
  ): void {
    this.revision += 1;
    this.listed = null;
    // What another build wrote may lack fields.
    one.published = { revision: this.revision, publishedMs, finding: keptOf(finding), reproDigest };
  }

  /** What is published says so, and must be stored again. */
  private foundOn(one: Case, models: readonly string[]): void {
    const all = [...new Set([...one.models, ...models])].sort();
    const { published } = one;
    const isMore = all.length > one.models.length;
    one.models = all;
    if (published === null || !isMore) return;
    this.revision += 1;
    this.listed = null;
    const finding = { ...published.finding, models: all };
    one.published = { ...published, revision: this.revision, finding };
  }
}

/** What there is of a listed finding beside its folder; a record that is not verified is not it. */
export function recordToStore({ stage, record }: Case): PackedRecord | null {
  return stage === 'published' ? record : null;
}

/** The witness of a report that opens a case. */
export function discoveryOf(
  model: string,
  batch: number,
  witness: Witness,
  runsBefore: number,
): Discovery {
  const runsToFirst = runsTo(witness, runsBefore);
  return { signature: witness.signature, model, witness, batch, runsToFirst };
}

/** Null if this build cannot read the repro. */
function discoveryOfRecord({ finding, repro, howFound }: PackedRecord): Discovery | null {
  try {
    const { input, signature, origin } = parseRepro(repro, 'log');
    const { scheduler } = howFound;
    const witness = { signature, text: printInput(input), run: origin?.run ?? 0, scheduler };
    const { model, runsToFirst } = finding;
    return { signature, model, witness, batch: origin?.batch ?? 0, runsToFirst };
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** What a result says of a finding that is dropped, for people; null if none is. */
export function droppedText(result: Result): string | null {
  if (result.kind === 'minimize' && result.record === null) {
    return `dropped a witness of "${result.signature}": this build does not show it`;
  }
  if (result.kind === 'verify' && !result.isSame) {
    return `dropped a repro of "${result.signature}": another executor ran it otherwise`;
  }
  return null;
}

function isSettled(one: Case): boolean {
  return one.stage !== 'refuted' || isLeftAlone(one);
}

function isLeftAlone({ refuted }: Case): boolean {
  return refuted >= REFUTED_MAX;
}

/** What is listed stays so: only its new witness came to nothing. */
function refute(one: Case): void {
  one.stage = one.published === null ? 'refuted' : 'published';
  one.refuted += 1;
  one.discovery = null;
  one.quarantined = 0;
}

function revisionOf({ published }: Case): number {
  return published?.revision ?? 0;
}

/** Only an inversion wants more witnesses: the deadlock that it foretells. */
function caseOfOthers({ signature, class: symptom }: StoredFinding): Case {
  return { ...emptyCase(signature), buckets: symptom === 'lock-order' ? [] : [signature] };
}

function emptyCase(signature: string): Case {
  return {
    signature,
    stage: 'minimize',
    buckets: [],
    discovery: null,
    waiting: [],
    record: null,
    executor: NO_EXECUTOR,
    minimizedMs: 0,
    quarantined: 0,
    refuted: 0,
    models: [],
    notOn: [],
    hits: 0,
    isCompared: false,
    isStored: false,
    published: null,
  };
}
