/**
 * From paths to a flat program. Calls are inlined, so a label tells the whole way: `punch/unmap/clearPte`.
 * Labels carry no numbers and no model's name, so that adding a step leaves all others their name; a twin in
 * one path is `~2`.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import { deedOf, OP_KINDS, OPERATIONS, type OpKind } from '../../corpus/vocabulary/ops.ts';
import { documentedBits } from '../kernel/lock-order.ts';
import {
  lockIds,
  lockNames,
  orderedClasses,
  ownRwsems,
  RWSEMS,
  type Rwsem,
} from '../kernel/locks.ts';
import { guarded, guardsOf, isExempt, needsIn } from '../kernel/needs.ts';
import type { Model, Node, Path } from '../kernel/path.ts';
import {
  fuseOfClass,
  I_BRANCH,
  I_BRANCH_CALL,
  I_END,
  I_JUMP,
  I_LOCAL,
  I_RETURN,
  I_VISIBLE,
  I_YIELD,
  NO_ENTRY,
  type Program,
  type StepRun,
  type Touch,
} from '../kernel/program.ts';
import { rolesOf } from '../kernel/roles.ts';
import { type TestDef, touchNothing } from '../kernel/step.ts';
import { STEPS, TESTS } from '../kernel/step-registry.ts';
import { touchCode, widenSlots } from '../kernel/touches.ts';

interface Row {
  kind: number;
  run: StepRun;
  touch: Touch;
  test: TestDef | null;
  next: number;
  otherwise: number;
  fuse: number;
  conflicts: number;
  restless: boolean;
  label: string;
  step: string;
  lock: string;
  /** What it was made of; null for what the compiler adds. */
  node: Node | null;
  /** The entry that it was compiled for. */
  operation: string;
  /** Only synchronous writes come here. */
  isOfSync: boolean;
}

type NodeOf<Kind extends string> = Extract<Node, Record<Kind, string>>;

interface OpenBlock {
  readonly name: string;
  readonly start: number;
  readonly leaves: Row[];
}

/** The test whose way only synchronous writes go. */
const DSYNC = 'isDsync';
const NO_RUN: StepRun = () => 0;

/** Compile a model that `checkModel` has accepted. */
export function compile(model: Model): Program {
  const program = programs.get(model) ?? compileAnew(model);
  programs.set(model, program);
  return program;
}

/** Neither a model nor its program ever changes. */
const programs = new WeakMap<Model, Program>();

function compileAnew(model: Model): Program {
  const compiler = new Compiler(model);
  const entry = Object.fromEntries(
    OP_KINDS.map((kind) => {
      const isLacking = OPERATIONS[kind].isOptional && !Object.hasOwn(model.paths, kind);
      return [kind, isLacking ? NO_ENTRY : compiler.entry(kind, pathOf(model, kind), I_END)];
    }),
  ) as Record<OpKind, number>;
  const faultEntry = compiler.entry('fault', pathOf(model, 'fault'), I_RETURN);
  return compiler.finish(entry, faultEntry);
}

/** What signatures call an entry. */
function operationOf(name: string): string {
  const kind = OP_KINDS.find((one) => one === name);
  return kind === undefined ? name : deedOf(kind);
}

/** A user access is the same in every model: one step that faults until the PTE permits it. */
function pathOf(model: Model, name: string): Path {
  if (name === 'load' || name === 'store') return [{ step: 'access' }];
  const path = model.paths[name];
  assert(path !== undefined, 'path of a checked model', name);
  return path;
}

class Compiler {
  private readonly rows: Row[] = [];
  private readonly seen = new Map<string, number>();
  private readonly model: Model;
  private readonly rwsems: ReadonlyMap<string, Rwsem>;
  private operation = '';
  private isOfSync = false;

  constructor(model: Model) {
    this.model = model;
    const all = [...RWSEMS, ...ownRwsems(model.ownLocks ?? [])];
    this.rwsems = new Map(all.map((rwsem) => [rwsem.id, rwsem]));
  }

  entry(name: string, path: Path, end: number): number {
    const start = this.rows.length;
    this.operation = operationOf(name);
    if (this.looksFirst(path) !== 'visible') this.emitStep({ step: 'enter' }, name);
    this.emit(path, name, []);
    this.row({ kind: end });
    return start;
  }

  /** What a path does first: a scheduling point, a look at shared state without one, or neither for sure. */
  private looksFirst(path: Path): 'visible' | 'reads' | 'neither' {
    for (const node of path) {
      const first = this.nodeLooksFirst(node);
      if (first !== 'neither') return first;
    }
    return 'neither';
  }

  private nodeLooksFirst(node: Node): 'visible' | 'reads' | 'neither' {
    if ('step' in node) {
      const def = STEPS.get(node.step);
      return def?.visible === true ? 'visible' : def?.reads === true ? 'reads' : 'neither';
    }
    if ('call' in node) return this.looksFirst(pathOf(this.model, node.call));
    if ('block' in node) return this.looksFirst(node.body);
    const ways =
      'when' in node
        ? [this.looksFirst(node.then), this.looksFirst(node.else ?? [])]
        : 'loop' in node
          ? [this.looksFirst(node.body), 'neither' as const]
          : [];
    if (ways.includes('reads')) return 'reads';
    return ways.length > 0 && ways.every((way) => way === 'visible') ? 'visible' : 'neither';
  }

  private row(facts: Partial<Row>): Row {
    const row: Row = {
      kind: I_JUMP,
      run: NO_RUN,
      touch: touchNothing,
      test: null,
      next: this.rows.length + 1,
      otherwise: 0,
      fuse: 0,
      conflicts: 0,
      restless: false,
      label: '',
      step: '',
      lock: '',
      node: null,
      operation: this.operation,
      isOfSync: this.isOfSync,
      ...facts,
    };
    this.rows.push(row);
    return row;
  }

  private emit(path: Path, prefix: string, blocks: readonly OpenBlock[]): void {
    for (const node of path) this.emitNode(node, prefix, blocks);
  }

  private emitNode(node: Node, prefix: string, blocks: readonly OpenBlock[]): void {
    if ('step' in node) this.emitStep(node, prefix);
    else if ('when' in node) this.emitWhen(node, prefix, blocks);
    else if ('loop' in node) this.emitLoop(node, prefix, blocks);
    else if ('block' in node) this.emitBlock(node, prefix, blocks);
    else if ('leave' in node) findBlock(blocks, node.leave).leaves.push(this.row({}));
    else if ('retry' in node)
      this.row({ kind: I_YIELD, next: findBlock(blocks, node.retry).start });
    else this.emit(pathOf(this.model, node.call), `${prefix}/${node.call}`, []);
  }

  private emitStep(node: NodeOf<'step'>, prefix: string): void {
    const def = STEPS.get(node.step);
    assert(def !== undefined, 'step of a checked model', node.step);
    const lock = node.lock === undefined ? null : (this.rwsems.get(node.lock) ?? null);
    const name = node.label ?? (lock === null ? def.family : `${node.step}(${lock.id})`);
    this.row({
      kind: def.visible ? I_VISIBLE : I_LOCAL,
      run: def.run(lock),
      touch: def.touch(lock),
      fuse: def.fuse(lock),
      conflicts: def.conflicts(lock),
      restless: def.restless,
      label: def.visible ? this.unique(`${prefix}/${name}`) : '',
      step: node.step,
      lock: lock?.id ?? '',
      node,
    });
  }

  private unique(label: string): string {
    const count = (this.seen.get(label) ?? 0) + 1;
    this.seen.set(label, count);
    return count === 1 ? label : `${label}~${count}`;
  }

  private emitWhen(node: NodeOf<'when'>, prefix: string, blocks: readonly OpenBlock[]): void {
    const branch = this.row(testOf(node.when));
    const isOfSync = this.isOfSync;
    this.isOfSync ||= node.when === DSYNC;
    this.emit(node.then, prefix, blocks);
    this.isOfSync = isOfSync;
    if (node.else === undefined) {
      branch.otherwise = this.rows.length;
      return;
    }
    const jump = this.row({});
    branch.otherwise = this.rows.length;
    this.emit(node.else, prefix, blocks);
    jump.next = this.rows.length;
  }

  private emitLoop(node: NodeOf<'loop'>, prefix: string, blocks: readonly OpenBlock[]): void {
    const start = this.rows.length;
    const branch = this.row(testOf(node.loop));
    this.emit(node.body, prefix, blocks);
    this.row({ next: start });
    branch.otherwise = this.rows.length;
  }

  private emitBlock(node: NodeOf<'block'>, prefix: string, blocks: readonly OpenBlock[]): void {
    const open: OpenBlock = { name: node.block, start: this.rows.length, leaves: [] };
    this.emit(node.body, prefix, [...blocks, open]);
    for (const row of open.leaves) row.next = this.rows.length;
  }

  /** Needs are asked before the step runs. */
  private guard(): void {
    const needs = needsIn(this.model, (lock) => {
      const rwsem = this.rwsems.get(lock);
      return rwsem !== undefined && (this.exclusive() & fuseOfClass(rwsem.cls)) !== 0;
    });
    for (const [pc, row] of this.rows.entries()) {
      const all = guardsOf(row.step, needs, (name) => this.rwsems.get(name) ?? null);
      const guards = all.filter(({ cls }) => !isExempt(row.operation, cls));
      if (guards.length > 0 && row.run !== NO_RUN) row.run = guarded(row.run, guards, pc);
    }
  }

  /**
   * An operation begins with its first visible step, so that one is never fused with the end of the operation
   * before it.
   */
  private keepFirstSteps(entry: Record<OpKind, number>): void {
    const seen = new Set<number>();
    const open = Object.values(entry);
    for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
      const row = this.rows[pc];
      if (row === undefined || seen.has(pc)) continue;
      seen.add(pc);
      if (row.kind === I_VISIBLE) row.fuse = 0;
      else open.push(...successorsOf(row));
    }
  }

  /** A round of a loop runs at least one step that is a scheduling point, or the thread would spin in it. */
  private keepRounds(): void {
    for (const [pc, row] of this.rows.entries()) {
      if (row.fuse !== 0 && this.comesBack(pc)) row.fuse = 0;
    }
  }

  /** Whether a row leads to itself without a scheduling point in between. */
  private comesBack(start: number): boolean {
    const seen = new Set<number>();
    const open = [start];
    for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
      const row = this.rows[pc];
      if (row === undefined) continue;
      for (const next of successorsOf(row)) {
        if (next === start) return true;
        const there = this.rows[next];
        const isPoint = there?.kind === I_VISIBLE && there.fuse === 0;
        if (seen.has(next) || isPoint) continue;
        seen.add(next);
        open.push(next);
      }
    }
    return false;
  }

  private exclusive(): number {
    return this.rows.reduce((mask, row) => mask | row.conflicts, 0);
  }

  /** @param isSync it may be a synchronous write */
  private conflictsOf(operation: string, isSync: boolean): number {
    const own = this.rows.filter((row) => row.operation === operation && (isSync || !row.isOfSync));
    return own.reduce((mask, row) => mask | row.conflicts, 0);
  }

  finish(entry: Record<OpKind, number>, faultEntry: number): Program {
    this.guard();
    widenSlots(this.rows);
    this.keepFirstSteps(entry);
    this.keepRounds();
    const rows = this.rows;
    const own = this.model.ownLocks ?? [];
    const ids = lockIds(own);
    const { role, roles } = rolesOf(rows, (lock) => ids[this.rwsems.get(lock)?.cls ?? 0] ?? lock);
    const thread = (pc: number): number => {
      let target = pc;
      while (rows[target]?.kind === I_JUMP) target = (rows[target] as Row).next;
      return target;
    };
    const code = Int32Array.from(
      rows.flatMap((row) => [
        row.kind,
        thread(row.next),
        thread(row.otherwise),
        row.test?.register ?? 0,
        row.test?.mask ?? 0,
        row.test?.value ?? 0,
        row.restless || row.test?.negated === true ? 1 : 0,
        row.fuse,
        ...touchCode(row.touch),
      ]),
    );
    return {
      code,
      entryOfKind: Int32Array.of(...OP_KINDS.map((kind) => entry[kind]), entry.pwrite),
      kind: Uint8Array.from(rows, (row) => row.kind),
      run: rows.map((row) => row.run),
      touch: rows.map((row) => row.touch),
      register: Uint8Array.from(rows, (row) => row.test?.register ?? 0),
      mask: Int32Array.from(rows, (row) => row.test?.mask ?? 0),
      value: Int32Array.from(rows, (row) => row.test?.value ?? 0),
      negated: Uint8Array.from(rows, (row) => (row.test?.negated === true ? 1 : 0)),
      test: rows.map((row) => row.test?.run ?? null),
      next: Int32Array.from(rows, (row) => thread(row.next)),
      otherwise: Int32Array.from(rows, (row) => thread(row.otherwise)),
      fuse: Int32Array.from(rows, (row) => row.fuse),
      conflictsOfKind: Int32Array.of(
        ...OP_KINDS.map((kind) => this.conflictsOf(deedOf(kind), false)),
        this.conflictsOf('pwrite', true),
      ),
      faultConflicts: this.conflictsOf('fault', false),
      restless: Uint8Array.from(rows, (row) => (row.restless ? 1 : 0)),
      label: rows.map((row) => row.label),
      step: rows.map((row) => row.step),
      role,
      roles,
      lock: rows.map((row) => row.lock),
      node: rows.map((row) => row.node),
      entry,
      faultEntry,
      size: rows.length,
      hasMapSync: rows.some(({ step }) => step === 'checkCommitted'),
      hasDsync: rows.some(({ step, operation }) => step === DSYNC && operation === 'pwrite'),
      hasEntries: rows.some(({ step }) => step === 'lockEntry' || step === 'insertEntry'),
      hasZeroEntries: rows.some(({ step }) => step === 'insertZeroEntry'),
      hasPageData: rows.some(({ step }) => step === 'readPage'),
      orderedClasses: orderedClasses(this.exclusive()),
      lockNames: lockNames(own, this.model.locks),
      lockIds: ids,
      documented: documentedBits(this.model),
      durability: this.model.durability,
    };
  }
}

function successorsOf({ kind, next, otherwise }: Row): readonly number[] {
  if (kind === I_END || kind === I_RETURN) return [];
  return kind === I_BRANCH || kind === I_BRANCH_CALL ? [next, otherwise] : [next];
}

function findBlock(blocks: readonly OpenBlock[], name: string): OpenBlock {
  const open = blocks.findLast((candidate) => candidate.name === name);
  assert(open !== undefined, 'block of a checked model', name);
  return open;
}

function testOf(name: string): Partial<Row> {
  const test = TESTS.get(name);
  assert(test !== undefined, 'test of a checked model', name);
  return { kind: test.run === null ? I_BRANCH : I_BRANCH_CALL, test, step: name };
}
