/** What a run came to. A violation is data, never an exception. */

/** Symptom classes of dossier 4.2, as signatures and pages spell them. */
export const VIOLATION_CLASSES = {
  deadlock: { oracle: 'O1', title: 'deadlock' },
  'lost-wakeup': { oracle: 'O2', title: 'lost wake-up' },
  'stale-pte': { oracle: 'O4', title: 'stale pte to a freed or foreign block' },
  'pte-after-revoke': { oracle: 'O4', title: 'pte into a removed device' },
  'zero-page': { oracle: 'O5', title: 'zero page still mapped' },
  'lost-write': { oracle: 'O6', title: 'lost write' },
  'stale-data': { oracle: 'O7', title: 'stale data exposed' },
  durability: { oracle: 'O8', title: 'data lost in a power failure after fsync' },
  'crash-exposure': { oracle: 'O17', title: "power failure exposes a previous owner's data" },
  'beyond-eof': { oracle: 'O9', title: 'mapping beyond EOF' },
  'bad-release': { oracle: 'O10', title: 'release of a lock that is not held' },
  'lock-leak': { oracle: 'O10', title: 'lock still held when the operation returns' },
  'lock-missing': { oracle: 'O10', title: 'required lock is not held' },
  'lock-order': { oracle: 'O11', title: 'lock-order inversion' },
} as const satisfies Record<string, { oracle: string; title: string }>;

export type ViolationClass = keyof typeof VIOLATION_CLASSES;

export function isViolationClass(name: string | undefined): name is ViolationClass {
  return name !== undefined && Object.hasOwn(VIOLATION_CLASSES, name);
}

export interface Violation {
  readonly class: ViolationClass;
  /** `class object labels…`: never thread numbers, pages, addresses or the model's name. */
  readonly signature: string;
  readonly fatal: boolean;
  /** The visible step, counted from 1, during which the oracle spoke. */
  readonly step: number;
  /** One sentence with the particulars: which page, which writer. */
  readonly detail: string;
}

export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'violation'; readonly violations: readonly Violation[] }
  | { readonly kind: 'inconclusive'; readonly why: 'step budget' | 'simulator room' };
