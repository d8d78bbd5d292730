/**
 * What can be seen of a model's locks without running it: the order that its paths really have, and where they contradict
 * the documented one, each other, or themselves. It looks at more ways than there are: a branch that nothing on the way
 * decides goes both ways. Pure.
 */
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import { documentedOrder } from '../kernel/lock-order.ts';
import { CLASS_COUNT, classBit } from '../kernel/locks.ts';
import { needsIn } from '../kernel/needs.ts';
import type { Model, Need } from '../kernel/path.ts';
import { I_VISIBLE, NO_ENTRY, type Program } from '../kernel/program.ts';
import { compile } from './compile.ts';
import { writtenOf } from './draft.ts';
import { classOf } from './lock-effects.ts';
import { LockWalk, type Offence, type StaticEdge } from './lock-paths.ts';

export type LintRule = 'inversion' | 'order' | 'nested' | 'balance' | 'need' | 'unreachable';

export interface Lint {
  /** The operation, or the fault. */
  readonly path: string;
  /** The step. */
  readonly label: string;
  readonly rule: LintRule;
  readonly detail: string;
}

/** Of one path: its chains, and where each lock is asked for under each other. */
export interface PathOrder {
  readonly path: string;
  readonly chains: readonly string[];
  readonly edges: readonly {
    readonly held: string;
    readonly asked: string;
    readonly sites: readonly string[];
  }[];
}

export interface Linted {
  readonly orders: readonly PathOrder[];
  readonly problems: readonly Lint[];
}

export function lint(model: Model): Linted {
  const program = compile(model);
  const walk = new LockWalk(program, needsFor(model, program));
  walk.walk(program.faultEntry, 'fault');
  for (const kind of OP_KINDS) {
    if (program.entry[kind] !== NO_ENTRY) walk.walk(program.entry[kind], kind);
  }
  const { edges, offences, reached } = walk.result();
  const problems: Lint[] = [
    ...inversions(program, edges),
    ...contradictions(model, program, edges),
    ...ownOffences(offences).map(({ site, rule, detail }) => lintAt(site, rule, detail)),
    ...unreachable(program, reached),
  ];
  return { orders: ordersOf(program, edges), problems };
}

/**
 * Statements that no way leads to: none of the rows that were made of it. A part that several paths have, or one path in
 * several branches, has rows for each, and some are for cases of the others.
 */
function unreachable(program: Program, reached: ReadonlySet<number>): readonly Lint[] {
  const rows = [...program.kind.keys()].filter((pc) => program.kind[pc] === I_VISIBLE);
  const live = new Set(
    rows.filter((pc) => reached.has(pc)).flatMap((pc) => statementsAt(program, pc)),
  );
  const told = new Set<unknown>();
  return rows.flatMap((pc) => {
    const dead = statementsAt(program, pc).find((statement) => !live.has(statement));
    if (dead === undefined || told.has(dead)) return [];
    told.add(dead);
    const place = typeof dead === 'string' ? `: ${dead}` : '';
    return [lintAt(program.label[pc] ?? '', 'unreachable', `no way leads to it${place}`)];
  });
}

/** The statement that a row was made of, behind the uses of parts that it stands in; of a model in JSON a node. */
function statementsAt({ node: nodes }: Program, pc: number): readonly unknown[] {
  const node = nodes[pc] ?? null;
  const written = writtenOf(node ?? {});
  if (written === undefined) return [node];
  const { spot, uses } = written;
  return [...uses, spot].map(({ file, line, column }) => `${file}:${line}:${column}`);
}

function needsFor(model: Model, program: Program): readonly Need[] {
  const isExclusive = (lock: string): boolean => {
    return (program.orderedClasses & classBit(classOf(lock, program))) !== 0;
  };
  return needsIn(model, isExclusive);
}

function lintAt(site: string, rule: LintRule, detail: string): Lint {
  const path = site.split('/')[0] ?? site;
  return { path, label: site, rule, detail };
}

/** What a fault does wrong by itself, it does wrong under every copy. */
function ownOffences(all: readonly Offence[]): readonly Offence[] {
  const known = new Set(all.map(({ site, rule, detail }) => `${site} ${rule} ${detail}`));
  return all.filter(({ site, rule, detail }) => {
    const inner = site.split(', ').at(-1) ?? site;
    return inner === site || !known.has(`${inner} ${rule} ${detail}`);
  });
}

/** Locks of classes that some path takes exclusively; others exclude nobody. */
function counts({ orderedClasses }: Program, { held, asked }: StaticEdge): boolean {
  return (orderedClasses & classBit(held)) !== 0 && (orderedClasses & classBit(asked)) !== 0;
}

interface Inversion {
  readonly edge: StaticEdge;
  readonly back: readonly StaticEdge[];
  readonly classes: ReadonlySet<number>;
}

/** Each smallest set of classes that closes a cycle, once: the edge that closes it, and those that lead back. */
function inversions(program: Program, all: readonly StaticEdge[]): readonly Lint[] {
  const edges = all.filter((edge) => counts(program, edge));
  const found = edges.flatMap((edge): Inversion[] => {
    const back = wayBetween(edges, edge.asked, edge.held);
    if (back === null) return [];
    return [{ edge, back, classes: new Set([edge, ...back].map(({ held }) => held)) }];
  });
  const smallest: Inversion[] = [];
  for (const one of found.toSorted((a, b) => a.classes.size - b.classes.size)) {
    const isMore = smallest.some(({ classes }) =>
      [...classes].every((cls) => one.classes.has(cls)),
    );
    if (!isMore) smallest.push(one);
  }
  return smallest.map(({ edge, back }) => {
    const others = back.map((other) => `${orderText(program, other)} in ${other.site}`);
    return lintAt(
      edge.site,
      'inversion',
      `${orderText(program, edge)} against ${others.join(' and ')}`,
    );
  });
}

/** The shortest way along edges; null where there is none. */
function wayBetween(
  edges: readonly StaticEdge[],
  from: number,
  to: number,
): readonly StaticEdge[] | null {
  const ways = new Map<number, readonly StaticEdge[]>([[from, []]]);
  for (const [at, way] of ways) {
    if (at === to) return way;
    for (const edge of edges) {
      if (edge.held === at && !ways.has(edge.asked)) ways.set(edge.asked, [...way, edge]);
    }
  }
  return null;
}

function contradictions(
  model: Model,
  program: Program,
  edges: readonly StaticEdge[],
): readonly Lint[] {
  const after = documentedOrder(model);
  const told = new Set<string>();
  return edges.flatMap((edge) => {
    if ((((after[edge.asked] ?? 0) >> edge.held) & 1) === 0) return [];
    const key = `${edge.held} ${edge.asked}`;
    if (told.has(key)) return [];
    told.add(key);
    const documented = `${nameOf(program, edge.asked)} -> ${nameOf(program, edge.held)}`;
    return [
      lintAt(edge.site, 'order', `${orderText(program, edge)}; \`order\` says ${documented}`),
    ];
  });
}

function ordersOf(program: Program, edges: readonly StaticEdge[]): readonly PathOrder[] {
  const paths = new Map<string, StaticEdge[]>();
  for (const edge of edges) {
    const path = edge.site.split('/')[0] ?? '';
    paths.set(path, [...(paths.get(path) ?? []), edge]);
  }
  return [...paths].map(([path, own]) => {
    const pairs = new Map<string, StaticEdge[]>();
    for (const edge of own) {
      const key = `${edge.held} ${edge.asked}`;
      pairs.set(key, [...(pairs.get(key) ?? []), edge]);
    }
    return {
      path,
      chains: chainsOf(program, own),
      edges: [...pairs.values()].map((same) => ({
        held: nameOf(program, same[0]?.held ?? 0),
        asked: nameOf(program, same[0]?.asked ?? 0),
        sites: [...new Set(same.map(({ site }) => site))],
      })),
    };
  });
}

/** The longest chains, without what others say; an edge of a cycle stands for itself. */
function chainsOf(program: Program, edges: readonly StaticEdge[]): readonly string[] {
  const next = Array.from({ length: CLASS_COUNT }, () => new Set<number>());
  for (const { held, asked } of edges) next[held]?.add(asked);
  const reaches = (from: number, to: number, seen = new Set<number>()): boolean => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...(next[from] ?? [])].some((one) => reaches(one, to, seen));
  };
  const isDirect = (held: number, asked: number): boolean =>
    ![...(next[held] ?? [])].some(
      (via) => via !== asked && reaches(via, asked) && !reaches(asked, via),
    );
  const direct = next.map((all, held) => [...all].filter((asked) => isDirect(held, asked)));
  const isRoot = (cls: number): boolean => !direct.some((all) => all.includes(cls));
  const grow = (chain: readonly number[]): readonly (readonly number[])[] => {
    const more = (direct[chain.at(-1) ?? 0] ?? []).filter((cls) => !chain.includes(cls));
    return more.length === 0 ? [chain] : more.flatMap((cls) => grow([...chain, cls]));
  };
  const starts = direct.flatMap((all, cls) => (all.length > 0 && isRoot(cls) ? [cls] : []));
  const chains = (starts.length > 0 ? starts : [edges[0]?.held ?? 0]).flatMap((cls) => grow([cls]));
  return chains.map((chain) => chain.map((cls) => nameOf(program, cls)).join(' -> '));
}

function orderText(program: Program, { held, asked }: StaticEdge): string {
  return `${nameOf(program, held)} -> ${nameOf(program, asked)}`;
}

function nameOf({ lockNames }: Program, cls: number): string {
  return lockNames[cls] ?? 'lock';
}
