/** All oracles together: what the kernel tells is passed to those it concerns. */
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import { OK, VMA_PRIVATE, vmaFile } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { HALTED, POWER_FAILED, SYNCED_VMA } from '../kernel/layout.ts';
import type { BlockUse, TableBreach, Watch } from '../kernel/watch.ts';
import { checkBlocks } from './accounting.ts';
import { checkEntries } from './cache.ts';
import { lineRead, readEverything } from './content.ts';
import { checkDeadlock, checkLostWakeup } from './deadlock.ts';
import { checkExposure, checkOwed, checkSizeOwed } from './durability.ts';
import { checkError, checkReadBeyond } from './errors.ts';
import { mayComplain, neverEnds } from './liveness.ts';
import {
  badRelease,
  checkLeaks,
  checkOrder,
  lockMissing,
  noteContradiction,
} from './lock-rules.ts';
import { ORACLES, type OracleId, Violations } from './oracle.ts';
import {
  blockLeavesPage,
  bufferSet,
  checkCachedPages,
  cutEnded,
  extentArrives,
  pageDiscarded,
  pageMapped,
} from './page-cache.ts';
import { tableBroken } from './page-tables.ts';
import { blockGivenUp, checkPinLeak, writtenUnpinned } from './pinned-blocks.ts';
import { blockUsed, copyInstalled, copyMade, copyZapped, extentSwapped } from './private-copies.ts';
import { checkMappings, isQuiescent } from './quiescent.ts';
import { checkSize, checkSizes } from './size.ts';
import { blockLeaves, pteInstalled, pteUsed, revoked } from './stale-pte.ts';

export const ALL_ORACLES: ReadonlySet<OracleId> = new Set(ORACLES);

export class Judge implements Watch {
  readonly found: Violations;
  /** What the paths do against the order that the model documents, in words; of all runs so far. */
  readonly contradictions = new Set<string>();
  private readonly deadlock: boolean;
  private readonly stale: boolean;
  private readonly rules: boolean;
  private readonly order: boolean;
  private readonly durability: boolean;
  private readonly exposure: boolean;
  private readonly content: boolean;
  private readonly errors: boolean;
  private readonly cache: boolean;
  private readonly accounts: boolean;
  private readonly pins: boolean;

  constructor(enabled: ReadonlySet<OracleId> = ALL_ORACLES) {
    this.found = new Violations(enabled);
    this.deadlock = enabled.has('O1');
    this.stale = enabled.has('O4');
    this.rules = enabled.has('O10');
    this.order = enabled.has('O11');
    this.durability = enabled.has('O8');
    this.exposure = enabled.has('O17');
    this.content = enabled.has('O6');
    this.errors = enabled.has('O12');
    this.cache = enabled.has('O14');
    this.accounts = enabled.has('O16');
    this.pins = enabled.has('O15');
  }

  get violations(): readonly Violation[] {
    return this.found.violations;
  }

  /** Start a new run. */
  reset(): void {
    if (this.found.violations.length > 0) this.found.violations.length = 0;
  }

  opEnded(k: Kernel, thread: number, writer: number, result: number): void {
    const row = k.world.rowOfWriter(writer);
    if (this.rules) {
      checkLeaks(k, this.found, thread, row.kind);
      if (row.kind === 'dma') checkPinLeak(k, this.found, thread);
    }
    if (this.content) checkSizes(k, this.found);
    if (this.errors) checkError(k, this.found, thread, writer, result);
    if (result === OK) {
      if (this.durability && (row.kind === 'clwb' || row.isSync)) checkOwed(k, this.found);
      if (this.durability && (row.kind === 'fsync' || row.kind === 'msync')) {
        checkOwed(k, this.found);
        this.checkSynced(k, thread, writer);
      }
      if (this.stale && row.kind === 'revoke') revoked(k, this.found);
    }
    if (k.program.hasPageData) cutEnded(k, this.found, writer);
    if (isQuiescent(k, thread)) this.checkQuiet(k);
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
    if (this.errors && pteIndex < 0) checkReadBeyond(k, this.found, reader, file, line);
    lineRead(k, this.found, reader, file, line, value, pteIndex, cpuWord);
  }

  pteUsed(k: Kernel, pteIndex: number, file: number, page: number, isWrite: boolean): void {
    if (this.stale) pteUsed(k, this.found, pteIndex, file, page, isWrite);
  }

  pteInstalled(k: Kernel, pteIndex: number, file: number, page: number): void {
    if (this.stale) pteInstalled(k, this.found, pteIndex, file, page);
    if (k.program.hasPageData) pageMapped(k, this.found, file, page);
  }

  copyZapped(k: Kernel, pteIndex: number): void {
    if (this.content) copyZapped(k, this.found, pteIndex);
  }

  copyMade(k: Kernel, r: number): void {
    copyMade(k, r);
  }

  copyInstalled(k: Kernel, r: number): void {
    copyInstalled(k, this.found, r);
  }

  blockUsed(k: Kernel, index: number, block: number, gen: number, use: BlockUse): void {
    if (this.stale) blockUsed(k, this.found, index, block, gen, use);
  }

  tableBroken(k: Kernel, r: number, how: TableBreach): void {
    if (this.found.isOn('O13')) tableBroken(k, this.found, r, how);
  }

  sizeSet(k: Kernel, file: number): void {
    if (this.content) checkSize(k, this.found, file);
  }

  extentLeaves(k: Kernel, file: number, page: number, block: number): void {
    if (!this.stale) return;
    blockLeaves(k, this.found, file, page, block);
    blockLeavesPage(k, this.found, file, page, block);
  }

  extentSwapped(k: Kernel, file: number, page: number, copy: number): void {
    if (this.content) extentSwapped(k, this.found, file, page, copy);
  }

  extentArrives(k: Kernel, file: number, page: number): void {
    if (this.stale) extentArrives(k, this.found, file, page);
  }

  bufferSet(k: Kernel, page: number): void {
    if (this.stale) bufferSet(k, this.found, page);
  }

  pageDiscarded(k: Kernel, page: number): void {
    if (this.content) pageDiscarded(k, this.found, page);
  }

  blockGivenUp(k: Kernel, file: number, page: number, block: number): void {
    if (this.pins) blockGivenUp(k, this.found, file, page, block);
  }

  writtenUnpinned(k: Kernel, block: number): void {
    if (this.pins) writtenUnpinned(k, this.found, block);
  }

  durableChanged(k: Kernel): void {
    if (this.exposure) checkExposure(k, this.found);
    if (this.durability) checkOwed(k, this.found);
  }

  edgeAdded(k: Kernel, thread: number, cls: number): void {
    noteContradiction(k, this.contradictions, thread, cls);
    if (this.order) checkOrder(k, this.found, thread, cls);
  }

  badRelease(k: Kernel, thread: number, cls: number, forWrite: boolean): void {
    if (this.rules) badRelease(k, this.found, thread, cls, forWrite);
    else k.halt();
  }

  lockMissing(k: Kernel, thread: number, cls: number, mode: 'R' | 'W'): void {
    if (this.rules) lockMissing(k, this.found, thread, cls, mode);
  }

  blocked(k: Kernel, thread: number): void {
    if (this.deadlock) checkDeadlock(k, this.found, thread);
  }

  /** O3 is asked; a search decides it. */
  get looksForEndless(): boolean {
    return this.found.isOn('O3');
  }

  mayNeverEnd(k: Kernel): boolean {
    return this.found.isOn('O3') && mayComplain(k);
  }

  /** The search has shown that no interleaving ends any operation from here. */
  neverEnds(k: Kernel, turning: number): void {
    neverEnds(k, this.found, turning);
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
    this.checkQuiet(k);
    this.found.isAtRest = true;
    readEverything(k, this.found);
    if (this.accounts) checkBlocks(k, this.found);
    this.found.isAtRest = false;
  }

  /** An msync of no area, or of a private one, owes nothing. */
  private checkSynced(k: Kernel, thread: number, writer: number): void {
    const { kind, file } = k.world.rowOfWriter(writer);
    const vma = k.peek(SYNCED_VMA + thread);
    if (kind === 'fsync') checkSizeOwed(k, this.found, file, writer);
    else if (vma !== 0 && (vma & VMA_PRIVATE) === 0)
      checkSizeOwed(k, this.found, vmaFile(vma), writer);
  }

  private checkQuiet(k: Kernel): void {
    this.found.isAtRest = true;
    checkMappings(k, this.found);
    if (this.cache && k.program.hasEntries) checkEntries(k, this.found);
    if (this.cache && k.program.hasPageData) checkCachedPages(k, this.found);
    this.found.isAtRest = false;
  }
}
