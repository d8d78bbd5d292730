/**
 * A model with one slip: a lock that is not taken, or taken shared where it was exclusive. What a reviewer of
 * locking has to see, and so what the tool has to.
 */
import type { Model, Node, Path } from '../../workers/kernel/path.ts';

export interface Mutant {
  /** `punch: without faultLock`, `punch: faultLock shared`. */
  readonly name: string;
  readonly model: Model;
}

type StepNode = Extract<Node, { readonly step: string }>;
/** What becomes of a step of the path: another one, or nothing. */
export type Edit = (node: StepNode) => Node | null;

const PAIRS: readonly (readonly [string, string])[] = [
  ['journalStart', 'journalStop'],
  ['sbStartPagefault', 'sbEndPagefault'],
  ['lockPage', 'unlockPage'],
];

/** Every single slip of a model's paths; `base` has the mutants' names. */
export function* mutantsOf(model: Model): Generator<Mutant> {
  for (const [name, path] of Object.entries(model.paths)) {
    const mutant = (slip: string, changed: Path): Mutant => ({
      name: `${name}: ${slip}`,
      model: {
        ...model,
        name: 'mutant',
        expect: { find: [], clean: [] },
        paths: { ...model.paths, [name]: changed },
      },
    });
    for (const lock of locksOf(path)) {
      const isOf = (node: StepNode): boolean => node.lock === lock;
      yield* slipsOf(path, isOf, `without ${lock}`, (node) => (isOf(node) ? null : node), mutant);
      if (takesExclusively(path, lock)) {
        yield* slipsOf(path, isOf, `${lock} shared`, (node) => shared(node, lock), mutant);
      }
    }
    for (const [take, drop] of PAIRS) {
      const isOf = ({ step }: StepNode): boolean => step === take || step === drop;
      if (!stepsOf(path).some(({ step }) => step === take)) continue;
      yield* slipsOf(path, isOf, `without ${take}`, (node) => (isOf(node) ? null : node), mutant);
    }
  }
}

/** One slip for each section of a list that takes and drops; where sections overlap, all of them at once. */
function* slipsOf(
  path: Path,
  isOf: (node: StepNode) => boolean,
  slip: string,
  edit: Edit,
  mutant: (slip: string, changed: Path) => Mutant,
): Generator<Mutant> {
  const sections = sectionsOf(path, isOf);
  if (sections.length < 2) {
    yield mutant(slip, edited(path, edit));
    return;
  }
  for (const [i, section] of sections.entries()) {
    const one: Edit = (node) => (section.has(node) ? edit(node) : node);
    yield mutant(`${slip}, section ${i + 1}`, edited(path, one));
  }
}

/** Steps from a take to its drop in the same list, nested ones included; none where that is not how they lie. */
function sectionsOf(path: Path, isOf: (node: StepNode) => boolean): ReadonlySet<StepNode>[] {
  const sections: Set<StepNode>[] = [];
  let isRegular = true;
  const visit = (list: Path): void => {
    let open: Set<StepNode> | null = null;
    for (const node of list) {
      const own = 'step' in node && isOf(node) ? node : null;
      if (own !== null && isTake(own)) {
        if (open !== null) isRegular = false;
        open = new Set([own]);
      } else if (own !== null) {
        if (open === null) isRegular = false;
        else {
          open.add(own);
          sections.push(open);
          open = null;
        }
      } else if (!('step' in node)) {
        const inner = branchesOf(node).flatMap(stepsOf).filter(isOf);
        if (open === null) branchesOf(node).forEach(visit);
        else for (const step of inner) open.add(step);
      }
    }
    if (open !== null) isRegular = false;
  };
  visit(path);
  return isRegular ? sections : [];
}

function isTake({ step }: StepNode): boolean {
  return step.startsWith('down') ? step !== 'downgradeWrite' : /Start|^lockPage$/.test(step);
}

function shared(node: StepNode, lock: string): Node | null {
  if (node.lock !== lock) return node;
  if (node.step === 'downgradeWrite') return null;
  return { ...node, step: node.step.replace('Write', 'Read') };
}

export function edited(path: Path, edit: Edit): Path {
  return path.flatMap((node): Node[] => {
    if ('step' in node) {
      const changed = edit(node);
      return changed === null ? [] : [changed];
    }
    if ('when' in node) {
      const then = edited(node.then, edit);
      return [
        node.else === undefined
          ? { ...node, then }
          : { ...node, then, else: edited(node.else, edit) },
      ];
    }
    return 'body' in node ? [{ ...node, body: edited(node.body, edit) }] : [node];
  });
}

function branchesOf(node: Node): readonly Path[] {
  if ('when' in node) return [node.then, node.else ?? []];
  return 'body' in node ? [node.body] : [];
}

function stepsOf(path: Path): StepNode[] {
  return path.flatMap((node) => ('step' in node ? [node] : branchesOf(node).flatMap(stepsOf)));
}

function locksOf(path: Path): ReadonlySet<string> {
  return new Set(stepsOf(path).flatMap(({ lock }) => (lock === undefined ? [] : [lock])));
}

function takesExclusively(path: Path, lock: string): boolean {
  return stepsOf(path).some((node) => node.step === 'downWrite' && node.lock === lock);
}
