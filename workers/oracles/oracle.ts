/**
 * What oracles share: where they report, and how an early defect is kept from hiding others. After a violation
 * that is not fatal the run goes on; the page and block it touched are tainted, and later complaints about
 * tainted objects are dropped (design 6).
 */
import { PAGES } from '../../corpus/vocabulary/limits.ts';
import type { Violation, ViolationClass } from '../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SPOKEN, TAINT_BLOCKS, TAINT_PAGES } from '../kernel/layout.ts';

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
  'O14',
  'O17',
] as const;
export type OracleId = (typeof ORACLES)[number];

export interface Complaint {
  readonly class: ViolationClass;
  readonly object: string;
  /** Labels, or a cycle already in canonical form. */
  readonly labels: readonly string[];
  readonly detail: string;
  readonly fatal: boolean;
}

export class Findings {
  readonly violations: Violation[] = [];
  private readonly enabled: ReadonlySet<OracleId>;

  constructor(enabled: ReadonlySet<OracleId>) {
    this.enabled = enabled;
  }

  isOn(oracle: OracleId): boolean {
    return this.enabled.has(oracle);
  }

  report(k: Kernel, complaint: Complaint): void {
    const signature = signatureOf(complaint);
    this.violations.push({
      class: complaint.class,
      signature,
      fatal: complaint.fatal,
      step: k.steps,
      detail: complaint.detail,
    });
    k.put(SPOKEN, 1);
    if (complaint.fatal) k.halt();
  }
}

/** The kernel path that a label lies in: `fault` of `fault/unmap/clearPte`. */
export function pathOfLabel(label: string): string {
  const slash = label.indexOf('/');
  return slash < 0 ? label : label.slice(0, slash);
}

/** Unordered labels without twins' numbers: the same race by another turn of a loop is the same race. */
export function signatureOf(complaint: Pick<Complaint, 'class' | 'object' | 'labels'>): string {
  const labels = complaint.labels.map(withoutTwin);
  const sorted = [...new Set(labels)].sort();
  return `${complaint.class} ${complaint.object} ${sorted.join('|')}`;
}

function withoutTwin(label: string): string {
  return label.replace(/~\d+$/, '');
}

export function currentLabel(k: Kernel): string {
  return k.program.label[k.currentPc] || (k.program.step[k.currentPc] ?? '');
}

export function isTainted(k: Kernel, file: number, page: number): boolean {
  return ((k.peek(TAINT_PAGES) >> (file * PAGES + page)) & 1) !== 0;
}
export function isBlockTainted(k: Kernel, block: number): boolean {
  return ((k.peek(TAINT_BLOCKS) >> block) & 1) !== 0;
}
export function taint(k: Kernel, file: number, page: number, block: number): void {
  k.put(TAINT_PAGES, k.peek(TAINT_PAGES) | (1 << (file * PAGES + page)));
  if (block >= 0) k.put(TAINT_BLOCKS, k.peek(TAINT_BLOCKS) | (1 << block));
}

export function pageName(file: number, page: number): string {
  return `page ${page} of file ${file === 0 ? 'A' : 'B'}`;
}
