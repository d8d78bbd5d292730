/** The same race, told differently: who, where and what else goes on. Which paths meet stays as it is. */
import type { AreaSetup, FileSetup, Workload } from '../../../corpus/vocabulary/input.ts';
import { OPS, PAGE_BYTES, PAGES } from '../../../corpus/vocabulary/limits.ts';
import type { Op } from '../../../corpus/vocabulary/ops.ts';
import type { Random } from '../../../corpus/vocabulary/random.ts';

/** The other file: pages that were written long ago, where nothing can be allocated or lost. */
const OTHER_PAGES = 2;

interface Disguise {
  /** Pages that come before the file's own. */
  readonly shift: number;
  /** Which name the file gets; the other one is for noise. */
  readonly file: number;
  /** Which place the mapping of the file gets. */
  readonly area: number;
  /** How many pages before the file's own the mapping begins. */
  readonly lead: number;
}

/** @param workload of one file, without `mmap`, whose processes map only place a0 */
export function disguised(workload: Workload, random: Random): Workload {
  const pages = workload.setup.files[0]?.pages.length ?? 0;
  const shift = random.below(PAGES - pages + 1);
  const disguise: Disguise = {
    shift,
    file: random.below(2),
    area: random.below(2),
    lead: random.below(shift + 1),
  };
  const swaps = random.oneIn(2);
  const { files, processes } = workload.setup;
  const own = files[0] as FileSetup;
  const moved: FileSetup = {
    size: own.size + shift * PAGE_BYTES,
    pages: [...Array.from({ length: shift }, () => 'written' as const), ...own.pages],
  };
  const other: FileSetup = {
    size: OTHER_PAGES * PAGE_BYTES,
    pages: Array.from({ length: OTHER_PAGES }, () => 'written' as const),
  };
  const mapped = Array.from({ length: 2 }, (_, process) => {
    const area = processes[process]?.areas[0] ?? null;
    const places = [area && movedArea(area, disguise), otherArea(disguise)];
    return { areas: disguise.area === 0 ? places : places.reverse() };
  });
  const threads = workload.threads.map(({ process, ops }) => ({
    process: swaps ? 1 - process : process,
    ops: withNoise(
      ops.map((op) => movedOp(op, disguise)),
      disguise,
      random,
    ),
  }));
  if (random.oneIn(3)) {
    threads.push({ process: random.below(2), ops: [noise(disguise, random)] });
  }
  return {
    setup: {
      files: disguise.file === 0 ? [moved, other] : [other, moved],
      processes: swaps ? mapped.reverse() : mapped,
    },
    threads: random.oneIn(2) ? threads.reverse() : threads,
  };
}

function movedArea(area: AreaSetup, { shift, file, lead }: Disguise): AreaSetup {
  return {
    ...area,
    file,
    offset: area.offset + (shift - lead) * PAGE_BYTES,
    length: area.length + lead * PAGE_BYTES,
  };
}

function otherArea({ file }: Disguise): AreaSetup {
  return { file: 1 - file, offset: 0, length: OTHER_PAGES * PAGE_BYTES, sharing: 'shared' };
}

function movedOp(op: Op, { shift, file, area, lead }: Disguise): Op {
  switch (op.kind) {
    case 'load':
    case 'store':
      return { ...op, area, offset: op.offset + lead * PAGE_BYTES };
    case 'pread':
    case 'pwrite':
    case 'punch':
    case 'collapse':
    case 'insert':
    case 'zero':
    case 'fallocate':
      return { ...op, file, offset: op.offset + shift * PAGE_BYTES };
    case 'truncate':
      return { ...op, file, size: op.size + shift * PAGE_BYTES };
    case 'fsync':
      return { ...op, file };
    default:
      return op;
  }
}

function withNoise(ops: readonly Op[], disguise: Disguise, random: Random): readonly Op[] {
  const all = [...ops];
  const more = random.below(Math.min(3, OPS - ops.length + 1));
  for (let i = 0; i < more; i++) {
    if (random.oneIn(2)) all.unshift(noise(disguise, random));
    else all.push(noise(disguise, random));
  }
  return all;
}

/** Reads and writes of the other file; its blocks are there and durable, so each is sound by itself. */
function noise({ file, area }: Disguise, random: Random): Op {
  const offset = random.below(OTHER_PAGES) * PAGE_BYTES;
  switch (random.below(3)) {
    case 0:
      return { kind: 'load', area: 1 - area, offset };
    case 1:
      return { kind: 'pread', file: 1 - file, offset, length: PAGE_BYTES };
    default:
      return { kind: 'pwrite', file: 1 - file, offset, length: PAGE_BYTES };
  }
}
