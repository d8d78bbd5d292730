/**
 * What must be held, in which mode, when a step runs. A need is asked of the lock word of the instance that the
 * step's frame means, never of a set of classes: the other file's lock protects nothing.
 */
import { RANGES } from '../../corpus/vocabulary/limits.ts';
import { pageIndex } from './encoding.ts';
import type { Kernel } from './kernel.ts';
import {
  J_HANDLES,
  PAGE_LOCK,
  R_FILE,
  R_PAGE,
  R_PAGEOBJ,
  R_SIZE,
  RANGE_LOCK,
  SIZE,
  SLOT_HOLDER,
  T_HELD,
} from './layout.ts';
import {
  C_JOURNAL,
  handleCount,
  heldCount,
  isOfFileSystem,
  kindOfClass,
  LOCK_CLASSES,
  pageHolder,
  type Rwsem,
  readCount,
  writerIn,
} from './locks.ts';
import type { Model, Need } from './path.ts';
import type { StepRun } from './program.ts';
import { holdsRange, rangesAt } from './ranges.ts';

/** `setSize.raise`: only where i_size grows. */
export const RAISE = '.raise';

/** Steps that take a block from its page, or move it: what a model calls `extents`, so that no step comes to old models. */
export const EXTENT_STEPS: readonly string[] = [
  'removeExtent',
  'unwriteExtent',
  'collapseExtents',
  'insertExtents',
  'shiftExtentLeft',
  'shiftExtentRight',
];

/** Extents change under a lock of the file system, held exclusively. */
function extentsNeed(lock: string, source: string): readonly Need[] {
  return [...EXTENT_STEPS, 'swapExtents'].map((step) => ({ step, lock, mode: 'W', source }));
}

/** What mm/ asks of every caller, in every kernel here. */
export const MM_NEEDS: readonly Need[] = [
  ...['clearPte', 'clearPteCows'].map(
    (step): Need => ({
      step,
      lock: 'iMmapRwsem',
      mode: 'R',
      source: 'Williams 7 Oct 2015: unmap_mapping_range presumes a locking context',
    }),
  ),
  ...[
    'installPte',
    'installWritablePte',
    'mapZeroPage',
    'mapCommonZeroPage',
    'upgradePte',
    'installAnon',
  ].map(
    (step): Need => ({
      step,
      lock: 'mmapSem',
      mode: 'R',
      source: 'handle_mm_fault: "By the time we get here, we already hold the mm semaphore"',
    }),
  ),
  ...['linkVma', 'unlinkVma'].flatMap((step): Need[] => [
    {
      step,
      lock: 'mmapSem',
      mode: 'W',
      source: 'do_mmap: "The caller must hold down_write(&current->mm->mmap_sem)"',
    },
    {
      step,
      lock: 'iMmapRwsem',
      mode: 'W',
      source: '__remove_shared_vm_struct: "Requires inode->i_mapping->i_mmap_rwsem"',
    },
  ]),
  {
    step: 'detachVma',
    lock: 'mmapSem',
    mode: 'W',
    source: 'do_mas_munmap takes the vma out under mmap_write_lock (locking 7.5)',
  },
  {
    step: 'unlinkDetachedVma',
    lock: 'iMmapRwsem',
    mode: 'W',
    source: '__remove_shared_vm_struct: "Requires inode->i_mapping->i_mmap_rwsem"',
  },
  {
    step: 'walkPageTable',
    lock: 'mmapSem',
    mode: 'R',
    source: 'handle_mm_fault: "By the time we get here, we already hold the mm semaphore"',
  },
  { step: 'findArea', lock: 'mmapSem', mode: 'R', source: 'find_vma asserts it since 5.8' },
];

/**
 * What holds wherever a lock of the class excludes anybody at all; MM_NEEDS hold in any case. A class that no path
 * takes exclusively excludes nobody, so nothing needs it. i_size is not among them: file systems differ in what
 * guards it.
 */
const STANDARD_NEEDS: readonly Need[] = [
  ...extentsNeed(
    'inodeLock',
    'xfs_setattr_size asserts XFS_IOLOCK_EXCL; ext4_truncate: WARN_ON(!inode_is_locked(inode))',
  ),
  ...extentsNeed(
    'faultLock',
    'xfs_setattr_size asserts XFS_MMAPLOCK_EXCL; ext4_punch_hole: "Prevent page faults from reinstantiating pages"',
  ),
];

/** What a model asks, or else what is standard: only of locks that some path takes exclusively, and of mm/ in any case. */
export function needsIn(
  { needs }: Pick<Model, 'needs'>,
  isExclusive: (lock: string) => boolean,
): readonly Need[] {
  return needs ?? [...STANDARD_NEEDS.filter(({ lock }) => isExclusive(lock)), ...MM_NEEDS];
}

interface Guard {
  readonly cls: number;
  readonly mode: 'R' | 'W';
  readonly rwsem: Rwsem | null;
  readonly onRaise: boolean;
}

/** The needs of one step of a model. */
export function guardsOf(
  step: string,
  needs: readonly Need[],
  rwsemNamed: (name: string) => Rwsem | null,
): readonly Guard[] {
  return needs
    .filter((need) => need.step === step || need.step === `${step}${RAISE}`)
    .map(({ step: needing, lock, mode }) => {
      const rwsem = rwsemNamed(lock);
      const cls = rwsem?.cls ?? LOCK_CLASSES.findIndex(({ id }) => id === lock);
      return { cls, mode, rwsem, onRaise: needing.endsWith(RAISE) };
    });
}

/** A driver's shutdown has no file system's lock, by nature (locking 4.1 O10). */
export function isExempt(operation: string, cls: number): boolean {
  return operation === 'revoke' && isOfFileSystem(cls);
}

/** The step, which first asks for what it needs. */
export function guarded(run: StepRun, guards: readonly Guard[], pc: number): StepRun {
  return (k, t, r) => {
    // Also where it is a local step, or runs in the step of another thread that hands a lock over.
    k.currentPc = pc;
    k.currentThread = t;
    for (const guard of guards) {
      if (guard.onRaise && k.peek(r + R_SIZE) <= k.peek(SIZE + k.peek(r + R_FILE))) continue;
      if (!isHeld(k, t, r, guard)) k.watch.lockMissing(k, t, guard.cls, guard.mode);
    }
    return run(k, t, r);
  };
}

function isHeld(k: Kernel, t: number, r: number, { cls, mode, rwsem }: Guard): boolean {
  if (rwsem !== null) {
    const instance = rwsem.register < 0 ? 0 : k.peek(r + rwsem.register);
    const word = k.peek(rwsem.word + instance);
    return writerIn(word) === t || (mode === 'R' && readCount(word, t) > 0);
  }
  switch (kindOfClass(cls)) {
    case 'page': {
      const object = k.peek(r + R_PAGEOBJ) - 1;
      return object >= 0 && pageHolder(k.peek(PAGE_LOCK + object)) === t;
    }
    case 'entry':
      return k.peek(SLOT_HOLDER + pageIndex(k.peek(r + R_FILE), k.peek(r + R_PAGE))) === t + 1;
    // Of the file's pages some range; the kernel's text asks for no more.
    case 'interval': {
      const first = RANGE_LOCK + k.peek(r + R_FILE) * RANGES;
      return holdsRange(
        rangesAt(first, (word) => k.peek(word)),
        t,
      );
    }
    case 'handle':
      return cls === C_JOURNAL && handleCount(k.peek(J_HANDLES), t) > 0;
    default:
      return heldCount(k.peek(T_HELD + t), cls) > 0;
  }
}
