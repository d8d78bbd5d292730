/**
 * A child of one or two workloads: a few operators, drawn by weight, on a copy of the first parent.
 */
import type { Workload } from '../vocabulary/input.ts';
import type { Random } from '../vocabulary/random.ts';
import { canonicalSetup } from '../vocabulary/text.ts';
import { checkWorkload } from '../vocabulary/validate.ts';
import type { Draft, Operator } from './operators.ts';
import { OPERATORS } from './operators.ts';
import { COMMON, deck, decksOf, OPERATOR_COUNT_WEIGHTS, type Vocabulary } from './weights.ts';

const OPERATOR_DECK = deck(OPERATORS.map((operator) => [operator, operator.weight] as const));
const COUNTS = deck(OPERATOR_COUNT_WEIGHTS);

/**
 * Operators tried for one change: with any workload more than a third of the deck finds something.
 */
const TRIES_PER_CHANGE = 16;

/**
 * Valid if the parent is; the parent itself where no operator finds anything to change.
 * @param vocabulary what new operations may be
 */
export function mutate(
  rng: Random,
  parent: Workload,
  other: Workload | null,
  vocabulary: Vocabulary = COMMON,
): Workload {
  const draft = draftOf(parent, vocabulary);
  for (let left = rng.pick(COUNTS); left > 0; left--) change(draft, rng, other);
  const child = workloadOf(draft);
  return checkWorkload(child) === null ? child : parent;
}

/**
 * One operator alone, for tests and for whoever studies their effect; null if it changed nothing.
 */
export function mutateBy(
  operator: Operator,
  rng: Random,
  parent: Workload,
  other: Workload | null,
): Workload | null {
  const draft = draftOf(parent, COMMON);
  return operator.apply(draft, rng, other) ? workloadOf(draft) : null;
}

function change(draft: Draft, rng: Random, other: Workload | null): void {
  for (let tries = 0; tries < TRIES_PER_CHANGE; tries++) {
    if (rng.pick(OPERATOR_DECK).apply(draft, rng, other)) return;
  }
}

function draftOf({ setup, threads }: Workload, vocabulary: Vocabulary): Draft {
  return {
    decks: decksOf(vocabulary),
    files: [...setup.files],
    processes: [...setup.processes],
    threads: threads.map(({ process, ops }) => ({ process, ops: [...ops] })),
  };
}

function workloadOf({ files, processes, threads }: Draft): Workload {
  return {
    setup: canonicalSetup({ files, processes }),
    threads: threads.map(({ process, ops }) => ({ process, ops })),
  };
}
