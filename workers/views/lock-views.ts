/** A run's locks as kernel developers read them: a report in the shape of lockdep's, and the order in a comment. Pure. */
import type { Input } from '../../corpus/vocabulary/input.ts';
import { THREAD_NAMES } from '../../corpus/vocabulary/names.ts';
import { type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import type { Program } from '../kernel/program.ts';
import { compile } from '../model/compile.ts';
import { lockKey, lockSite } from '../oracles/signature.ts';
import { type LockEdge, lockEdges, type Site } from './lock-edges.ts';
import type { TracedRun } from './observe.ts';
import { WIDTH, wrap } from './wrap.ts';

/** The edge that closes a cycle, and those that lead from what it asks for back to what it holds. */
type Cycle = readonly [LockEdge, ...(readonly LockEdge[])];

/** Every way into the cycle of locks that a violation is about: of an inversion the oracle says only the last. */
export function lockSites(
  model: Model,
  input: Input,
  run: TracedRun,
  violation: Violation,
): readonly string[] {
  if (violation.site === '') return [];
  const said = violation.site.split('\n');
  if (violation.class !== 'lock-order') return said;
  const program = compile(model);
  const nameOf = (cls: number): string => program.lockNames[cls] ?? 'lock';
  const cycle = cycleOf(program, input, run, violation.signature) ?? [];
  const sites = cycle.map(({ held, asked, askedAt }) =>
    lockSite(kindAt(input, askedAt), nameOf(asked), nameOf(held)),
  );
  return [...new Set([...said, ...sites])].sort();
}

/** What a step has to do with the cycle of locks that a finding is about. */
export interface CycleMark {
  /** Counted from 1. */
  readonly step: number;
  /** `takes i_mmap_rwsem`, `asks for page lock under i_mmap_rwsem`. */
  readonly text: string;
}

/** None where it is about no cycle. */
export function cycleMarks(
  program: Program,
  input: Input,
  run: TracedRun,
  signature: string,
): readonly CycleMark[] {
  const violation =
    run.verdict.kind === 'violation' ? worstOf(run.verdict.violations, signature) : undefined;
  if (violation === undefined || violation.site === '') return [];
  const nameOf = (cls: number): string => program.lockNames[cls] ?? 'lock';
  const cycle = cycleOf(program, input, run, signature) ?? [];
  return cycle.flatMap(({ held, asked, heldAt, askedAt }) => [
    { step: heldAt.step, text: `takes ${nameOf(held)}` },
    { step: askedAt.step, text: `asks for ${nameOf(asked)} under ${nameOf(held)}` },
  ]);
}

/** Null where the finding is about no cycle of locks. */
export function renderLockdep(
  model: Model,
  input: Input,
  run: TracedRun,
  signature: string,
): string | null {
  const program = compile(model);
  const cycle = cycleOf(program, input, run, signature);
  if (cycle === undefined) return null;
  const nameOf = (cls: number): string => program.lockNames[cls] ?? 'lock';
  const siteOf = (site: Site): string => siteText(input, site);
  const [closing] = cycle;
  const lines = [
    RULE,
    ...wrap(`A MODEL'S REPORT, NOT A KERNEL'S: ${model.name}`),
    cycle.length === 1
      ? 'WARNING: possible recursive locking detected'
      : 'WARNING: possible circular locking dependency detected',
    RULE.replaceAll('=', '-'),
    ...wrap(`${siteOf(closing.askedAt)} is trying to acquire lock:`, '  '),
    `  (${nameOf(closing.asked)})`,
    '',
    'but task is already holding lock:',
    ...wrap(`  (${nameOf(closing.held)}), at: ${siteOf(closing.heldAt)}`, '      '),
    '',
    ...(cycle.length === 1 ? [] : ['which lock already depends on the new lock.', '']),
    'the existing dependency chain (in reverse order) is:',
    ...cycle
      .toReversed()
      .flatMap((edge, i) => [
        '',
        `-> #${cycle.length - 1 - i} (${nameOf(edge.asked)}):`,
        ...wrap(`       asked for at ${siteOf(edge.askedAt)}`, '         '),
        ...wrap(
          `       under (${nameOf(edge.held)}), asked for at ${siteOf(edge.heldAt)}`,
          '         ',
        ),
      ]),
    '',
    'other info that might help us debug this:',
    '',
    ...scenario(cycle, nameOf),
  ];
  return `${lines.join('\n')}\n`;
}

const RULE = '='.repeat(54);

/** The locks of a run as the comment at xfs_ilock() writes an order, and the edges that do not fit into it. */
export function renderOrder(model: Model, input: Input, run: TracedRun): string {
  const program = compile(model);
  const nameOf = (cls: number): string => program.lockNames[cls] ?? 'lock';
  const { fitting, conflicting } = ordered(lockEdges(program, input, run.rows));
  const chains = chainsOf(fitting).map((chain) => chain.map(nameOf).join(' -> '));
  const against = conflicting.flatMap((edge) => [
    ...wrap(
      `${nameOf(edge.held)} -> ${nameOf(edge.asked)}: ${siteText(input, edge.askedAt)}`,
      '    ',
    ),
    ...pathBetween(fitting, edge.asked, edge.held).flatMap((other) =>
      wrap(
        `  against ${nameOf(other.held)} -> ${nameOf(other.asked)}: ${siteText(input, other.askedAt)}`,
        '    ',
      ),
    ),
  ]);
  const lines = [
    ...wrap(`Lock order of ${model.name} in this run (a model's, not a kernel's):`),
    '',
    ...(chains.length === 0 ? ['no lock is asked for under another'] : chains),
    ...(against.length === 0 ? [] : ['', 'These do not fit into it:', '', ...against]),
  ];
  const width = WIDTH - COMMENT.length;
  const body = lines.flatMap((line) => (line === '' ? [''] : wrap(line, '  ', width)));
  return ['/*', ...body.map((line) => `${COMMENT}${line}`.trimEnd()), ' */', ''].join('\n');
}

const COMMENT = ' * ';

function cycleOf(
  program: Program,
  input: Input,
  run: TracedRun,
  signature: string,
): Cycle | undefined {
  const step =
    run.verdict.kind === 'violation' ? worstOf(run.verdict.violations, signature)?.step : undefined;
  const idOf = (cls: number): string => program.lockIds[cls] ?? 'lock';
  const cycles = cyclesAt(lockEdges(program, input, run.rows), step ?? 0);
  // One step may close several.
  return cycles.find((one) => keyOf(one, idOf) === signature) ?? cycles[0];
}

/** `T1's store, step 27 (fault/downWrite(iMmapRwsem))`. */
function siteText(input: Input, site: Site): string {
  return `${THREAD_NAMES[site.thread]}'s ${kindAt(input, site)}, step ${site.step} (${site.label})`;
}

function kindAt(input: Input, { thread, op }: Site): string {
  return input.threads[thread]?.ops[op]?.kind ?? 'operation';
}

function keyOf(cycle: Cycle, idOf: (cls: number) => string): string {
  return lockKey(
    cycle.map(({ held, asked }) => ({
      held: idOf(held),
      heldMode: '',
      wanted: idOf(asked),
      wantedMode: '',
    })),
  );
}

/** The cycles that are closed at a step, the shortest first. */
function cyclesAt(edges: readonly LockEdge[], step: number): readonly Cycle[] {
  const cycles = edges
    .filter(({ askedAt }) => askedAt.step === step)
    .flatMap((closing): Cycle[] => {
      const before = edges.filter((edge) => edge.askedAt.step !== step);
      if (closing.held === closing.asked) {
        // Two instances of one class, or one twice.
        const twin = before.find(
          (edge) => edge.held === edge.asked && edge.askedAt.thread !== closing.askedAt.thread,
        );
        return [twin === undefined ? [closing] : [closing, twin]];
      }
      const back = pathBetween(before, closing.asked, closing.held);
      return back.length === 0 ? [] : [[closing, ...back]];
    });
  return cycles.sort((a, b) => a.length - b.length);
}

/** Edges that lead from one class to another, as few as there are; none where no path does. */
function pathBetween(edges: readonly LockEdge[], from: number, to: number): readonly LockEdge[] {
  const paths: (readonly LockEdge[])[] = edges
    .filter(({ held }) => held === from)
    .map((one) => [one]);
  const reached = new Set([from]);
  for (const path of paths) {
    const end = path.at(-1)?.asked ?? from;
    if (end === to) return path;
    if (reached.has(end)) continue;
    reached.add(end);
    for (const edge of edges) if (edge.held === end) paths.push([...path, edge]);
  }
  return [];
}

/** In the order of the run: an edge that would close a cycle does not fit. One of each pair of classes. */
function ordered(edges: readonly LockEdge[]): {
  readonly fitting: readonly LockEdge[];
  readonly conflicting: readonly LockEdge[];
} {
  const fitting: LockEdge[] = [];
  const conflicting: LockEdge[] = [];
  for (const edge of edges) {
    const isSame = (other: LockEdge): boolean =>
      other.held === edge.held && other.asked === edge.asked;
    if (fitting.some(isSame) || conflicting.some(isSame)) continue;
    const closes =
      edge.held === edge.asked || pathBetween(fitting, edge.asked, edge.held).length > 0;
    (closes ? conflicting : fitting).push(edge);
  }
  return { fitting, conflicting };
}

/** The longest chains of an order without cycles, without those that others say already. */
function chainsOf(edges: readonly LockEdge[]): readonly (readonly number[])[] {
  const isDirect = (edge: LockEdge): boolean =>
    !edges.some(
      (other) =>
        other.held === edge.held &&
        other.asked !== edge.asked &&
        pathBetween(edges, other.asked, edge.asked).length > 0,
    );
  const direct = edges.filter(isDirect);
  const roots = new Set(direct.map(({ held }) => held));
  for (const { asked } of direct) roots.delete(asked);
  const grow = (chain: readonly number[]): readonly (readonly number[])[] => {
    const next = direct.filter(({ held }) => held === chain.at(-1));
    return next.length === 0 ? [chain] : next.flatMap(({ asked }) => grow([...chain, asked]));
  };
  return [...roots].flatMap((root) => grow([root]));
}

/** Who takes what in which order, a column a CPU as lockdep draws it. */
function scenario(cycle: Cycle, nameOf: (cls: number) => string): readonly string[] {
  const cpus = cycle.toReversed();
  const width = Math.floor(WIDTH / cpus.length);
  const row = (cell: (edge: LockEdge, i: number) => string): string =>
    cpus
      .map((edge, i) => cell(edge, i).padEnd(width))
      .join('')
      .trimEnd();
  const at = (column: number, text: string): string => `${' '.repeat(column * width)}${text}`;
  return [
    ' Possible unsafe locking scenario:',
    '',
    row((_, i) => `CPU${i}`),
    row(() => '----'),
    ...cpus.map((edge, i) => at(i, `lock(${nameOf(edge.held)});`)),
    ...cpus.map((edge, i) => at(i, `lock(${nameOf(edge.asked)});`)),
    '',
    ' *** DEADLOCK ***',
  ];
}
