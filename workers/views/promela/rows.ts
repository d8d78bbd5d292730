/**
 * The rows of a program that a workload can come to, in the order of the Promela program: whatever goes on to the next
 * row stands before it, with a jump where that row has its place already.
 */
import { assert } from '../../../corpus/vocabulary/assert.ts';
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { HUGE_PAGES, PAGE_BYTES } from '../../../corpus/vocabulary/limits.ts';
import { deedOf, type OpKind } from '../../../corpus/vocabulary/ops.ts';
import {
  fusableBits,
  I_BRANCH,
  I_BRANCH_CALL,
  I_END,
  I_JUMP,
  I_RETURN,
  I_VISIBLE,
  I_YIELD,
  type Program,
} from '../../kernel/program.ts';
import type { World } from '../../kernel/world.ts';

export type Line =
  | { readonly is: 'step'; readonly pc: number; readonly entry: Entry; readonly fused: boolean }
  | { readonly is: 'local'; readonly pc: number; readonly entry: Entry }
  | { readonly is: 'test'; readonly pc: number; readonly otherwise: number }
  | { readonly is: 'jump'; readonly to: number }
  | { readonly is: 'return' }
  | { readonly is: 'end' };

type Entry = OpKind | 'fault';

export interface Lines {
  /** Line n is `all[n - 1]`: a thread that has finished stands at 0. */
  readonly all: readonly Line[];
  readonly entryOf: ReadonlyMap<Entry, number>;
  /** By the row; those that only lead on have none. */
  readonly lineOf: ReadonlyMap<number, number>;
}

/** @param workload of operations that the program has */
export function linesOf(program: Program, workload: Workload, world: World): Lines {
  return new Layout(program, factsOf(workload), fusableBits(program, world)).lines(
    new Set(workload.threads.flatMap(({ ops }) => ops.map(({ kind }) => deedOf(kind)))),
    world.mayFault,
  );
}

/** Tests whose answer the workload decides. */
function factsOf({ setup, threads }: Workload): ReadonlyMap<string, boolean> {
  const kinds = new Set(threads.flatMap(({ ops }) => ops.map(({ kind }) => kind)));
  const areas = setup.processes.flatMap((process) => process.areas);
  const isHuge = areas.some((area) => area !== null && area.length >= HUGE_PAGES * PAGE_BYTES);
  const facts = new Map<string, boolean>([
    // What differs between these is refused beforehand.
    ['isCowFault', false],
    ['isWpCopy', false],
    ['isSync', false],
    ['isDsync', false],
  ]);
  if (!isHuge) facts.set('isHugeFault', false).set('isHugeSplit', false);
  if (!kinds.has('store')) facts.set('isWrite', false).set('isPfnMkwrite', false);
  else if (!kinds.has('load')) facts.set('isWrite', true);
  return facts;
}

class Layout {
  private readonly program: Program;
  private readonly facts: ReadonlyMap<string, boolean>;
  private readonly fused: number;
  private readonly all: Line[] = [];
  private readonly numberOf = new Map<number, number>();
  /** Lines that go to a row whose place is not known yet, by their number. */
  private readonly open: { readonly line: number; readonly pc: number }[] = [];

  constructor(program: Program, facts: ReadonlyMap<string, boolean>, fused: number) {
    this.program = program;
    this.facts = facts;
    this.fused = fused;
  }

  lines(kinds: ReadonlySet<OpKind>, mayFault: boolean): Lines {
    const entryOf = new Map<Entry, number>();
    for (const kind of kinds) entryOf.set(kind, this.place(kind, this.program.entry[kind]));
    if (mayFault) entryOf.set('fault', this.place('fault', this.program.faultEntry));
    return { all: this.all, entryOf, lineOf: this.numberOf };
  }

  /** Place what an entry leads to; returns the line that it begins with. */
  private place(entry: Entry, pc: number): number {
    this.chain(entry, pc);
    for (let one = this.open.pop(); one !== undefined; one = this.open.pop()) {
      const { line, pc: target } = one;
      this.chain(entry, target);
      const test = this.all[line - 1];
      assert(test?.is === 'test', 'only tests wait for a place', line);
      this.all[line - 1] = { ...test, otherwise: this.lineOf(target) };
    }
    return this.lineOf(pc);
  }

  private lineOf(pc: number): number {
    const line = this.numberOf.get(this.resolved(pc));
    assert(line !== undefined, 'a row that has its place', pc);
    return line;
  }

  /** Place a row and those that it goes on to, up to one that has its place. */
  private chain(entry: Entry, start: number): void {
    let pc = this.resolved(start);
    if (this.numberOf.has(pc)) return;
    for (; !this.numberOf.has(pc); pc = this.resolved(this.program.next[pc] as number)) {
      this.numberOf.set(pc, this.all.length + 1);
      const line = this.lineAt(entry, pc);
      this.all.push(line);
      if (line.is === 'return' || line.is === 'end') return;
      if (line.is === 'test') {
        this.open.push({ line: this.all.length, pc: this.program.otherwise[pc] as number });
      }
    }
    this.all.push({ is: 'jump', to: this.lineOf(pc) });
  }

  private lineAt(entry: Entry, pc: number): Line {
    switch (this.program.kind[pc]) {
      case I_END:
        return { is: 'end' };
      case I_RETURN:
        return { is: 'return' };
      case I_BRANCH:
      case I_BRANCH_CALL:
        return { is: 'test', pc, otherwise: 0 };
      case I_VISIBLE: {
        const fuse = this.program.fuse[pc] as number;
        return { is: 'step', pc, entry, fused: (fuse & this.fused) !== 0 };
      }
      default:
        return { is: 'local', pc, entry };
    }
  }

  /** Where a row leads that does nothing itself. */
  private resolved(start: number): number {
    const pc = this.firstActive(start);
    // All operations end alike.
    return this.program.kind[pc] === I_END ? this.program.kind.indexOf(I_END) : pc;
  }

  private firstActive(start: number): number {
    const { kind, step, next, otherwise } = this.program;
    let pc = start;
    for (;;) {
      const fact = this.facts.get(step[pc] ?? '');
      const isJump = kind[pc] === I_JUMP || kind[pc] === I_YIELD;
      if (isJump || fact === true) pc = next[pc] as number;
      else if (fact === false) pc = otherwise[pc] as number;
      else return pc;
    }
  }
}
