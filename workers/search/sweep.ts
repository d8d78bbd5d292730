/**
 * A part of a universe (corpus/breeding/universe.ts) searched, every interleaving of each workload, and parts put
 * together. Pure: what comes out depends on neither the size of the parts nor who searched them.
 */
import type { Enumeration } from '../../corpus/breeding/universe.ts';
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Engine } from '../run/engine.ts';
import type { SearchResult } from './exhaustive.ts';
import { exploreWithin } from './preemption-bounded.ts';

/** What a violation must be to count. */
export interface Filter {
  /** Rows of the catalogue that are passed by. */
  readonly ignored: readonly string[];
  /** The one class that is asked for. */
  readonly onlyClass: string | null;
}

export interface SweepOptions extends Filter {
  /** Of each workload. */
  readonly statesMax: number;
  /** Go on after the first workload that goes wrong. */
  readonly all: boolean;
  /** The most preemptions of an interleaving; null for all interleavings. */
  readonly preemptions: number | null;
}

/** A signature, the first workload that showed it, by its number, and how many did. */
interface Met {
  readonly signature: string;
  readonly first: number;
  readonly workloads: number;
}

export type Cut = NonNullable<SearchResult['cutBy']>;

export interface Swept {
  readonly workloads: number;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Pairs of states that were told apart by their digests. */
  readonly pairs: number;
  /** Workloads that were not searched to the end, by what cut them. */
  readonly cut: Readonly<Record<Cut, number>>;
  /** In the order of the first workloads. */
  readonly met: readonly Met[];
  /** Signatures that were passed by, sorted. */
  readonly ignored: readonly string[];
  /** Orders of locks that the model's own order contradicts, sorted. */
  readonly contradictions: readonly string[];
}

export const NOTHING_SWEPT: Swept = {
  workloads: 0,
  states: 0,
  transitions: 0,
  depth: 0,
  pairs: 0,
  cut: { states: 0, room: 0, liveness: 0 },
  met: [],
  ignored: [],
  contradictions: [],
};

/** Slices from `from` up to, not including, `to`; unless all is asked for, up to the first workload that goes wrong. */
export function sweep(
  engine: Engine,
  enumeration: Enumeration,
  from: number,
  to: number,
  options: SweepOptions,
): Swept {
  const search = { ...options, counts: countsOf(options) };
  let total = NOTHING_SWEPT;
  for (let slice = from; slice < to; slice++) {
    const first = enumeration.firstOf(slice);
    for (const [i, workload] of enumeration.workloadsOf(slice).entries()) {
      engine.judge.contradictions.clear();
      const found = exploreWithin(engine, workload, search);
      const contradictions = [...engine.judge.contradictions].sort();
      total = joined(total, sweptOf(found, first + i, contradictions, options.all));
      if (total.met.length > 0 && !options.all) return total;
    }
  }
  return total;
}

export function countsOf({ ignored, onlyClass }: Filter): (violation: Violation) => boolean {
  return ({ signature, class: its }) =>
    (onlyClass === null || its === onlyClass) && !ignored.includes(rowOf(signature)?.id ?? '');
}

/** @param number of the workload */
export function sweptOf(
  found: SearchResult,
  number: number,
  contradictions: readonly string[],
  all: boolean,
): Swept {
  const { states, transitions, depth, ignored } = found;
  // A search that has what it was asked for may end early.
  const cutBy = all || found.violations.length === 0 ? found.cutBy : null;
  return {
    workloads: 1,
    states,
    transitions,
    depth,
    pairs: (states * (states - 1)) / 2,
    cut: cutBy === null ? NOTHING_SWEPT.cut : { ...NOTHING_SWEPT.cut, [cutBy]: 1 },
    met: found.violations.map(({ signature }) => ({ signature, first: number, workloads: 1 })),
    ignored,
    contradictions,
  };
}

/** @param b what comes after `a` */
export function joined(a: Swept, b: Swept): Swept {
  return {
    workloads: a.workloads + b.workloads,
    states: a.states + b.states,
    transitions: a.transitions + b.transitions,
    depth: Math.max(a.depth, b.depth),
    pairs: Math.min(a.pairs + b.pairs, Number.MAX_SAFE_INTEGER),
    cut: {
      states: a.cut.states + b.cut.states,
      room: a.cut.room + b.cut.room,
      liveness: a.cut.liveness + b.cut.liveness,
    },
    met: b.met.length === 0 ? a.met : joinedMet(a.met, b.met),
    ignored: united(a.ignored, b.ignored),
    contradictions: united(a.contradictions, b.contradictions),
  };
}

function joinedMet(a: readonly Met[], b: readonly Met[]): readonly Met[] {
  const met = new Map(a.map((one) => [one.signature, one]));
  for (const one of b) {
    const { first, workloads } = met.get(one.signature) ?? { first: one.first, workloads: 0 };
    met.set(one.signature, { ...one, first, workloads: workloads + one.workloads });
  }
  return [...met.values()];
}

function united(a: readonly string[], b: readonly string[]): readonly string[] {
  return b.every((one) => a.includes(one)) ? a : [...new Set([...a, ...b])].sort();
}
