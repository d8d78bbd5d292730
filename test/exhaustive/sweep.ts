/** One hand of the small sweep on one model, every interleaving of it; and hands put together again. */
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { renderColumns } from '../../workers/views/columns.ts';
import { ALL_OPS, SWEEP_OPS, smallSweep } from '../support/small-sweep.ts';

/** The largest workload of the sweep has some 20 000 states. */
const STATES_MAX = 1_000_000;

const V42 = 'B09 B10 B11 B12 B14 B15 B16 B17 B33 B34 B51 B55';

/** What fits into the small sweep. B28 needs three threads, and so does the deadlock of B04. */
export const FITS: Readonly<Record<string, readonly string[]>> = {
  'v42-immap-read': ids(`${V42} F01`),
  'v43rc-immap-write': ids(`B01 B02 B03 B04 ${V42} B13 B50`),
  'xfs-mmaplock-prezero': ids('B10 B11'),
  'v48-entry-lock': ids('B11 B18 B20 B53 B56'),
  pagecache: ids('B15 B42 B43'),
};

export interface Hand {
  readonly model: string;
  readonly part: number;
  readonly parts: number;
  /** All operations there are, not only those of the small sweep. */
  readonly isWhole: boolean;
}

export interface Swept {
  readonly model: string;
  readonly workloads: number;
  readonly states: number;
  readonly transitions: number;
  readonly inconclusive: number;
  /** Workloads that showed each signature. */
  readonly hits: Readonly<Record<string, number>>;
  /** What the model does not expect, as columns: one of each signature. */
  readonly surprises: Readonly<Record<string, string>>;
}

export function sweep({ model: reference, part, parts, isWhole }: Hand): Swept {
  const model = modelOf(reference);
  const engine = new Engine(model);
  const total = { workloads: 0, states: 0, transitions: 0, inconclusive: 0 };
  const hits: Record<string, number> = {};
  const surprises: Record<string, string> = {};
  for (const workload of smallSweep(part, parts, isWhole ? ALL_OPS : SWEEP_OPS)) {
    if (engine.lackingIn(workload) !== null) continue;
    const found = explore(engine, workload, { statesMax: STATES_MAX, all: true });
    total.workloads++;
    total.states += found.states;
    total.transitions += found.transitions;
    if (found.verdict === 'inconclusive') total.inconclusive++;
    for (const { signature, traced } of found.violations) {
      hits[signature] = (hits[signature] ?? 0) + 1;
      const known = rowOf(signature);
      if (known !== null && model.expect.find.includes(known.id)) continue;
      const input = { ...workload, schedule: traced.schedule };
      const subject = { signature, name: known?.id ?? 'new', pair: null };
      surprises[signature] ??= renderColumns(model, input, traced, subject);
    }
  }
  return { model: reference, ...total, hits, surprises };
}

export function together(model: string, hands: readonly Swept[]): Swept {
  const sum = (count: (hand: Swept) => number): number =>
    hands.reduce((before, hand) => before + count(hand), 0);
  const signatures = [...new Set(hands.flatMap(({ hits }) => Object.keys(hits)))].sort();
  return {
    model,
    workloads: sum((hand) => hand.workloads),
    states: sum((hand) => hand.states),
    transitions: sum((hand) => hand.transitions),
    inconclusive: sum((hand) => hand.inconclusive),
    hits: Object.fromEntries(signatures.map((one) => [one, sum(({ hits }) => hits[one] ?? 0)])),
    surprises: Object.assign({}, ...hands.map(({ surprises }) => surprises)),
  };
}

/** Rows of the catalogue that it shows, sorted; `new` for what is in none. */
export function idsIn({ hits }: Swept): readonly string[] {
  return ids(
    Object.keys(hits)
      .map((signature) => rowOf(signature)?.id ?? 'new')
      .join(' '),
  );
}

function ids(words: string): readonly string[] {
  return [...new Set(words.split(' '))].sort();
}

/** Reviewed like code: another count is a decision. */
export function sweptText(swept: Swept): string {
  const { model, workloads, states, transitions, hits } = swept;
  const rows = Object.entries(hits).map(
    ([signature, count]) =>
      `${String(count).padStart(6)}  ${(rowOf(signature)?.id ?? 'new').padEnd(4)} ${signature}`,
  );
  const head = `${model}: ${workloads} workloads, ${states} states, ${transitions} transitions`;
  return `${[head, ...rows].join('\n')}\n`;
}
