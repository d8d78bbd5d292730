/**
 * What oracles share: where they report, and how an early defect is kept from hiding others. After a violation
 * that is not fatal the run goes on; the page and block it touched are tainted, and later complaints about
 * tainted objects are dropped.
 */
import { LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import { blamed, byRole, operationOf, roleName } from '../kernel/blame.ts';
import { blameOfWord } from '../kernel/cached.ts';
import { threadOf } from '../kernel/encoding.ts';
import { shiftSource } from '../kernel/ghosts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { EXPOSED_BY, SPOKEN, T_BEGUN, TAINT_BLOCKS, TAINT_PAGES } from '../kernel/layout.ts';
import { type Signed, signatureOf } from './signature.ts';

/** The oracles by number; a mask of them can be switched off, for ablations. */
export const ORACLES = [
  'O1',
  'O2',
  'O3',
  'O4',
  'O5',
  'O6',
  'O7',
  'O8',
  'O9',
  'O10',
  'O11',
  'O12',
  'O13',
  'O14',
  'O15',
  'O16',
  'O17',
] as const;
export type OracleId = (typeof ORACLES)[number];

const ALL_PAGES = (1 << PAGES) - 1;

export interface Complaint extends Signed {
  readonly detail: string;
  readonly fatal: boolean;
  readonly site?: string;
}

export class Violations {
  readonly violations: Violation[] = [];
  /** No operation is under way while this is looked for. */
  isAtRest = false;
  private readonly enabled: ReadonlySet<OracleId>;

  constructor(enabled: ReadonlySet<OracleId>) {
    this.enabled = enabled;
  }

  isOn(oracle: OracleId): boolean {
    return this.enabled.has(oracle);
  }

  /** About a page, and a block of it where one is meant: what comes later of either is its consequence. */
  reportPage(k: Kernel, file: number, page: number, block: number, complaint: Complaint): void {
    this.report(k, complaint);
    taint(k, file, page, block);
  }

  report(k: Kernel, complaint: Complaint): void {
    const signature = signatureOf(complaint);
    this.violations.push({
      class: complaint.class,
      signature,
      fatal: complaint.fatal,
      step: k.steps,
      detail: complaint.detail,
      isAtRest: this.isAtRest,
      site: complaint.site ?? '',
    });
    k.put(SPOKEN, 1);
    if (complaint.fatal) k.halt();
  }
}

export function currentLabel(k: Kernel): string {
  return k.program.label[k.currentPc] || (k.program.step[k.currentPc] ?? '');
}

/** The role at work. */
export function currentRole(k: Kernel): string {
  return roleName(k, byRole(k));
}

/** What the thread at work has been asked to do. */
export function currentOperation(k: Kernel): OpKind {
  return k.world.rowOfWriter(k.writerOf(k.currentThread)).kind;
}

/** The role that wrote a line last, of a block or of a page of the cache. */
export function wroteLast(k: Kernel, word: number): string {
  const role = blamed(k, blameOfWord(word));
  // A copy into a mapping is a store like any other.
  return role === 'pread/copyOut' ? 'access' : role;
}

/** Operation or fault: of what steps of one path did, which one depends on the allocation policy. */
export function blamedPath(k: Kernel, word: number): string {
  return pathOf(blamed(k, word));
}

export function currentPath(k: Kernel): string {
  return pathOf(currentRole(k));
}

function pathOf(role: string): string {
  return role.slice(0, Math.max(0, role.indexOf('/'))) || role;
}

/** The kind of the operation that a ghost of `byOperation` blames. */
export function blamedOperation(k: Kernel, word: number): OpKind | 'setup' {
  const writer = operationOf(k.peek(word));
  return writer === 0 ? 'setup' : k.world.rowOfWriter(writer).kind;
}

/** While a shift is under way a page may show what its source holds: the taint of either counts. */
export function isTainted(k: Kernel, file: number, page: number): boolean {
  const ofFile = k.peek(TAINT_PAGES) >> (file * PAGES);
  if (((ofFile >> page) & 1) !== 0) return true;
  if ((ofFile & ALL_PAGES) === 0) return false;
  const source = page + shiftSource(k, file, page * LINES_PER_PAGE) / LINES_PER_PAGE;
  return source >= 0 && source < PAGES && ((ofFile >> source) & 1) !== 0;
}
export function isBlockTainted(k: Kernel, block: number): boolean {
  return ((k.peek(TAINT_BLOCKS) >> block) & 1) !== 0;
}
export function taint(k: Kernel, file: number, page: number, block: number): void {
  k.put(TAINT_PAGES, k.peek(TAINT_PAGES) | (1 << (file * PAGES + page)));
  if (block >= 0) taintBlock(k, block);
}

export function taintBlock(k: Kernel, block: number): void {
  k.put(TAINT_BLOCKS, k.peek(TAINT_BLOCKS) | (1 << block));
}

/** The operation that made a block visible as written still runs: it may yet clear it. */
export function isExposing(k: Kernel, block: number): boolean {
  return block >= 0 && isUnderWay(k, operationOf(k.peek(EXPOSED_BY + block)));
}

/** @param operation its writer id; 0, the setup, is over */
export function isUnderWay(k: Kernel, operation: number): boolean {
  if (operation === 0) return false;
  const thread = threadOf(operation);
  return k.writerOf(thread) === operation && k.peek(T_BEGUN + thread) !== 0;
}

export function pageName(file: number, page: number): string {
  return `page ${page} of file ${file === 0 ? 'A' : 'B'}`;
}
