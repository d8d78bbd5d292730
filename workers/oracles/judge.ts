/** All oracles together: what the kernel tells is passed to those it concerns. */
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import { OK } from '../kernel/encoding.ts';
import type { History } from '../kernel/history.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { HALTED, POWER_FAILED } from '../kernel/layout.ts';
import type { Watch } from '../kernel/watch.ts';
import { lineRead, readEverything } from './content.ts';
import { checkDeadlock, checkLostWakeup } from './deadlock.ts';
import { checkExposure, checkOwed } from './durability.ts';
import {
  badRelease,
  checkLeaks,
  checkOrder,
  extentsNeedFaultLock,
  lockMissing,
} from './lock-rules.ts';
import { currentLabel, Findings, ORACLES, type OracleId } from './oracle.ts';
import { checkMappings, isQuiescent } from './quiescent.ts';
import { blockLeaves, pteInstalled, pteUsed, revoked } from './stale-pte.ts';

export const ALL_ORACLES: ReadonlySet<OracleId> = new Set(ORACLES);

export class Judge implements Watch {
  readonly found: Findings;
  private hasExposed = false;
  private readonly deadlock: boolean;
  private readonly stale: boolean;
  private readonly rules: boolean;
  private readonly order: boolean;
  private readonly durability: boolean;
  private readonly exposure: boolean;

  constructor(enabled: ReadonlySet<OracleId> = ALL_ORACLES) {
    this.found = new Findings(enabled);
    this.deadlock = enabled.has('O1');
    this.stale = enabled.has('O4');
    this.rules = enabled.has('O10');
    this.order = enabled.has('O11');
    this.durability = enabled.has('O8');
    this.exposure = enabled.has('O17');
  }

  get violations(): readonly Violation[] {
    return this.found.violations;
  }

  /** Start a new run; `history` names the past's labels. */
  reset(history: History | null): void {
    if (this.found.violations.length > 0) this.found.violations.length = 0;
    this.found.history = history;
    if (this.hasExposed) this.found.exposers.fill('setup');
    this.hasExposed = false;
  }

  opEnded(k: Kernel, thread: number, writer: number, result: number): void {
    const row = k.world.rowOfWriter(writer);
    if (this.rules) checkLeaks(k, this.found, thread, row.kind);
    if (result === OK) {
      if (this.durability && (row.kind === 'fsync' || row.kind === 'msync')) {
        checkOwed(k, this.found);
      }
      if (this.stale && row.kind === 'revoke') revoked(k, this.found);
    }
    if (isQuiescent(k, thread)) checkMappings(k, this.found);
  }

  lineRead(
    k: Kernel,
    reader: number,
    file: number,
    line: number,
    value: number,
    pteIndex: number,
    cpuWord: number,
  ): void {
    lineRead(k, this.found, reader, file, line, value, pteIndex, cpuWord);
  }

  pteUsed(k: Kernel, pteIndex: number, file: number, page: number): void {
    if (this.stale) pteUsed(k, this.found, pteIndex, file, page);
  }

  pteInstalled(k: Kernel, pteIndex: number, file: number, page: number): void {
    if (this.stale) pteInstalled(k, this.found, pteIndex, file, page);
  }

  blockExposed(k: Kernel, block: number): void {
    this.hasExposed = true;
    this.found.exposers[block] = currentLabel(k);
  }

  sizeFalls(k: Kernel, file: number): void {
    this.found.shrinkers[file] = currentLabel(k);
  }

  extentLeaves(k: Kernel, file: number, page: number, block: number): void {
    if (this.stale) blockLeaves(k, this.found, file, page, block);
    if (this.rules) extentsNeedFaultLock(k, this.found);
  }

  durableChanged(k: Kernel): void {
    if (this.exposure) checkExposure(k, this.found);
    if (this.durability && k.program.durability) checkOwed(k, this.found);
  }

  edgeAdded(k: Kernel, thread: number, cls: number): void {
    if (this.order) checkOrder(k, this.found, thread, cls);
  }

  badRelease(k: Kernel, thread: number, cls: number, forWrite: boolean): void {
    if (this.rules) badRelease(k, this.found, thread, cls, forWrite);
    else k.halt();
  }

  lockMissing(k: Kernel, thread: number, cls: number): void {
    if (this.rules) lockMissing(k, this.found, thread, cls);
  }

  blocked(k: Kernel, thread: number): void {
    if (this.deadlock) checkDeadlock(k, this.found, thread);
  }

  /** Nobody can run any more. */
  ended(k: Kernel): void {
    if (k.overflow || k.peek(POWER_FAILED) !== 0) return;
    if (k.peek(HALTED) !== 0) return;
    for (let t = 0; t < k.world.threads; t++) {
      if (k.isFinished(t)) continue;
      if (this.found.isOn('O2')) checkLostWakeup(k, this.found);
      return;
    }
    checkMappings(k, this.found);
    readEverything(k, this.found);
  }
}
