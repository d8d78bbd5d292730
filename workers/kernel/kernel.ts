/** The simulated kernel at work: it decides nothing; who runs next is the scheduler's, what is wrong is the watch's. */
import { assert } from '../../corpus/vocabulary/assert.ts';
import { OPS } from '../../corpus/vocabulary/limits.ts';
import { writerOf } from './encoding.ts';
import { FOOT_MAX } from './footprints.ts';
import { beginWriter, endWriter } from './ghosts.ts';
import { HeldLocks } from './held-locks.ts';
import {
  DONE,
  DONE_AT,
  FRAME,
  FRAME_SPAN,
  FRAME0,
  HALTED,
  PC,
  R_RESULT,
  RUNNABLE,
  STARTED,
  T_BEGUN,
  T_DEPTH,
  T_OP,
  T_WAIT,
} from './layout.ts';
import {
  CALLED,
  CODE_FLAG,
  CODE_FUSE,
  CODE_MASK,
  CODE_NEXT,
  CODE_OTHERWISE,
  CODE_REGISTER,
  CODE_STRIDE_BITS,
  CODE_TOUCH,
  CODE_TOUCH_A,
  CODE_TOUCH_B,
  CODE_TOUCH_SHIFT,
  CODE_TOUCH_WRITE,
  CODE_VALUE,
  FINISHED,
  fusableBits,
  I_BRANCH,
  I_BRANCH_CALL,
  I_END,
  I_JUMP,
  I_LOCAL,
  I_RETURN,
  I_VISIBLE,
  I_YIELD,
  NEXT,
  type Outcome,
  type Program,
  type StepRun,
  type StepTouch,
  type TestRun,
  type Touch,
} from './program.ts';

import type { Tracker, Watch } from './watch.ts';
import { cacheAsEntries, EMPTY_WORLD, type World } from './world.ts';

export class Kernel extends HeldLocks {
  program: Program;
  watch: Watch;
  tracker: Tracker | null = null;
  world: World = EMPTY_WORLD;

  /** FUSE bits of this program that nothing in the loaded workload conflicts with. */
  fusable = 0;
  /** Those in force: none while a run is written down, so that its steps do not depend on the workload. */
  fused = 0;
  /** The simulator's own room ran out: the run is inconclusive. */
  overflow = false;
  /** The thread that last took a `retry` and has not run since, or -1: the default policy lets others run. */
  yielded = -1;
  /** The instruction being executed, and the one who executes it: what a violation happens at. */
  currentPc = 0;
  currentThread = 0;

  /** Operations that have ended since the kernel was made: whether a step ended any is seen by comparison. */
  endings = 0;

  /** Visible steps taken in this run. */
  steps = 0;

  private readonly code: Int32Array;
  private readonly runs: readonly StepRun[];
  private readonly touches: readonly Touch[];

  constructor(program: Program, watch: Watch) {
    super();
    this.program = program;
    this.code = program.code;
    this.runs = program.run;
    this.touches = program.touch;
    this.ordered = program.orderedClasses;
    this.watch = watch;
  }

  // ---- footprints -------------------------------------------------------------------------------------

  /** Take the footprint of the step that thread t stands before. */
  takeFootprint(t: number, r: number, pc: number): void {
    if (!this.footprints) return;
    this.footAt[t] = this.steps;
    const code = this.code;
    const row = pc << CODE_STRIDE_BITS;
    const base = code[row + CODE_TOUCH] as number;
    if (base < 0) {
      this.footThread = t;
      this.footLength[t] = 0;
      const touch = this.touches[pc] as StepTouch;
      touch(this, t, r);
      return;
    }
    const b = code[row + CODE_TOUCH_B] as number;
    const shift = code[row + CODE_TOUCH_SHIFT] as number;
    const first = this.get(r + (code[row + CODE_TOUCH_A] as number)) << shift;
    const object = base + first + (b < 0 ? 0 : this.get(r + b));
    this.foot[t * FOOT_MAX] = (object << 1) | (code[row + CODE_TOUCH_WRITE] as number);
    this.footLength[t] = 1;
  }

  // ---- starting ---------------------------------------------------------------------------------------

  /** Prepare for runs of one workload; `reset` then starts each of them. */
  load(world: World): void {
    this.world = world;
    this.words.set(world.start);
    if (this.program.hasZeroEntries) cacheAsEntries(this.words);
    this.logging = false;
    this.overflow = false;
    this.fusable = fusableBits(this.program, world);
    this.fused = this.fusable;
    for (let t = 0; t < world.threads; t++) this.startOp(t, 0);
    world.start.set(this.words);
    this.keepFootprints();
    this.reset();
  }

  reset(): void {
    this.words.set(this.world.start);
    this.restoreFootprints(this.world.threads);
    this.overflow = false;
    this.yielded = -1;
    this.steps = 0;
    this.digestA = 0;
    this.digestB = 0;
    this.beginLog();
  }

  /** Footprints are not part of the vector: after a restore they are taken anew. */
  refreshFootprints(): void {
    for (let t = 0; t < this.world.threads; t++) {
      if (this.opOf(t) < this.world.opCount(t)) {
        const r = this.frameOf(t);
        this.takeFootprint(t, r, this.get(r + PC));
      }
    }
  }

  // ---- asking -----------------------------------------------------------------------------------------

  /** Mask of the threads that can take a step. */
  enabled(): number {
    return this.get(RUNNABLE);
  }
  frameOf(t: number): number {
    return FRAME0 + t * FRAME_SPAN + this.get(T_DEPTH + t) * FRAME;
  }
  /** The visible instruction thread t stands before. */
  pcOf(t: number): number {
    return this.get(this.frameOf(t) + PC);
  }
  opOf(t: number): number {
    return this.get(T_OP + t);
  }
  isFinished(t: number): boolean {
    return this.opOf(t) >= this.world.opCount(t);
  }
  labelOf(t: number): string {
    return this.isFinished(t) ? 'end' : (this.program.label[this.pcOf(t)] ?? '');
  }
  writerOf(t: number): number {
    return writerOf(t, this.opOf(t));
  }

  /** Execute the visible step that thread t stands before, and the local steps behind it. */
  step(t: number): void {
    const r = this.frameOf(t);
    const pc = this.get(r + PC);
    this.steps++;
    this.currentPc = pc;
    this.currentThread = t;
    if (this.tracker !== null) {
      // Others may have changed what the footprint depends on since the thread came to stand here.
      const isRestless = this.code[(pc << CODE_STRIDE_BITS) + CODE_FLAG] !== 0;
      if (isRestless && this.footAt[t] !== this.steps - 1) this.takeFootprint(t, r, pc);
      this.tracker.stepping(this, t, pc);
    }
    this.yielded = -1;
    if (this.get(T_BEGUN + t) === 0) this.beginOp(t);
    const run = this.runs[pc] as StepRun;
    const outcome = run(this, t, r);
    if (this.get(HALTED) !== 0) return;
    if (outcome === NEXT) this.advance(t, r, this.next(pc));
    else if (outcome === FINISHED) this.endOp(t, r);
    else if (outcome !== CALLED) this.watch.blocked(this, t);
  }

  private next(pc: number): number {
    return this.code[(pc << CODE_STRIDE_BITS) + CODE_NEXT] as number;
  }

  /** The releaser gives thread t the lock it sleeps on: it stands behind its lock step at once. */
  handOver(t: number): void {
    // An operation that ended within this very step may have ended the run.
    if (this.get(HALTED) !== 0) return;
    this.wake(t);
    const r = this.frameOf(t);
    this.advance(t, r, this.next(this.get(r + PC)));
  }

  /** Put thread t to sleep on an object; it stays before its step. */
  sleep(t: number, object: number): void {
    this.put(RUNNABLE, this.get(RUNNABLE) & ~(1 << t));
    this.put(T_WAIT + t, object + 1);
  }

  wake(t: number): void {
    if (this.get(HALTED) !== 0) return;
    this.put(RUNNABLE, this.get(RUNNABLE) | (1 << t));
    this.put(T_WAIT + t, 0);
  }

  /** Run local instructions from pc until the thread stands before a visible one, or has finished. */
  private advance(t: number, frame: number, from: number): void {
    const code = this.code;
    let r = frame;
    let pc = from;
    for (;;) {
      const row = pc << CODE_STRIDE_BITS;
      switch (code[row]) {
        case I_VISIBLE:
          if (((code[row + CODE_FUSE] as number) & this.fused) === 0) {
            this.put(r + PC, pc);
            this.takeFootprint(t, r, pc);
            return;
          }
          this.runFused(t, r, pc);
          if (this.get(HALTED) !== 0) return;
          pc = code[row + CODE_NEXT] as number;
          break;
        case I_BRANCH:
          pc = this.branch(row, r);
          break;
        case I_LOCAL:
          this.runLocal(t, r, pc);
          pc = code[row + CODE_NEXT] as number;
          break;
        case I_BRANCH_CALL: {
          const test = this.program.test[pc] as TestRun;
          pc = code[row + (test(this, r) ? CODE_NEXT : CODE_OTHERWISE)] as number;
          break;
        }
        case I_JUMP:
          pc = code[row + CODE_NEXT] as number;
          break;
        case I_YIELD:
          this.yielded = t;
          pc = code[row + CODE_NEXT] as number;
          break;
        case I_RETURN:
          r = this.popFrame(t, r);
          pc = this.get(r + PC);
          break;
        case I_END:
          this.endOp(t, r);
          return;
      }
    }
  }

  private runLocal(t: number, r: number, pc: number): void {
    const run = this.runs[pc] as StepRun;
    run(this, t, r);
  }

  /** A visible step that conflicts with nothing: it cannot sleep, or `fusableBits` has missed what it waits for. */
  private runFused(t: number, r: number, pc: number): void {
    this.currentPc = pc;
    this.currentThread = t;
    const run = this.runs[pc] as StepRun;
    assert(run(this, t, r) === NEXT, 'a fused step goes on', this.program.label[pc]);
  }

  /** Thread t stands before a step that would be fused. */
  standsAtFusable(t: number): boolean {
    if (this.isFinished(t)) return false;
    const fuse = this.code[(this.pcOf(t) << CODE_STRIDE_BITS) + CODE_FUSE] as number;
    return (fuse & this.fusable) !== 0;
  }

  private branch(row: number, r: number): number {
    const code = this.code;
    const bits =
      this.get(r + (code[row + CODE_REGISTER] as number)) & (code[row + CODE_MASK] as number);
    const holds = bits === code[row + CODE_VALUE] ? 1 : 0;
    return code[row + (holds === code[row + CODE_FLAG] ? CODE_OTHERWISE : CODE_NEXT)] as number;
  }

  // ---- frames -----------------------------------------------------------------------------------------

  /** Enter the fault path for a page-table slot, on top of the step that needs it. */
  callFault(t: number, mm: number, pteIndex: number, isWrite: number): Outcome {
    const depth = this.get(T_DEPTH + t) + 1;
    this.put(T_DEPTH + t, depth);
    this.holdsAroundFault(t);
    const r = FRAME0 + t * FRAME_SPAN + depth * FRAME;
    this.world.startFault(this, r, mm, pteIndex, isWrite);
    this.advance(t, r, this.program.faultEntry);
    return CALLED;
  }

  private popFrame(t: number, r: number): number {
    const result = this.get(r + R_RESULT);
    this.clearFrame(r);
    this.put(T_DEPTH + t, this.get(T_DEPTH + t) - 1);
    this.leavesFault(t);
    const below = r - FRAME;
    this.put(below + R_RESULT, result);
    return below;
  }

  /** Dead registers are cleared, so that states are canonical. */
  private clearFrame(r: number): void {
    if (this.logging) {
      for (let i = r; i < r + FRAME; i++) this.put(i, 0);
      return;
    }
    // A loop, not fill(): the call costs more than a frame's stores.
    const words = this.words;
    for (let i = r; i < r + FRAME; i++) words[i] = 0;
  }

  // ---- operations -------------------------------------------------------------------------------------

  private beginOp(t: number): void {
    const writer = this.writerOf(t);
    this.put(T_BEGUN + t, 1);
    this.put(STARTED, this.get(STARTED) | (1 << writer));
    this.put(DONE_AT + writer, this.get(DONE));
    beginWriter(this, writer);
  }

  private endOp(t: number, r: number): void {
    const writer = this.writerOf(t);
    const result = this.get(r + R_RESULT);
    endWriter(this, t, writer, result);
    this.endings++;
    this.watch.opEnded(this, t, writer, result);
    if (this.get(HALTED) !== 0) return;
    this.clearFrame(r);
    this.put(T_BEGUN + t, 0);
    this.startOp(t, this.opOf(t) + 1);
  }

  private startOp(t: number, op: number): void {
    this.put(T_OP + t, op);
    if (op >= this.world.opCount(t)) {
      this.put(RUNNABLE, this.get(RUNNABLE) & ~(1 << t));
      this.footLength[t] = 0;
      return;
    }
    this.put(RUNNABLE, this.get(RUNNABLE) | (1 << t));
    const r = FRAME0 + t * FRAME_SPAN;
    const kind = this.world.startOp(this, r, t * OPS + op);
    this.advance(t, r, this.program.entryOfKind[kind] as number);
  }

  /** The simulator's own room is used up: the run ends, inconclusive, and nothing is said of it. */
  runOut(): Outcome {
    this.overflow = true;
    this.halt();
    return NEXT;
  }

  halt(): void {
    this.put(HALTED, 1);
    this.put(RUNNABLE, 0);
  }

  isHalted(): boolean {
    return this.get(HALTED) !== 0;
  }

  protected orderGrew(t: number, cls: number): void {
    this.watch.edgeAdded(this, t, cls);
  }
}
