/** The simulator under one model in place of a kernel, changed as a test likes it. */
import { kindsPlayed, type Seen } from '../../deploy/lab/conform/cases.ts';
import type { Conformed, Real } from '../../deploy/lab/conform/conform.ts';
import { simulate } from '../../deploy/lab/conform/simulator.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';

/** What a file system would show whose paths were those of the model. */
export function as(
  reference: string,
  change: (lines: readonly string[]) => readonly string[] = same,
): Real {
  const program = compile(modelOf(reference));
  const play: Real['play'] = async (cases) =>
    cases.map((input): Seen => ({ lines: change(simulate(program, input).seen), split: -1 }));
  return { kinds: kindsPlayed(reference.includes('reflink=on')), hasDax: true, play };
}

function same(lines: readonly string[]): readonly string[] {
  return lines;
}

export const UNTOLD = { played: () => {}, shrinking: () => {} };

/** Of each difference. */
export function operationsOf({ differences }: Conformed): readonly string[] {
  return differences.map(({ input }) =>
    input.threads.flatMap(({ ops }) => ops.map(({ kind }) => kind)).join(' '),
  );
}
