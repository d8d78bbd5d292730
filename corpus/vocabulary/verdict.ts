/** What a run came to. A violation is data, never an exception. */

/**
 * Symptom classes of locking 4.2, as signatures and pages spell them. The rank is the order of severity: 0 corrupts somebody else, 1 loses data, 2 shows what is wrong, 3 hangs, then what only may.
 */
export const VIOLATION_CLASSES = {
  deadlock: { oracle: 'O1', rank: 3, title: 'deadlock' },
  'lost-wakeup': { oracle: 'O2', rank: 3, title: 'lost wake-up' },
  'never-ends': { oracle: 'O3', rank: 3, title: 'operation that never ends' },
  'stale-pte': { oracle: 'O4', rank: 0, title: 'stale pte to a freed or foreign block' },
  'foreign-block': {
    oracle: 'O4',
    rank: 0,
    title: 'use of a block that is not, or no longer, its own',
  },
  'stale-page': { oracle: 'O4', rank: 0, title: 'cached page of a block that is gone' },
  'pinned-block': {
    oracle: 'O15',
    rank: 0,
    title: 'DMA into a block that was taken from its page',
  },
  'pte-after-revoke': { oracle: 'O4', rank: 0, title: 'pte into a removed device' },
  'zero-page': { oracle: 'O5', rank: 2, title: 'zero page still mapped' },
  'lost-write': { oracle: 'O6', rank: 1, title: 'lost write' },
  'lost-size': { oracle: 'O6', rank: 1, title: 'i_size is not what complete operations left' },
  'stale-data': { oracle: 'O7', rank: 2, title: 'stale data exposed' },
  durability: { oracle: 'O8', rank: 1, title: 'data lost in a power failure after fsync' },
  'crash-exposure': {
    oracle: 'O17',
    rank: 2,
    title: "power failure exposes a previous owner's data",
  },
  'beyond-eof': { oracle: 'O9', rank: 4, title: 'mapping beyond EOF' },
  'block-accounting': {
    oracle: 'O16',
    rank: 5,
    title: 'block that is free and in use, or neither',
  },
  'bad-release': { oracle: 'O10', rank: 6, title: 'release of a lock that is not held' },
  'lock-leak': { oracle: 'O10', rank: 6, title: 'lock still held when the operation returns' },
  'lock-missing': { oracle: 'O10', rank: 6, title: 'required lock is not held' },
  'lock-order': { oracle: 'O11', rank: 8, title: 'lock-order inversion' },
  'spurious-error': { oracle: 'O12', rank: 7, title: 'error inside EOF' },
  'page-table': { oracle: 'O13', rank: 6, title: 'huge page and table of ptes in one slot' },
  'cache-structure': {
    oracle: 'O14',
    rank: 6,
    title: 'page cache and page tables contradict each other',
  },
} as const satisfies Record<string, { oracle: string; rank: number; title: string }>;

export type ViolationClass = keyof typeof VIOLATION_CLASSES;

export function isViolationClass(name: string | undefined): name is ViolationClass {
  return name !== undefined && Object.hasOwn(VIOLATION_CLASSES, name);
}

/** Signatures that several classes share begin with one of these; it counts for the first of them. */
const LOCKS: readonly ViolationClass[] = ['deadlock', 'lock-order'];
const SHARED: Readonly<Record<string, readonly ViolationClass[]>> = {
  unfenced: ['stale-pte', 'foreign-block', 'beyond-eof', 'zero-page', 'stale-data'],
  'lock-self': LOCKS,
  'lock-twice': LOCKS,
  'lock-cycle': LOCKS,
};

/** What a fault that truncate did not keep out does to the block before it maps it. */
const TRUNCATED: readonly ViolationClass[] = ['stale-pte', 'beyond-eof'];

/** The classes that a signature may have, the one that it counts for first; none for what is no signature. */
function classesOf(signature: string): readonly ViolationClass[] {
  const [word = ''] = signature.split(' ');
  if (isViolationClass(word))
    return [word, ...(TRUNCATED.includes(word) ? (['foreign-block'] as const) : [])];
  return Object.hasOwn(SHARED, word) ? (SHARED[word] ?? []) : [];
}

export function classOfSignature(signature: string): ViolationClass | null {
  return classesOf(signature)[0] ?? null;
}

export function isSignatureOf(signature: string, symptom: ViolationClass): boolean {
  return classesOf(signature).includes(symptom);
}

/** The lock of `faultLock:W->R`, alone or before its modes. */
const LOCK_PART = /^[\w-]+(?=$|:)/;

/** What a finding is called that is in no row of the catalogue: one or two words that its signature begins with, and the rest. */
const TITLES: Readonly<Record<string, (rest: readonly string[]) => string>> = {
  unfenced: ([operation]) => `${operation} does not keep a fault out`,
  'lock-self': ([lock]) => `a thread waits for ${lock} that it holds itself`,
  'lock-twice': ([lock]) => `two of ${lock} in both orders`,
  'lock-cycle': (locks) =>
    locks.length === 2 ? `${locks.join(' and ')} in both orders` : `cycle of ${locks.join(', ')}`,
  'lock-leak': ([lock, operation]) => `${operation} returns with ${lock} held`,
  'lock-missing': ([lock, step]) => `${step} without ${lock}`,
  'bad-release': ([lock, step]) => `${step} releases ${lock}, which is not held`,
  'stale-pte unlinked': () => 'an area leaves i_mmap with its ptes in place',
  'stale-pte not-unmapped': ([, operation]) => `${operation} takes a block and leaves its pte`,
  'pinned-block': ([operation]) => `${operation} takes a block that a device still writes to`,
  'lost-write early-size': ([, operation]) => `${operation} raises i_size before its data is there`,
  'lost-write swapped': () => 'a copy that takes the place of the file lacks complete data',
  'lost-write unconverted': () => 'data is complete in an extent that is not converted',
  'stale-data early': ([, step]) => `${step} makes a block visible that is zeroed later`,
  'stale-data leftover': ([, step]) => `${step} makes a block visible that is never zeroed`,
  'durability uncommitted': ([, step]) => `a sync returns before what ${step} did is committed`,
  'durability tagged': ([, operation]) => `${operation} passes by an entry that is tagged`,
  'durability untagged': () => 'fsync finds no tag at the entry of what was stored',
  'durability no-entry': () => 'fsync finds no entry for what was stored',
  'page-table pte-under-huge': () => 'a pte goes in where a huge page is mapped',
  'page-table huge-over-table': () => 'a huge page goes in where there is a table of ptes',
  'cache-structure no-vma': ([, path]) => `a pte stays where no vma is, because of ${path}`,
};

/** @param lockName what the model calls a lock: signatures have the names of the table */
export function titleOf(
  signature: string,
  lockName: (lock: string) => string = (lock) => lock,
): string {
  const [word = '', ...words] = signature.split(' ');
  const rest = words.map((part) => part.replace(LOCK_PART, lockName));
  const known = [`${word} ${rest[0]}`, word].find((key) => Object.hasOwn(TITLES, key));
  const title = known === undefined ? undefined : TITLES[known];
  if (title !== undefined) return title(rest);
  const what = isViolationClass(word) ? VIOLATION_CLASSES[word].title : word;
  return [what, ...(rest.length === 0 ? [] : [rest.join(' ').replaceAll('|', ' against ')])].join(
    ': ',
  );
}

export interface Violation {
  readonly class: ViolationClass;
  /** What the finding is known by (workers/oracles/signature.ts). */
  readonly signature: string;
  readonly fatal: boolean;
  /** The visible step, counted from 1, during which the oracle spoke. */
  readonly step: number;
  /** One sentence with the particulars: which page, which writer. */
  readonly detail: string;
  /** It was looked for when no operation was under way: the step is the last one before, and did nothing wrong. */
  readonly isAtRest: boolean;
  /** Which operations took the locks of a cycle, and which under which, one a line; '' for all other classes. */
  readonly site: string;
}

/** What a campaign wants a witness of: a signature, and of a cycle of locks each way into it. */
export function bucketOf({ signature, class: symptom, site }: Bucketed): string {
  return site === '' ? signature : `${signature}: ${symptom} ${site.replaceAll('\n', ', ')}`;
}

export type Bucketed = Pick<Violation, 'signature' | 'class' | 'site'>;

/** A signature, or its form in one class: the deadlock, where an inversion foretells it. */
export type Wanted = string | Pick<Violation, 'signature' | 'class'>;

export function isWanted(violation: Violation, wanted: Wanted): boolean {
  if (typeof wanted === 'string') return violation.signature === wanted;
  return violation.signature === wanted.signature && violation.class === wanted.class;
}

/** Of the violations that are wanted the one of the worst class. */
export function worstOf(violations: readonly Violation[], wanted: Wanted): Violation | undefined {
  return violations
    .filter((violation) => isWanted(violation, wanted))
    .reduce<Violation | undefined>(
      (worst, one) => (worst === undefined || rankOf(one) < rankOf(worst) ? one : worst),
      undefined,
    );
}

export function rankOf({ class: symptom }: Pick<Violation, 'class'>): number {
  return VIOLATION_CLASSES[symptom].rank;
}

export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'violation'; readonly violations: readonly Violation[] }
  | {
      readonly kind: 'inconclusive';
      readonly why: 'step budget' | 'simulator room';
      /** The thread and step where it ran out: `T0 in fault/findPage`. */
      readonly at: string;
    };
