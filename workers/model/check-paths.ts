/**
 * What the paths of a model do together, calls inlined as compile.ts inlines them: every operation has its
 * path, calls end, blocks enclose, nothing can spin without a visible step, and a lock is not released before
 * something took it. The shape of every node has been checked before (check-model.ts).
 */
import type { JsonReport, Words } from '../../corpus/vocabulary/json-parts.ts';
import type { JsonPath } from '../../corpus/vocabulary/json-text.ts';
import { NAME_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { nearestHint, nearestOf } from '../../corpus/vocabulary/nearest.ts';
import { OP_KINDS, OPERATIONS } from '../../corpus/vocabulary/ops.ts';
import { ENTRIES, type Model, type Node, type Path } from '../kernel/path.ts';
import { LOCK_OF_STEP, STEPS } from '../kernel/step-registry.ts';

/** Rows of the compiled table. The largest built-in model has about 600. */
const ROWS_MAX = 2000;
/** Calls within calls: commit in writeback in msync is three. */
const CALLS_MAX = 8;
/** Bytes of `path/call/step`, behind which a twin may still get its number. */
const LABEL_MAX = NAME_BYTES_MAX - '~2000'.length;
/** A load and a store: one step and its end each. */
const ACCESS_ROWS = 4;

/** Accesses to user memory, the same in every model. */
const MADE_BY_COMPILER: readonly string[] = ['load', 'store'];
const DECLARED = ENTRIES.filter((name) => !MADE_BY_COMPILER.includes(name));
/** A file system that has no such operation has no path for it. */
const OPTIONAL: readonly string[] = OP_KINDS.filter((kind) => OPERATIONS[kind].isOptional);
/** They fault where their buffer is a mapping, and a fault within a fault has no frame. */
const MAY_FAULT = new Set(['copyIn', 'copyOut', 'copyOutPage']);

const FREEZE_STEPS: Readonly<Record<string, 'takes' | 'drops'>> = {
  sbStartPagefault: 'takes',
  sbEndPagefault: 'drops',
};

/** How messages call what is in a model: as the text has it that the model was read from. */
export interface Wording {
  place(path: JsonPath): string;
  step(node: StepNode): string;
  lock(id: string): string;
}

/** Of a model in JSON, which has the names of the registry. */
const PLAIN: Omit<Wording, 'place'> = {
  step: ({ step, lock }) => (lock === undefined ? step : `${step}(${lock})`),
  lock: (id) => id,
};

/** @param broken names of paths that are not lists of well-formed nodes; nothing looks into them */
export function checkPaths(
  model: Model,
  broken: ReadonlySet<string>,
  report: JsonReport,
  wording: Omit<Wording, 'place'> | null,
): void {
  const places = new Set<string>();
  const refuse: Refuse = (where, what) => {
    const place = where.join(' ');
    // A path that many others call is walked once for each of them.
    if (!places.has(place)) report.add(where, what);
    places.add(place);
  };
  for (const name of MADE_BY_COMPILER) {
    if (!Object.hasOwn(model.paths, name)) continue;
    refuse(
      ['paths', name],
      'a load or store is the same in every model and has no path: leave it out',
    );
  }
  for (const name of DECLARED.filter((entry) => !Object.hasOwn(model.paths, entry))) {
    const meant = OPTIONAL.includes(name) ? misspelt(model, name) : 'missing';
    if (meant !== null) report.add(['paths'], `the path "${name}" is ${meant}`);
  }
  const calls = new Calls(model, broken, refuse);
  for (const name of Object.keys(model.paths)) calls.measure(name, ['paths', name]);
  const rows = DECLARED.reduce((sum, name) => sum + calls.rowsOf(name) + 1, ACCESS_ROWS);
  if (rows > ROWS_MAX) {
    report.add(['paths'], `${rows} rows with calls inlined, at most ${ROWS_MAX}`);
  }
  if (rows > ROWS_MAX) return;
  for (const name of DECLARED) {
    if (calls.isSound(name)) new Inlined(model, refuse, name, wording ?? PLAIN).check();
  }
}

/** What looks like an operation that the model has no path for, and is none; null if nothing does. */
function misspelt(model: Model, name: string): string | null {
  const others = Object.keys(model.paths).filter((path) => !ENTRIES.includes(path));
  const near = others.find((path) => nearestOf(path, [name]) !== undefined);
  return near === undefined ? null : `missing, and "${near}" is no operation`;
}

type Refuse = (where: JsonPath, what: Words) => void;
type StepNode = Extract<Node, { step: string }>;

// ---- calls ----------------------------------------------------------------------------------------------

interface Measure {
  readonly rows: number;
  /** Calls within calls below this path. */
  readonly height: number;
  /** Can be inlined: every call in it ends, in a path that is well-formed. */
  readonly isSound: boolean;
}

const UNSOUND: Measure = { rows: 0, height: 0, isSound: false };

/** Rows of every path, calls inlined; measured before anything is inlined, for they can double at each call. */
class Calls {
  private readonly model: Model;
  private readonly broken: ReadonlySet<string>;
  private readonly refuse: Refuse;
  private readonly measures = new Map<string, Measure>();
  private readonly open: string[] = [];

  constructor(model: Model, broken: ReadonlySet<string>, refuse: Refuse) {
    this.model = model;
    this.broken = broken;
    this.refuse = refuse;
  }

  isSound(name: string): boolean {
    return this.measures.get(name)?.isSound === true;
  }

  rowsOf(name: string): number {
    return this.measures.get(name)?.rows ?? 0;
  }

  measure(name: string, where: JsonPath): Measure {
    const path = Object.hasOwn(this.model.paths, name) ? this.model.paths[name] : undefined;
    if (path === undefined) {
      const hint = (): string => nearestHint(name, Object.keys(this.model.paths));
      return this.wrong(where, () => `calls "${name}", and there is no such path${hint()}`);
    }
    if (this.broken.has(name)) return UNSOUND;
    if (this.open.includes(name)) {
      return this.wrong(where, `calls itself: ${[...this.open, name].join(' -> ')}`);
    }
    const known = this.measures.get(name);
    if (this.open.length + (known?.height ?? 0) > CALLS_MAX) {
      return this.wrong(where, `calls are nested deeper than ${CALLS_MAX}`);
    }
    if (known !== undefined) return known;
    this.open.push(name);
    const measure = this.measurePath(path, ['paths', name]);
    this.open.pop();
    this.measures.set(name, measure);
    return measure;
  }

  private wrong(where: JsonPath, what: Words): Measure {
    this.refuse(where, what);
    return UNSOUND;
  }

  private measurePath(path: Path, where: JsonPath): Measure {
    let rows = 0;
    let height = 0;
    let isSound = true;
    path.forEach((node, i) => {
      for (const part of this.partsOf(node, [...where, i])) {
        rows = Math.min(ROWS_MAX + 1, rows + part.rows);
        height = Math.max(height, part.height);
        isSound &&= part.isSound;
      }
    });
    return { rows, height, isSound };
  }

  /** What compile.ts emits for a node. */
  private partsOf(node: Node, where: JsonPath): readonly Measure[] {
    const row: Measure = { rows: 1, height: 0, isSound: true };
    if ('call' in node) {
      const measure = this.measure(node.call, where);
      return [{ ...measure, height: measure.height + 1 }];
    }
    if ('block' in node) return [this.measurePath(node.body, [...where, 'body'])];
    if ('loop' in node) return [row, this.measurePath(node.body, [...where, 'body']), row];
    if (!('when' in node)) return [row];
    const then = this.measurePath(node.then, [...where, 'then']);
    if (node.else === undefined) return [row, then];
    return [row, then, row, this.measurePath(node.else, [...where, 'else'])];
  }
}

// ---- one operation, calls inlined -----------------------------------------------------------------------

/** A block or loop that is open, and the ways that leave it early. */
interface Open {
  readonly name: string;
  readonly exits: Way[];
}

/**
 * How a place is reached: `silent` holds what is open around it and can be come from its start to here
 * without a visible step. Going back to the start of one of those could spin for ever.
 */
interface Way {
  readonly silent: ReadonlySet<Open>;
}

interface Scope {
  readonly where: JsonPath;
  readonly prefix: string;
  readonly blocks: readonly Open[];
}

const NOWHERE: Way = { silent: new Set() };

class Inlined {
  private readonly model: Model;
  private readonly refuse: Refuse;
  private readonly entry: string;
  private readonly wording: Omit<Wording, 'place'>;
  private readonly taken = new Set<string>();
  private visible = 0;

  constructor(model: Model, refuse: Refuse, entry: string, wording: Omit<Wording, 'place'>) {
    this.wording = wording;
    this.model = model;
    this.refuse = refuse;
    this.entry = entry;
  }

  check(): void {
    const where = ['paths', this.entry];
    this.walk(this.pathOf(this.entry), { where, prefix: this.entry, blocks: [] }, NOWHERE);
    if (this.visible === 0)
      this.refuse(where, `has no visible step: it would end as it begins; ${VISIBLE}`);
  }

  private pathOf(name: string): Path {
    return this.model.paths[name] ?? [];
  }

  private walk(path: Path, scope: Scope, from: Way): Way {
    return path.reduce(
      (way, node, i) => this.node(node, { ...scope, where: [...scope.where, i] }, way),
      from,
    );
  }

  private node(node: Node, scope: Scope, way: Way): Way {
    if ('step' in node) return this.step(node, scope, way);
    if ('when' in node) return this.branch(node, scope, way);
    if ('loop' in node) return this.loop(node, scope, way);
    if ('block' in node) return this.block(node, scope, way);
    if ('leave' in node) return this.leave(node.leave, scope, way);
    if ('retry' in node) return this.retry(node.retry, scope, way);
    const prefix = `${scope.prefix}/${node.call}`;
    return this.walk(
      this.pathOf(node.call),
      { where: ['paths', node.call], prefix, blocks: [] },
      way,
    );
  }

  private branch(node: Extract<Node, { when: string }>, scope: Scope, way: Way): Way {
    const then = this.walk(node.then, within(scope, 'then'), way);
    const otherwise =
      node.else === undefined ? way : this.walk(node.else, within(scope, 'else'), way);
    return either([then, otherwise]);
  }

  private loop(node: Extract<Node, { loop: string }>, scope: Scope, way: Way): Way {
    const open: Open = { name: '', exits: [] };
    const end = this.walk(node.body, within(scope, 'body'), entered(way, open));
    if (end.silent.has(open) && !isCounted(node)) {
      this.refuse(
        scope.where,
        `a round of \`while ${node.loop}\` needs no visible step: it could spin for ever; ${VISIBLE}`,
      );
    }
    return either([way, end]);
  }

  private block(node: Extract<Node, { block: string }>, scope: Scope, way: Way): Way {
    const open: Open = { name: node.block, exits: [] };
    const inner = { ...within(scope, 'body'), blocks: [...scope.blocks, open] };
    const end = this.walk(node.body, inner, entered(way, open));
    const silent = new Set(either([end, ...open.exits]).silent);
    silent.delete(open);
    return { silent };
  }

  private leave(name: string, scope: Scope, way: Way): Way {
    this.blockOf(name, scope)?.exits.push(way);
    return NOWHERE;
  }

  private retry(name: string, scope: Scope, way: Way): Way {
    const block = this.blockOf(name, scope);
    if (block !== undefined && way.silent.has(block)) {
      this.refuse(
        scope.where,
        `retries "${name}" without a visible step: it could spin for ever; ${VISIBLE}`,
      );
    }
    return NOWHERE;
  }

  private blockOf(name: string, { blocks, where }: Scope): Open | undefined {
    const open = blocks.findLast((block) => block.name === name);
    if (open === undefined) {
      const around = blocks.map((block) => block.name).filter((block) => block !== '');
      const hint =
        around.length === 0
          ? `; put \`block ${name}:\` around it`
          : `; blocks around it: ${around.join(', ')}${nearestHint(name, around)}`;
      this.refuse(where, `missing label: no block "${name}" encloses this${hint}`);
    }
    return open;
  }

  private step(node: StepNode, scope: Scope, way: Way): Way {
    const def = STEPS.get(node.step);
    if (def === undefined) return way;
    if (this.entry === 'fault' && MAY_FAULT.has(node.step)) {
      const what = `${this.wording.step(node)} may fault, and a fault cannot fault again`;
      this.refuse(scope.where, `${what}: leave it out`);
    }
    this.lock(node, scope);
    if (!def.visible) return way;
    const name =
      node.label ?? (node.lock === undefined ? def.family : `${node.step}(${node.lock})`);
    const label = `${scope.prefix}/${name}`;
    if (label.length > LABEL_MAX) {
      this.refuse(scope.where, `the label ${label} is longer than ${LABEL_MAX}`);
    }
    this.visible++;
    return NOWHERE;
  }

  /** Of each class something was taken, in the order of the text, before anything is released. */
  private lock(node: StepNode, { where }: Scope): void {
    const id = lockOf(node);
    const effect = node.step === 'downgradeWrite' ? 'drops' : effectOf(node.step);
    if (id === undefined || effect === 'none') return;
    if (effect === 'takes') this.taken.add(id);
    else if (!this.taken.has(id)) {
      const { wording, entry } = this;
      const said = `${wording.step(node)} releases ${wording.lock(id)}`;
      const takers = takersOf(node, id).map((taker) => wording.step(taker));
      const remedy = `take it with ${takers.join(', ')}, or leave this out`;
      this.refuse(where, `${said}, which nothing in ${entry} takes before: ${remedy}`);
    }
  }
}

const VISIBLE = 'workers/README.md lists visible steps';

/** Steps that take what a step releases. */
function takersOf({ step, lock }: StepNode, id: string): readonly StepNode[] {
  if (lock !== undefined) return (TAKERS[step] ?? []).map((taker) => ({ step: taker, lock }));
  const takes = [...STEPS.keys()].filter(
    (name) => effectOf(name) === 'takes' && lockOf({ step: name }) === id,
  );
  const pair = takes.filter((name) => flavourOf(name) === flavourOf(step));
  return (pair.length > 0 ? pair : takes).map((name) => ({ step: name }));
}

const TAKERS: Readonly<Record<string, readonly string[]>> = {
  upRead: ['downRead', 'downgradeWrite'],
  upWrite: ['downWrite'],
  downgradeWrite: ['downWrite'],
};

function flavourOf(step: string): string {
  return STEPS.get(step)?.flavour ?? '';
}

/** The next inode each round: two rounds at the most. */
function isCounted({ loop, body }: Extract<Node, { loop: string }>): boolean {
  return loop === 'filesLeft' && body.some((node) => 'step' in node && node.step === 'nextFile');
}

function lockOf(node: StepNode): string | undefined {
  if (FREEZE_STEPS[node.step] !== undefined) return 'freeze';
  return node.lock ?? LOCK_OF_STEP[node.step];
}

function effectOf(step: string): 'takes' | 'drops' | 'none' {
  // A page that takes the place of an entry is born locked.
  if (step.startsWith('replaceEntryByPage')) return 'takes';
  return FREEZE_STEPS[step] ?? STEPS.get(step)?.lock ?? 'none';
}

function within(scope: Scope, part: string): Scope {
  return { ...scope, where: [...scope.where, part] };
}

function entered(way: Way, open: Open): Way {
  return { silent: new Set([...way.silent, open]) };
}

function either(ways: readonly Way[]): Way {
  return { silent: new Set(ways.flatMap((way) => [...way.silent])) };
}
