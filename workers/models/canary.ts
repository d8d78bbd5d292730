/**
 * A model that must always fail: no system call gives back what it took. If its findings stop, the pipeline is
 * deaf.
 */
import type { Model, Node, Path } from '../kernel/path.ts';
import { xfsMmaplockPrezero } from './xfs-mmaplock-prezero.ts';

/** The path without its last release. */
function keepLastLock(path: Path): Path {
  const last = path.at(-1);
  return last !== undefined && isRelease(last) ? path.slice(0, -1) : path;
}

function isRelease(node: Node): boolean {
  return 'step' in node && (node.step === 'upRead' || node.step === 'upWrite');
}

/** Paths that others enter: they keep their balance, or an operation would meet itself. */
const CALLED = new Set(['unmap', 'unmapCows', 'drop', 'fault']);

export function canary(): Model {
  const base = xfsMmaplockPrezero({ shift: 'purge' });
  const kept = Object.entries(base.paths).map(([name, path]): [string, Path] => [
    name,
    CALLED.has(name) ? path : keepLastLock(path),
  ]);
  return {
    ...base,
    name: 'canary',
    options: {},
    toggles: {},
    title: 'must always fail: no system call gives back what it took',
    comment: 'proves that the alarm works; not a kernel that ever was',
    origin: { kernel: 'none', sources: ['TigerBeetle keeps such a fuzzer in its fleet'] },
    // What its base has, it has too.
    expect: { find: ['B10', 'B11', 'CANARY'], clean: [] },
    paths: Object.fromEntries(kept),
  };
}
