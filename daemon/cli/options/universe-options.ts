/** The flags that state a universe for `check`, and what is wrong with them. */
import {
  operationsOf,
  RAW_COUNT_MAX,
  rawCountOf,
  type Universe,
} from '../../../corpus/breeding/universe.ts';
import { fail, type Refusal } from '../../../corpus/vocabulary/errors.ts';
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import {
  FILES,
  LINES_PER_PAGE,
  OPS,
  PAGE_BYTES,
  PAGES,
  THREADS,
} from '../../../corpus/vocabulary/limits.ts';
import { nearestHint } from '../../../corpus/vocabulary/nearest.ts';
import {
  OP_KINDS,
  type Op,
  type OpKind,
  SHARINGS,
  type Sharing,
} from '../../../corpus/vocabulary/ops.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import type { Engine } from '../../../workers/run/engine.ts';
import { counted, quoted } from '../output/render-finding.ts';

export interface UniverseFlags {
  readonly threads?: number | undefined;
  readonly ops?: number | undefined;
  readonly pages?: number | undefined;
  readonly files?: number | undefined;
  readonly lines?: number | undefined;
  readonly operations?: string | undefined;
  readonly mappings?: string | undefined;
}

/** Any of the flags states a universe; the others are as small as they can be. */
export function isUniverse({
  threads,
  ops,
  pages,
  files,
  lines,
  ...named
}: UniverseFlags): boolean {
  const given = [threads, ops, pages, files, lines, named.operations, named.mappings];
  return given.some((one) => one !== undefined);
}

/** @throws Refusal USAGE */
export function universeOf(flags: UniverseFlags, engine: Engine, reference: string): Universe {
  const sizes = {
    threads: sizeOf('threads', flags.threads ?? 2, THREADS),
    ops: sizeOf('ops', flags.ops ?? 2, OPS),
    pages: sizeOf('pages', flags.pages ?? 1, PAGES),
    files: sizeOf('files', flags.files ?? 1, FILES),
    lines: sizeOf('lines', flags.lines ?? 1, LINES_PER_PAGE),
  };
  const sharings = sharingsOf(flags.mappings, engine, reference);
  const kinds = kindsOf(flags.operations, { ...sizes, sharings, kinds: [] }, engine, reference);
  const universe = { ...sizes, kinds, sharings };
  const count = rawCountOf(universe);
  if (count <= RAW_COUNT_MAX) return universe;
  const remedy = 'lower --threads, --ops or --pages, or name fewer --operations';
  throw usage(
    `${universeText(universe)}: about ${count.toExponential(0)} workloads, more than ${RAW_COUNT_MAX.toExponential(0)}; ${remedy}`,
  );
}

/** As the first line of a check has it. */
export function universeText(universe: Universe): string {
  const { threads, ops, files, pages, lines, kinds, sharings } = universe;
  return [
    `up to ${counted(threads, 'thread')} of up to ${counted(ops, 'operation')}`,
    `${counted(files, 'file')} of ${counted(pages, 'page')} in every state, mapped ${sharings.join(' or ')}`,
    `${counted(lines, 'line')} a page`,
    `over ${kinds.join(' ')}`,
  ].join(', ');
}

function usage(what: string): Refusal {
  return fail('USAGE', { what });
}

function sizeOf(flag: string, size: number, most: number): number {
  if (size <= most) return size;
  throw usage(`--${flag} is ${size}; it can be 1 to ${most}`);
}

/** In the order of the table of operations, so that one universe has one name. */
function kindsOf(
  named: string | undefined,
  universe: Universe,
  engine: Engine,
  reference: string,
): readonly OpKind[] {
  const firstOf = (kind: OpKind): Op | undefined => operationsOf({ ...universe, kinds: [kind] })[0];
  const has = (kind: OpKind): boolean =>
    isRunnable(engine, universe, universe.sharings[0], firstOf(kind));
  const known = OP_KINDS.filter(has);
  if (named === undefined) return known.filter((kind) => firstOf(kind) !== undefined);
  const kinds = wordsOf('operations', 'operation', named, OP_KINDS);
  for (const kind of kinds) {
    if (!known.includes(kind)) {
      throw usage(
        `--operations ${kind}: ${reference} has no such operation; it has ${known.join(', ')}`,
      );
    }
    if (firstOf(kind) === undefined) {
      throw usage(
        `--operations ${kind}: it takes pages before the last one, and --pages is ${universe.pages}; type --pages ${universe.pages + 1}`,
      );
    }
  }
  return OP_KINDS.filter((kind) => kinds.includes(kind));
}

function sharingsOf(
  named: string | undefined,
  engine: Engine,
  reference: string,
): readonly Sharing[] {
  if (named === undefined) return ['shared'];
  const sharings = wordsOf('mappings', 'mapping', named, SHARINGS);
  const one = { threads: 1, ops: 1, files: 1, pages: 1, lines: 1, kinds: [] };
  const lacking = sharings.find(
    (sharing) => !isRunnable(engine, { ...one, sharings }, sharing, undefined),
  );
  if (lacking !== undefined) {
    throw usage(`--mappings ${lacking}: ${reference} has no such mapping; type --mappings shared`);
  }
  return SHARINGS.filter((sharing) => sharings.includes(sharing));
}

/** `a,b` of words that are known. */
function wordsOf<T extends string>(
  flag: string,
  noun: string,
  text: string,
  known: readonly T[],
): readonly T[] {
  return text.split(',').map((given) => {
    const word = known.find((one) => one === given.trim());
    if (word !== undefined) return word;
    const hint = nearestHint(given, known);
    const remedy = hint === '' ? `; there are ${known.join(', ')}` : hint;
    throw usage(`--${flag} ${printable(text)}: there is no ${noun} "${printable(given)}"${remedy}`);
  });
}

function isRunnable(
  engine: Engine,
  { pages }: Universe,
  sharing: Sharing = 'shared',
  op: Op | undefined,
): boolean {
  const size = pages * PAGE_BYTES;
  const workload: Workload = {
    setup: {
      files: [{ size, pages: [] }],
      processes: [{ areas: [{ file: 0, offset: 0, length: size, sharing }] }],
    },
    threads: [{ process: 0, ops: op === undefined ? [] : [op] }],
  };
  return engine.lackingIn(workload) === null;
}

/** The flags as they are typed. */
export function universeWords(flags: UniverseFlags): readonly string[] {
  const given = ['threads', 'ops', 'pages', 'files', 'lines', 'operations', 'mappings'] as const;
  return given.flatMap((flag) => {
    const value = flags[flag];
    return value === undefined ? [] : [`--${flag}`, quoted(`${value}`)];
  });
}
