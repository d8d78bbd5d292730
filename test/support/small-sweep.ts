/**
 * The small sweep: every workload of one page, one operation against one or two, sixteen operations, all page
 * states, both lines, two processes; where only accesses and
 * writes are involved also within one process. The file has a second page, a hole, so that a collapse of the first is
 * within the file.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { type Op, PAGE_STATES, type PageState } from '../../corpus/vocabulary/ops.ts';

const PAGE = 4096;
const LINE = 2048;

export const SWEEP_OPS: readonly Op[] = [
  { kind: 'load', area: 0, offset: 0 },
  { kind: 'load', area: 0, offset: LINE },
  { kind: 'store', area: 0, offset: 0 },
  { kind: 'store', area: 0, offset: LINE },
  { kind: 'pread', file: 0, offset: 0, length: PAGE },
  { kind: 'pwrite', file: 0, offset: 0, length: LINE },
  { kind: 'pwrite', file: 0, offset: LINE, length: LINE },
  { kind: 'truncate', file: 0, size: 0 },
  { kind: 'truncate', file: 0, size: 2 * PAGE },
  { kind: 'punch', file: 0, offset: 0, length: PAGE },
  { kind: 'collapse', file: 0, offset: 0, length: PAGE },
  { kind: 'insert', file: 0, offset: 0, length: PAGE },
  { kind: 'zero', file: 0, offset: 0, length: PAGE },
  { kind: 'fallocate', file: 0, offset: 0, length: PAGE },
  { kind: 'fsync', file: 0 },
  { kind: 'revoke' },
];

/** With those that need no fault or writer beside them: what is mapped, synced, lost and refused. */
export const ALL_OPS: readonly Op[] = [
  ...SWEEP_OPS,
  { kind: 'mmap', area: 1, file: 0, offset: 0, length: PAGE, sharing: 'private' },
  { kind: 'munmap', area: 0 },
  { kind: 'msync', area: 0 },
  { kind: 'pwrite', file: 0, offset: 0, length: PAGE, buffer: { area: 0, offset: 0 } },
  { kind: 'commit' },
  { kind: 'crash' },
  { kind: 'enospc' },
];

/** What two threads of one process meet through the same page table: accesses and writes. */
const SHARED_TABLE = new Set(['load', 'store', 'pread', 'pwrite', 'fsync']);

/** Workloads number `part` of `parts`, dealt like cards. */
export function* smallSweep(part = 0, parts = 1, all = SWEEP_OPS): Generator<Workload> {
  let n = 0;
  for (const state of PAGE_STATES) {
    for (const [i, one] of all.entries()) {
      for (const [j, other] of all.entries()) {
        // One against one is symmetric: the processes are alike.
        if (j >= i && !isMirror([one, other]) && n++ % parts === part)
          yield workload(state, [one], [other]);
        for (const second of all) {
          if (isMirror([one, other, second])) continue;
          if (n++ % parts === part) yield workload(state, [one], [other, second]);
          const alike = [one, other, second].every((op) => SHARED_TABLE.has(op.kind));
          if (alike && n++ % parts === part) yield workload(state, [one], [other, second], 0);
        }
      }
    }
  }
}

/**
 * The two lines of the page are alike: a workload whose first access to a single line is to the second one is
 * the mirror image of another that is in the sweep.
 */
function isMirror(ops: readonly Op[]): boolean {
  for (const op of ops) {
    if (op.kind === 'load' || op.kind === 'store') return op.offset !== 0;
    if (op.kind === 'pwrite' && op.length === LINE) return op.offset !== 0;
  }
  return false;
}

function workload(
  state: PageState,
  first: readonly Op[],
  second: readonly Op[],
  process = 1,
): Workload {
  const area = { file: 0, offset: 0, length: PAGE, sharing: 'shared' } as const;
  return {
    setup: {
      files: [{ size: 2 * PAGE, pages: [state, 'hole'] }],
      processes: [{ areas: [area, null] }, { areas: [area, null] }],
    },
    threads: [
      { process: 0, ops: first },
      { process, ops: second },
    ],
  };
}
