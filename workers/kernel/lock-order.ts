/** The order of locks that a model documents, by class numbers. Pure. */
import { CLASS_COUNT, classBit, LOCK_CLASSES, type LockId, type OwnLock } from './locks.ts';

/** What kernels of one time or another call the classes. */
const KERNEL_NAMES: Readonly<Partial<Record<LockId, readonly string[]>>> = {
  inodeLock: ['i_rwsem', 'i_mutex'],
  mmapSem: ['mmap_sem', 'mmap_lock'],
  faultLock: ['invalidate_lock', 'i_mmap_sem'],
  iMmapRwsem: ['i_mmap_rwsem', 'i_mmap_mutex'],
  pageLock: ['page lock', 'lock_page'],
  rangeLock: ['mapping_lock'],
};

interface Named {
  readonly locks: Readonly<Partial<Record<LockId, string>>>;
  readonly ownLocks?: readonly OwnLock[];
  readonly order: readonly string[];
}

/** Class numbers by every name that `order` may use: those of the table, of the model and of the kernel. */
export function classesByName(model: Omit<Named, 'order'>): ReadonlyMap<string, number> {
  const classes = new Map<string, number>();
  for (const [cls, { id }] of LOCK_CLASSES.entries()) {
    // LOCK_CLASSES has the ids that LockId is made of.
    const lock = id as LockId;
    const names = [...(KERNEL_NAMES[lock] ?? []), id, model.locks[lock] ?? id];
    for (const name of names) classes.set(name, cls);
  }
  for (const [i, { name }] of (model.ownLocks ?? []).entries()) {
    classes.set(name, LOCK_CLASSES.length + i);
  }
  return classes;
}

export function chainOf(line: string): readonly string[] {
  return line.split(' -> ');
}

/** For each class the mask of those that come after it, directly or not; names that are none are left out. */
export function documentedOrder(model: Named): Int32Array {
  const classes = classesByName(model);
  const after = new Int32Array(CLASS_COUNT);
  for (const line of model.order) {
    const chain = chainOf(line).flatMap((name) => classes.get(name) ?? []);
    for (const [i, cls] of chain.entries()) {
      for (const later of chain.slice(i + 1)) after[cls] = (after[cls] ?? 0) | (1 << later);
    }
  }
  for (let through = 0; through < CLASS_COUNT; through++) {
    for (let cls = 0; cls < CLASS_COUNT; cls++) {
      if ((((after[cls] ?? 0) >> through) & 1) === 0) continue;
      after[cls] = (after[cls] ?? 0) | (after[through] ?? 0);
    }
  }
  return after;
}

/** The same masks in the bits of held counts, so that a step asks with one `and`. */
export function documentedBits(model: Named): Int32Array {
  return documentedOrder(model).map((mask) => {
    let bits = 0;
    for (let cls = 0; cls < CLASS_COUNT; cls++)
      if (((mask >> cls) & 1) !== 0) bits |= classBit(cls);
    return bits;
  });
}

/** A class that comes after itself, or -1. */
export function cyclicClass(after: Int32Array): number {
  return after.findIndex((mask, cls) => ((mask >> cls) & 1) !== 0);
}
