/** A model that must always fail: every path keeps its last lock. If its findings stop, the pipeline is deaf. */
import type { Model, Node, Path } from '../kernel/path.ts';
import { v42ImmapRead } from './v42-immap-read.ts';

function isRelease(node: Node): boolean {
  return 'step' in node && (node.step === 'upRead' || node.step === 'upWrite');
}

/** The path without its last release, wherever it stands at the end. */
function keepLastLock(path: Path): Path {
  const last = path.at(-1);
  if (last === undefined) return path;
  const before = path.slice(0, -1);
  if (isRelease(last)) return before;
  if ('block' in last) return [...before, { ...last, body: keepLastLock(last.body) }];
  return path;
}

export function canary(): Model {
  const base = v42ImmapRead({ policy: 'prezero' });
  const kept = Object.entries(base.paths).map(([name, path]) => [
    name,
    name === 'unmap' || name === 'unmapCows' || name === 'drop' ? path : keepLastLock(path),
  ]);
  return {
    ...base,
    name: 'canary',
    title: 'must always fail: every path keeps its last lock',
    comment: 'proves that the alarm works; not a kernel that ever was',
    origin: { kernel: 'none', sources: ['TigerBeetle keeps such a fuzzer in its fleet'] },
    options: {},
    toggles: {},
    expect: { find: ['CANARY'], clean: [] },
    paths: Object.fromEntries(kept),
  };
}
