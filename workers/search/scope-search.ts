/** A scope (vocabulary/scope.ts) as the universe that it is to one model, and a part of it searched. Pure. */
import {
  Enumeration,
  operationsOf,
  RAW_COUNT_MAX,
  rawCountOf,
  type Universe,
} from '../../corpus/breeding/universe.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { SweepSource } from '../../corpus/vocabulary/messages.ts';
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import type { Scope, ScopePart } from '../../corpus/vocabulary/scope.ts';
import { NO_ENTRY, type Program } from '../kernel/program.ts';
import type { Engine } from '../run/engine.ts';
import { type Counterexample, explore } from './exhaustive.ts';
import { joined, NOTHING_SWEPT, sweptOf } from './sweep.ts';

/** Told of each workload that goes wrong. */
export type Found = (workload: Workload, violations: readonly Counterexample[]) => void;

export class ScopeSearch {
  private readonly engine: Engine;
  /** Of the scope that was asked for last: a campaign goes through them one by one. */
  private latest: { readonly key: string; readonly enumeration: Enumeration } | null = null;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** @throws Refusal USAGE if there are too many workloads to count */
  search({ scope, from, to, states, statesMax }: SweepSource, found: Found): ScopePart {
    const universe = universeOfScope(scope, this.engine.program);
    const enumeration = this.enumerationOf(universe);
    let total = NOTHING_SWEPT;
    const end = (to ?? enumeration.count) - from;
    for (const workload of enumeration.workloadsFrom(from)) {
      if (total.workloads >= end || total.states >= states) break;
      const searched = explore(this.engine, workload, { statesMax, all: true });
      if (searched.violations.length > 0) found(workload, searched.violations);
      total = joined(total, sweptOf(searched, from + total.workloads, [], true));
    }
    const { workloads, transitions, pairs, cut, met } = total;
    return {
      from,
      to: from + workloads,
      of: enumeration.count,
      kinds: universe.kinds,
      states: total.states,
      transitions,
      pairs,
      inconclusive: cut.states + cut.room + cut.liveness,
      signatures: met.map(({ signature }) => signature).sort(),
    };
  }

  private enumerationOf(universe: Universe): Enumeration {
    const key = JSON.stringify(universe);
    if (this.latest?.key === key) return this.latest.enumeration;
    if (rawCountOf(universe) > RAW_COUNT_MAX) {
      throw fail('USAGE', { what: `a scope has more than ${RAW_COUNT_MAX} workloads: ${key}` });
    }
    const enumeration = new Enumeration(universe);
    this.latest = { key, enumeration };
    return enumeration;
  }
}

/** Without the kinds that the model lacks, and those that have no operation on so few pages. */
export function universeOfScope({ threads, ops, pages, kinds }: Scope, program: Program): Universe {
  const universe: Universe = {
    threads,
    ops,
    files: 1,
    pages,
    lines: 1,
    kinds: [],
    sharings: ['shared'],
  };
  const asked = kinds ?? OP_KINDS;
  return {
    ...universe,
    kinds: OP_KINDS.filter((kind) => {
      if (!asked.includes(kind) || program.entry[kind] === NO_ENTRY) return false;
      return operationsOf({ ...universe, kinds: [kind] }).length > 0;
    }),
  };
}
