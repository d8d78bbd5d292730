/** Which operations of different threads stand in the workloads that a campaign keeps: each was kept for something new. Pure. */
import { OP_KINDS, type OpKind } from '../../corpus/vocabulary/ops.ts';

export interface Pairs {
  readonly kinds: readonly OpKind[];
  /** Workloads that have operations of both kinds in two threads: by the first kind, then by the second; symmetric. */
  readonly counts: readonly (readonly number[])[];
}

const NAMES: readonly string[] = OP_KINDS;

/** @param texts inputs; only the lines of their threads are looked at */
export function pairsIn(texts: Iterable<string>): Pairs {
  const counts = OP_KINDS.map(() => OP_KINDS.map(() => 0));
  for (const text of texts) {
    for (const pair of pairsOf(text)) {
      const [a = 0, b = 0] = pair.split(' ').map(Number);
      const row = counts[a] as number[];
      row[b] = (row[b] ?? 0) + 1;
    }
  }
  return { kinds: OP_KINDS, counts };
}

/** Numbers of kinds, each pair once in both orders. */
function pairsOf(text: string): ReadonlySet<string> {
  const threads: Set<number>[] = [];
  for (const line of text.split('\n')) {
    const [word = ''] = line.split(' ');
    const kind = NAMES.indexOf(word);
    if (word === 'thread') threads.push(new Set());
    else if (kind >= 0) threads.at(-1)?.add(kind);
  }
  const pairs = new Set<string>();
  threads.forEach((own, i) => {
    threads.forEach((other, j) => {
      if (i !== j) for (const a of own) for (const b of other) pairs.add(`${a} ${b}`);
    });
  });
  return pairs;
}
