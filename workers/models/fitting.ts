/** Whether a model has a path for all that a workload does, and which model has where it lacks one. Pure. */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { OPERATIONS } from '../../corpus/vocabulary/ops.ts';
import type { Problem } from '../../corpus/vocabulary/validate.ts';
import type { Model } from '../kernel/path.ts';
import { lackingIn } from '../kernel/program.ts';
import { compile } from '../model/compile.ts';
import { CANARY_MODEL, canonicalReference, flavours, MODEL_NAMES, modelOf } from './registry.ts';

/**
 * The first place of each thing that the model has no path for.
 * @param variants of the model, or of its base, which are looked at before others
 */
export function unfitting(
  model: Model,
  workload: Workload,
  variants: Iterable<Variant>,
): readonly Problem[] {
  const lacks = lacksIn(model, workload);
  if (lacks.length === 0) return [];
  const remedy = remedyFor(workload, variants);
  return lacks.map(({ place, lacking }) => {
    return { place, what: `${canonicalReference(model)} has ${wordsFor(lacking)}; ${remedy}` };
  });
}

/** A model that may have it, and what to do for it. */
export interface Variant {
  readonly reference: string;
  readonly model: Model;
  /** Such as `type --model REF`. */
  readonly remedy: string;
}

type Lacking = NonNullable<ReturnType<typeof lackingIn>>;

function wordsFor(lacking: Lacking): string {
  if (lacking === 'MAP_SYNC') return 'no MAP_SYNC areas (`sync`)';
  if (lacking === 'O_DSYNC') return 'no synchronous writes (`sync`)';
  return `no operation "${lacking}" (${OPERATIONS[lacking].says})`;
}

function lacksIn(
  model: Model,
  { setup, threads }: Workload,
): readonly { readonly place: Problem['place']; readonly lacking: Lacking }[] {
  const program = compile(model);
  const noAreas = { ...setup, processes: [] };
  const all = [
    ...setup.processes.map((one, process) => ({
      place: { kind: 'process', process } as const,
      lacking: lackingIn(program, { setup: { ...setup, processes: [one] }, threads: [] }),
    })),
    ...threads.flatMap((one, thread) =>
      one.ops.map((op, i) => ({
        place: { kind: 'op', thread, op: i } as const,
        lacking: lackingIn(program, { setup: noAreas, threads: [{ ...one, ops: [op] }] }),
      })),
    ),
  ];
  const found = all.flatMap(({ place, lacking }) => (lacking === null ? [] : [{ place, lacking }]));
  return found.filter(({ lacking }, i) => found.findIndex((one) => one.lacking === lacking) === i);
}

function remedyFor(workload: Workload, variants: Iterable<Variant>): string {
  for (const list of [variants, builtInVariants()]) {
    for (const { reference, model, remedy } of list) {
      if (lackingIn(compile(model), workload) !== null) continue;
      return `${reference} has all of this input: ${remedy}`;
    }
  }
  return 'no built-in model has all of this input: leave that out, or give a model of your own a path';
}

/** As they are, then with each other value of one toggle. */
function* builtInVariants(): Generator<Variant> {
  const names = MODEL_NAMES.filter((name) => name !== CANARY_MODEL);
  for (const reference of new Set([...names, ...flavours()])) {
    yield { reference, model: modelOf(reference), remedy: `type --model ${reference}` };
  }
}
