/** What `lab trace` records of huge pages: no model has those of a current kernel, so that none is compared. */
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { PAGE_BYTES } from '../../../corpus/vocabulary/limits.ts';
import { makeOp, type Op } from '../../../corpus/vocabulary/ops.ts';
import type { Played } from './operations.ts';

const HUGE_BYTES = 2 << 20;
/** So much that a block allocator aligns it to huge pages. */
const FILE_BYTES = 8 * HUGE_BYTES;
const MAPPED_BYTES = 4 * HUGE_BYTES;
/** The second huge page: where an operation is at its start, this small one is followed. */
export const HUGE_PAGE = HUGE_BYTES / PAGE_BYTES;
const SHARED = 0;
const PRIVATE = 1;
const FILE = 0;

const store = (offset: number): Op => makeOp('store', { area: SHARED, offset });
const load = (area: number): Op => makeOp('load', { area, offset: HUGE_BYTES });
const range = (kind: 'punch' | 'fallocate' | 'pwrite', offset: number, length: number): Op =>
  makeOp(kind, { file: FILE, offset, length });
const FSYNC = makeOp('fsync', { file: FILE });
const HOLE = range('punch', 0, MAPPED_BYTES);
const LOAD = load(SHARED);
const STORE = store(HUGE_BYTES);
const NEXT = store(HUGE_BYTES + PAGE_BYTES);

/** The file begins preallocated. */
const STATES: Readonly<Record<string, readonly Op[]>> = {
  hole: [HOLE],
  'hole-zeromapped': [HOLE, LOAD],
  unwritten: [],
  'unwritten-zeromapped': [LOAD],
  dirty: [STORE],
  clean: [STORE, FSYNC],
  '4kmapped': [NEXT],
  privzero: [load(PRIVATE)],
};

const OPERATIONS: Readonly<Record<string, Op>> = {
  'huge-load': LOAD,
  'huge-store': STORE,
  'huge-store-next': NEXT,
  'huge-fsync': FSYNC,
  'huge-pwrite-4k': range('pwrite', HUGE_BYTES, PAGE_BYTES),
  'huge-priv-load': load(PRIVATE),
  'huge-priv-store': makeOp('store', { area: PRIVATE, offset: HUGE_BYTES }),
  'huge-punch-4k': range('punch', HUGE_BYTES, PAGE_BYTES),
  'huge-punch-2m': range('punch', HUGE_BYTES, HUGE_BYTES),
};

export const HUGE: readonly Played[] = [
  ['huge-load', 'hole'],
  ['huge-load', 'unwritten'],
  ['huge-store', 'hole'],
  ['huge-store', 'unwritten'],
  ['huge-store', 'hole-zeromapped'],
  ['huge-store', 'unwritten-zeromapped'],
  ['huge-store', 'clean'],
  ['huge-fsync', 'dirty'],
  ['huge-load', '4kmapped'],
  ['huge-store', '4kmapped'],
  ['huge-pwrite-4k', 'hole-zeromapped'],
  ['huge-store-next', 'hole-zeromapped'],
  ['huge-store-next', 'clean'],
  ['huge-priv-load', 'hole'],
  ['huge-priv-store', 'privzero'],
  ['huge-priv-store', 'hole'],
  ['huge-punch-4k', 'dirty'],
  ['huge-punch-2m', 'dirty'],
];

/** null for an operation that is none of these. */
export function hugeWorkload(operation: string, state: string): Workload | null {
  const op = OPERATIONS[operation];
  const before = STATES[state];
  if (op === undefined || before === undefined) return null;
  const area = { file: FILE, offset: 0, length: MAPPED_BYTES };
  const areas = [
    { ...area, sharing: 'shared' },
    { ...area, sharing: 'private' },
  ] as const;
  return {
    setup: { files: [{ size: FILE_BYTES, pages: [] }], processes: [{ areas }] },
    threads: [{ process: 0, ops: [range('fallocate', 0, FILE_BYTES), ...before, op] }],
  };
}

/** The area whose pte is followed. */
export function hugeArea(operation: string): number {
  return operation.startsWith('huge-priv') ? PRIVATE : SHARED;
}
