/**
 * A finding: all violations with one signature, and what is said of its best repro. The pure half of
 * `corpus/store/finding-store.ts`; scripts read these fields in `--json`.
 */
import { canonicalJson, type Json, sha256Hex } from './json.ts';
import { NAME_BYTES_MAX, SIGNATURE_BYTES_MAX } from './limits.ts';
import { printRepro, type Repro } from './repro.ts';
import { printInput } from './text.ts';
import { rankOf, type ViolationClass } from './verdict.ts';

/** `forbidden`: the model says that it is clean of the row. `new`: it says nothing, or there is no row. */
export const STANDINGS = ['expected', 'new', 'forbidden'] as const;
export type Standing = (typeof STANDINGS)[number];

export interface Finding {
  /** SHA-256 of the signature and its version: one bug has one id, whoever finds it. */
  readonly id: string;
  readonly signature: string;
  readonly class: ViolationClass;
  readonly title: string;
  /** The catalogue's row, such as `B12`, where it is met on a built-in model. */
  readonly known: string | null;
  /** The row whose signature it has on a model that is not built in. */
  readonly looksLike: string | null;
  /** What the model of the repro says of that row. */
  readonly standing: Standing;
  /** The model of the repro. */
  readonly model: string;
  /** Every model that it was found on, in order. */
  readonly models: readonly string[];
  readonly threads: number;
  readonly operations: number;
  readonly preemptions: number;
  /** Of findings about locks, over all repros: `store: i_mmap_rwsem under page lock`. Of others empty. */
  readonly sites: readonly string[];
  /** How many runs it took; null where an exhaustive search found it. */
  readonly runsToFirst: number | null;
  /** Where the repro lies. */
  readonly file: string;
}

/** What is kept on disk: where it lies is the folder's business. */
export type StoredFinding = Omit<Finding, 'file'>;

/** How a finding came about, for people who wonder and for triage. */
export interface HowFound {
  readonly rngSeed: number | null;
  readonly batch: number | null;
  readonly run: number | null;
  readonly scheduler: string;
  /** Runs that minimizing took; null if it was not minimized. */
  readonly testsUsed: number | null;
  /** `needs exactly 2`, or how far that is proven. */
  readonly proof: string | null;
  /** The two adjacent steps whose order decides. */
  readonly criticalPair: readonly [string, string] | null;
}

/** All that is kept of a finding; schemas.ts reads it back from elsewhere. */
export interface FindingRecord {
  readonly finding: StoredFinding;
  readonly repro: Repro;
  readonly columns: string;
  readonly howFound: HowFound;
}

export interface PackedRecord {
  readonly finding: StoredFinding;
  /** The repro's text. */
  readonly repro: string;
  readonly columns: string;
  readonly howFound: HowFound;
}

/** Characters of an id that people see and type. */
const ID_SHOWN = 12;
/** Fewer characters of an id than these name nothing. */
export const ID_PREFIX_MIN = 6;

/** A sentence, or the signature in words. */
export const TITLE_LENGTH_MAX = 2 * SIGNATURE_BYTES_MAX;

/** What a signature is made of has changed once; the first kind was hashed without a number. */
const SIGNATURE_VERSION = 2;

/** Fields that findings of an earlier version lack. */
const LATER: Pick<StoredFinding, 'looksLike' | 'standing' | 'sites'> = {
  looksLike: null,
  standing: 'new',
  sites: [],
};
/** A dozen kinds of operations, two locks: more says nothing more. */
export const SITES_MAX = 16;
export const SITE_LENGTH_MAX = 4 * NAME_BYTES_MAX;

export function findingId(signature: string): string {
  return sha256Hex(`${SIGNATURE_VERSION} ${signature}`);
}

/** Of this version or of the first, which `rerun` files anew. */
export function isIdOf(id: Json | undefined, signature: string): boolean {
  return id === findingId(signature) || id === sha256Hex(signature);
}

export function shownId(id: string): string {
  return id.slice(0, ID_SHOWN);
}

export function isFindingId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** What is said of one finding by two that kept it, about the repro that is kept. */
export function merged(kept: StoredFinding, other: StoredFinding): StoredFinding {
  return {
    ...kept,
    models: union(kept.models, other.models),
    sites: union(kept.sites, other.sites).slice(0, SITES_MAX),
  };
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

/** `B12`, `like B12` or `new`, for lists. */
export function rowLabel({ known, looksLike }: Pick<Finding, 'known' | 'looksLike'>): string {
  return known ?? (looksLike === null ? 'new' : `like ${looksLike}`);
}

/** Columns of a label: `like B12`. */
export const ROW_LABEL_WIDTH = 8;

/** Canonical JSON of what is kept. */
export function printFinding(finding: StoredFinding): string {
  return canonicalJson(keptOf(finding));
}

/** The fields, without what a newer build may have added. */
export function keptOf(finding: StoredFinding): StoredFinding {
  const whole = { ...LATER, ...finding };
  return {
    id: whole.id,
    signature: whole.signature,
    class: whole.class,
    title: whole.title,
    known: whole.known,
    looksLike: whole.looksLike,
    standing: whole.standing,
    model: whole.model,
    models: whole.models,
    threads: whole.threads,
    operations: whole.operations,
    preemptions: whole.preemptions,
    sites: whole.sites,
    runsToFirst: whole.runsToFirst,
  };
}

/**
 * Which of two repros of one finding to keep: negative if the first, 0 if they are the same input. What else a
 * repro says, such as its model, makes it no better.
 */
function compareRepros(a: Repro, b: Repro): number {
  const [sizesA, sizesB] = [sizesOf(a), sizesOf(b)];
  const place = sizesA.findIndex((size, index) => size !== sizesB[index]);
  if (place >= 0) return (sizesA[place] ?? 0) - (sizesB[place] ?? 0);
  const [textA, textB] = [printInput(a.input), printInput(b.input)];
  if (textA.length !== textB.length) return textA.length - textB.length;
  return textA < textB ? -1 : textA > textB ? 1 : 0;
}

function sizesOf({ input }: Repro): readonly number[] {
  return [operationsOf(input.threads), input.threads.length, input.schedule.switches.length];
}

export function operationsOf(threads: readonly { readonly ops: readonly unknown[] }[]): number {
  return threads.reduce((sum, { ops }) => sum + ops.length, 0);
}

/** Whether it was found on a model; a name stands for itself with any toggles. */
export function isFoundOn({ models }: Pick<StoredFinding, 'models'>, wanted: string): boolean {
  return models.some((model) => model === wanted || model.startsWith(`${wanted}:`));
}

export function packRecord({ finding, repro, columns, howFound }: FindingRecord): PackedRecord {
  return { finding: keptOf(finding), repro: printRepro(repro), columns, howFound };
}

/** Which of two of one finding to keep: the graver one, or else the better repro; negative if the first. */
export function compareRecords(a: Kept, b: Kept): number {
  return rankOf(a.finding) - rankOf(b.finding) || compareRepros(a.repro, b.repro);
}

type Kept = { readonly finding: Pick<StoredFinding, 'class'>; readonly repro: Repro };
