/** Kernel paths as a model has them: trees of named steps, tests and loops, and what a model says beside them. */
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import type { LockId, OwnLock, RwsemId } from './locks.ts';

export type Node =
  | { readonly step: string; readonly lock?: string; readonly label?: string }
  | { readonly when: string; readonly then: Path; readonly else?: Path }
  /** While the test holds; it is made before each round. */
  | { readonly loop: string; readonly body: Path }
  | { readonly block: string; readonly body: Path }
  /** Go on behind the enclosing block of that name. */
  | { readonly leave: string }
  /** Start the enclosing block of that name again, after others had a chance to run. */
  | { readonly retry: string }
  | { readonly call: string };

export type Path = readonly Node[];

interface Origin {
  /** Kernel versions, as people say them. */
  readonly kernel: string;
  /** Commits, mails and sections of dax-locking.md that the paths were read from. */
  readonly sources: readonly string[];
}

/** What must be held when a step runs, of the instance that its frame means. */
export interface Need {
  /** A step of the registry; `setSize.raise` is a setSize that makes the file grow. */
  readonly step: string;
  readonly lock: string;
  /** `R`: in any mode. */
  readonly mode: 'R' | 'W';
  /** The assertion or comment of the kernel that says so. */
  readonly source: string;
}

export interface Model {
  readonly format: 1;
  readonly name: string;
  readonly title: string;
  readonly comment: string;
  readonly origin: Origin;
  /** Declared toggles: name to values, the default first. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** The value of every toggle in this model. */
  readonly toggles: Readonly<Record<string, string>>;
  /** What this file system calls its locks. */
  readonly locks: Readonly<Partial<Record<LockId, string>>>;
  /** Locks of its own, which steps then name like the built-in classes. */
  readonly ownLocks?: readonly OwnLock[];
  /** Left out: the standard needs of the lock classes that some path takes exclusively (needs.ts). */
  readonly needs?: readonly Need[];
  /** The documented lock order, one chain a line. */
  readonly order: readonly string[];
  /** Whether fsync owes what was stored through mappings (from 4.5 on); what write(2) wrote it always owes. */
  readonly durability: boolean;
  /** Catalogue rows that must be found, and that must never be reported. */
  readonly expect: { readonly find: readonly string[]; readonly clean: readonly string[] };
  /** Of each operation; an optional one (`ops.ts`) that has none is not given to the model. */
  readonly paths: Readonly<Record<string, Path>>;
}

// ---- builders ---------------------------------------------------------------------------------------------

export function step(name: string, label?: string): Node {
  return label === undefined ? { step: name } : { step: name, label };
}
export function downRead(lock: RwsemId): Node {
  return { step: 'downRead', lock };
}
export function downWrite(lock: RwsemId): Node {
  return { step: 'downWrite', lock };
}
export function upRead(lock: RwsemId): Node {
  return { step: 'upRead', lock };
}
export function upWrite(lock: RwsemId): Node {
  return { step: 'upWrite', lock };
}
export function downgradeWrite(lock: RwsemId): Node {
  return { step: 'downgradeWrite', lock };
}
export function when(test: string, then: Path, otherwise?: Path): Node {
  return otherwise === undefined ? { when: test, then } : { when: test, then, else: otherwise };
}
export function loop(test: string, body: Path): Node {
  return { loop: test, body };
}
export function block(name: string, body: Path): Node {
  return { block: name, body };
}
export function leave(name: string): Node {
  return { leave: name };
}
export function retry(name: string): Node {
  return { retry: name };
}
export function call(path: string): Node {
  return { call: path };
}

/** Every node of a path, blocks and branches included, in the order of the text. */
export function* nodesOf(path: Path): Generator<Node> {
  for (const node of path) {
    yield node;
    if ('when' in node) {
      yield* nodesOf(node.then);
      if (node.else !== undefined) yield* nodesOf(node.else);
    } else if ('body' in node) yield* nodesOf(node.body);
  }
}

/** Paths that nobody has to call. */
export const ENTRIES: readonly string[] = [...OP_KINDS, 'fault'];

/** Names of the paths that run: those of operations, and what they call. */
export function pathsThatRun(paths: Model['paths']): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...ENTRIES];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || !Object.hasOwn(paths, name)) continue;
    found.add(name);
    for (const node of nodesOf(paths[name] ?? [])) if ('call' in node) waiting.push(node.call);
  }
  return found;
}

/** The model without what may change freely: two models with one digest behave alike. */
export function behaviourOf(model: Model): Record<string, unknown> {
  const {
    title: _title,
    comment: _comment,
    origin: _origin,
    expect: _expect,
    needs,
    ...rest
  } = model;
  // Where a need was read decides nothing.
  const asked = needs?.map(({ source: _source, ...need }) => need);
  return asked === undefined ? rest : { ...rest, needs: asked };
}
