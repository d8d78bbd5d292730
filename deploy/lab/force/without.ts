/**
 * `punch:invalidate_lock`: a lock that an operation does not take, in a model and in the kernel; `punch:NAME()`: a call of
 * the kernel that an operation does not make, which models know nothing of. Pure.
 */
import { fail } from '../../../corpus/vocabulary/errors.ts';
import type { Input, Workload } from '../../../corpus/vocabulary/input.ts';
import { OP_KINDS, type OpKind } from '../../../corpus/vocabulary/ops.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import type { Model, Path } from '../../../workers/kernel/path.ts';
import { threadLetter } from '../../../workers/views/c/operations.ts';
import type { FileSystemName } from '../file-systems.ts';

export interface Without {
  readonly op: OpKind;
  readonly name: string;
  readonly isCall: boolean;
}

/** As the gate names locks, and as models do. */
const LOCK_IDS: Readonly<Record<string, string>> = {
  i_rwsem: 'inodeLock',
  invalidate_lock: 'faultLock',
  i_mmap_rwsem: 'iMmapRwsem',
};
/** Of a model's. */
const NAME_LENGTH_MAX = 64;
const FAULTS: readonly OpKind[] = ['load', 'store'];
/** Operations that take locks for read. */
const READERS: readonly OpKind[] = [...FAULTS, 'pread'];
/** A call that refuses to go on without the lock. */
const ASKS_FOR: Readonly<Record<string, Partial<Record<FileSystemName, string>>>> = {
  invalidate_lock: { ext4: 'ext4_break_layouts' },
};

/** @throws Refusal USAGE */
export function parseWithout(text: string): Without {
  const [, kind = '', name = '', call = ''] = /^(\w+):(\w+)(\(\))?$/.exec(text) ?? [];
  const op = OP_KINDS.find((one) => one === kind);
  const isCall = call !== '';
  if (op === undefined || (!isCall && LOCK_IDS[name] === undefined)) {
    throw fail('USAGE', {
      what: `"${printable(text)}" is no OPERATION:LOCK with a lock of ${Object.keys(LOCK_IDS).join(', ')}, and no OPERATION:FUNCTION()`,
    });
  }
  return { op, name, isCall };
}

/** Those that the threads of a workload would notice. */
export function noticed({ threads }: Workload, all: readonly Without[]): readonly Without[] {
  return all.filter(({ op }) => threads.some(({ ops }) => ops.some(({ kind }) => kind === op)));
}

/** The model whose operation does not take it; its needs of the lock go as well. */
export function modelWithout(model: Model, all: readonly Without[]): Model {
  return all.reduce(modelWithoutOne, model);
}

function modelWithoutOne(model: Model, { op, name, isCall }: Without): Model {
  const lock = LOCK_IDS[name];
  if (isCall || lock === undefined) return model;
  const { needs, paths } = model;
  const path = FAULTS.includes(op) ? 'fault' : op;
  return {
    ...model,
    name: `${model.name}-without-${path}-${name}`.slice(0, NAME_LENGTH_MAX),
    ...(needs === undefined ? {} : { needs: needs.filter((one) => one.lock !== lock) }),
    expect: { find: [], clean: [] },
    paths: { ...paths, [path]: pathWithout(paths[path] ?? [], lock) },
  };
}

function pathWithout(path: Path, lock: string): Path {
  return path.flatMap((node): Path => {
    if ('step' in node) return node.lock === lock ? [] : [node];
    if ('body' in node) return [{ ...node, body: pathWithout(node.body, lock) }];
    if (!('when' in node)) return [node];
    const then = pathWithout(node.then, lock);
    if (node.else === undefined) return [{ ...node, then }];
    return [{ ...node, then, else: pathWithout(node.else, lock) }];
  });
}

/** As the module reads it: for each thread that does the operation. */
export function cutText(
  { threads }: Input,
  all: readonly Without[],
  fileSystem: FileSystemName,
): string {
  const cuts = all.flatMap(({ op, name, isCall }) =>
    threads.flatMap(({ ops }, thread) => {
      if (!ops.some(({ kind }) => kind === op)) return [];
      const letter = threadLetter(thread);
      if (isCall) return [`${letter}:fn=${name}`];
      if (READERS.includes(op)) return [`${letter}:read=${name}`];
      const asks = ASKS_FOR[name]?.[fileSystem];
      return [`${letter}:write=${name}`, ...(asks === undefined ? [] : [`${letter}:fn=${asks}`])];
    }),
  );
  return [...new Set(cuts)].join(',');
}
