/**
 * What stands where in the simulated kernel, before the first step of a run and after each: locks, sleepers, extents, the
 * page cache, page tables, and what a read would return. For pictures and the player, which draw it. Pure.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { AREAS, LINE_BYTES, LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import {
  AREA_NAMES,
  FILE_NAMES,
  PROCESS_NAMES,
  THREAD_NAMES,
} from '../../corpus/vocabulary/names.ts';
import { shownWord } from '../kernel/cached.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_PMD,
  ENTRY_REAL,
  ENTRY_TOWRITE,
  ENTRY_TYPE,
  ENTRY_ZERO,
  entryBlock,
  extentBlock,
  extentKind,
  isWritten,
  PAGE_DIRTY,
  PAGE_MAPPED,
  PAGE_UNREAD,
  PTE_ANON,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_HUGE,
  PTE_PAGE,
  PTE_RW,
  PTE_ZERO,
  pageBlock,
  pageIndex,
  pageOfSlot,
  pteGen,
  pteKind,
  pteTarget,
  SHARED,
  SLOT_ENTRY,
  SLOT_PAGE,
  slotKind,
  UNWRITTEN,
  VMA_PRESENT,
  vmaFile,
  vmaPage,
  vmaPages,
  WRITTEN,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  BLOCK_GEN,
  COMMITTED_EXTENT,
  COMMITTED_SIZE,
  EXTENT,
  MEDIA,
  OBJECTS,
  PAGE_LOCK,
  PAGE_STATE,
  PTE,
  SIZE,
  SLOT,
  SLOT_HOLDER,
  T_HELD,
  T_WAIT,
  VMA,
} from '../kernel/layout.ts';
import {
  classOfLockObject,
  heldCount,
  kindOfClass,
  pageHolder,
  wordOfLockObject,
  writerIn,
} from '../kernel/locks.ts';
import type { Program } from '../kernel/program.ts';
import { rerun, valueName } from './observe.ts';

interface HeldLock {
  readonly name: string;
  /** Of a lock without modes null. */
  readonly mode: 'R' | 'W' | null;
}

export interface ThreadScene {
  readonly held: readonly HeldLock[];
  /** The lock that it sleeps on. */
  readonly waitsFor: string | null;
  /** Operations that have ended. */
  readonly ended: number;
}

export interface PageScene {
  /** `hole`, `unwritten block 0`, `written block 0`, `shared block 0`. */
  readonly extent: string;
  /** `page, dirty`, `entry of block 0, locked`; empty where the slot is. */
  readonly cache: string;
  /** What a read of each line returns. */
  readonly lines: readonly string[];
  /** The same after a power failure at this moment. */
  readonly durable: readonly string[];
}

export interface FileScene {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly pages: readonly PageScene[];
}

/** A page-table entry. */
interface PteScene {
  /** Of the file. */
  readonly page: number;
  /** `block 0, writable`; `none`. */
  readonly text: string;
  /** It maps a block that is not the page's any more. */
  readonly isStale: boolean;
}

export interface AreaScene {
  /** `P0 a0`. */
  readonly name: string;
  /** The file that it maps. */
  readonly file: string;
  readonly ptes: readonly PteScene[];
}

export interface Scene {
  readonly threads: readonly ThreadScene[];
  readonly files: readonly FileScene[];
  readonly areas: readonly AreaScene[];
}

/** @returns one scene more than there are choices: the first is the setup's */
export function scenesOf(
  program: Program,
  workload: Workload,
  choices: readonly number[],
): readonly Scene[] {
  const k = rerun(program, workload);
  const scenes = [sceneOf(k, workload)];
  for (const thread of choices) {
    k.step(thread);
    scenes.push(sceneOf(k, workload));
  }
  return scenes;
}

function sceneOf(k: Kernel, workload: Workload): Scene {
  return {
    threads: workload.threads.map((_, t) => threadScene(k, t)),
    files: workload.setup.files.map((_, file) => fileScene(k, workload, file)),
    areas: k.world.areas.flatMap((area) => areaScene(k, area) ?? []),
  };
}

function threadScene(k: Kernel, t: number): ThreadScene {
  const held = k.peek(T_HELD + t);
  const cls = classOfLockObject(k.peek(T_WAIT + t) - 1);
  return {
    held: k.program.lockNames.flatMap((name, c) =>
      heldCount(held, c) > 0 ? [{ name, mode: modeOf(k, t, c) }] : [],
    ),
    waitsFor: cls < 0 ? null : (k.program.lockNames[cls] ?? null),
    ended: k.opOf(t),
  };
}

const LOCK_OBJECTS: readonly number[] = Array.from({ length: OBJECTS }, (_, object) => object);

function modeOf(k: Kernel, t: number, cls: number): HeldLock['mode'] {
  if (kindOfClass(cls) !== 'rwsem') return null;
  const isIts = (object: number): boolean => writerIn(k.peek(wordOfLockObject(object))) === t;
  const instances = LOCK_OBJECTS.filter((object) => classOfLockObject(object) === cls);
  return instances.some(isIts) ? 'W' : 'R';
}

function fileScene(k: Kernel, workload: Workload, file: number): FileScene {
  return {
    name: FILE_NAMES[file] ?? '',
    size: k.peek(SIZE + file) * LINE_BYTES,
    pages: Array.from({ length: k.world.pageLimit }, (_, page) => ({
      extent: extentText(k.peek(EXTENT + pageIndex(file, page))),
      cache: slotText(k, pageIndex(file, page)),
      lines: linesOf(page, k.peek(SIZE + file), (line) => {
        const word = shownWord(k, file, line);
        return valueName(word < 0 ? 0 : k.peek(word), workload);
      }),
      durable: linesOf(page, k.peek(COMMITTED_SIZE + file), (line) => {
        const extent = k.peek(COMMITTED_EXTENT + pageIndex(file, page));
        const at = extentBlock(extent) * LINES_PER_PAGE + (line % LINES_PER_PAGE);
        return valueName(isWritten(extent) ? k.peek(MEDIA + at) : 0, workload);
      }),
    })),
  };
}

/** @param size in lines */
function linesOf(page: number, size: number, textOf: (line: number) => string): readonly string[] {
  return Array.from({ length: LINES_PER_PAGE }, (_, i) => {
    const line = page * LINES_PER_PAGE + i;
    return line >= size ? 'beyond EOF' : textOf(line);
  });
}

function extentText(extent: number): string {
  if (extent === 0) return 'hole';
  return `${EXTENT_WORDS[extentKind(extent)] ?? ''}block ${extentBlock(extent)}`;
}

const EXTENT_WORDS: Readonly<Record<number, string>> = {
  [UNWRITTEN]: 'unwritten ',
  [WRITTEN]: 'written ',
  [SHARED]: 'shared ',
};

function slotText(k: Kernel, index: number): string {
  const slot = k.peek(SLOT + index);
  switch (slotKind(slot)) {
    case SLOT_PAGE:
      return pageText(k, pageOfSlot(slot));
    case SLOT_ENTRY:
      return entryText(slot, k.peek(SLOT_HOLDER + index) - 1);
    default:
      return '';
  }
}

function pageText(k: Kernel, page: number): string {
  const state = k.peek(PAGE_STATE + page);
  const holder = pageHolder(k.peek(PAGE_LOCK + page));
  return said([
    k.program.hasPageData ? 'page' : 'zero page',
    (state & PAGE_MAPPED) !== 0 && `of block ${pageBlock(state)}`,
    (state & PAGE_UNREAD) !== 0 && 'not read yet',
    (state & PAGE_DIRTY) !== 0 && 'dirty',
    holder >= 0 && `locked by ${THREAD_NAMES[holder]}`,
  ]);
}

/** @param holder the thread that has it locked; negative for none that is known */
function entryText(slot: number, holder: number): string {
  const type = slot & ENTRY_TYPE;
  const of = type === ENTRY_REAL ? `of block ${entryBlock(slot)}` : type === ENTRY_ZERO && 'zero';
  return said([
    (slot & ENTRY_PMD) === 0 ? 'entry' : 'huge entry',
    of,
    (slot & ENTRY_LOCKED) !== 0 && (holder < 0 ? 'locked' : `locked by ${THREAD_NAMES[holder]}`),
    (slot & ENTRY_DIRTY) !== 0 && 'dirty',
    (slot & ENTRY_TOWRITE) !== 0 && 'towrite',
  ]);
}

function areaScene(k: Kernel, area: number): AreaScene | null {
  const vma = k.peek(VMA + area);
  if ((vma & VMA_PRESENT) === 0) return null;
  const file = vmaFile(vma);
  const first = vmaPage(vma);
  return {
    name: `${PROCESS_NAMES[Math.floor(area / AREAS)]} ${AREA_NAMES[area % AREAS]}`,
    file: FILE_NAMES[file] ?? '',
    ptes: Array.from({ length: vmaPages(vma) }, (_, i) => {
      return { page: first + i, ...pteScene(k, k.peek(PTE + area * PAGES + i)) };
    }),
  };
}

function pteScene(k: Kernel, pte: number): Pick<PteScene, 'text' | 'isStale'> {
  const target = pteTarget(pte);
  const isStale = pteKind(pte) === PTE_BLOCK && k.peek(BLOCK_GEN + target) !== pteGen(pte);
  const text = said([
    pteTargetText(pte),
    (pte & PTE_HUGE) !== 0 && 'huge',
    (pte & PTE_RW) !== 0 && 'writable',
    (pte & PTE_DIRTY) !== 0 && 'dirty',
    isStale && 'stale',
  ]);
  return { text, isStale };
}

function pteTargetText(pte: number): string {
  switch (pteKind(pte)) {
    case PTE_BLOCK:
      return `block ${pteTarget(pte)}`;
    case PTE_ZERO:
      return 'zero page';
    case PTE_ANON:
      return 'private copy';
    case PTE_PAGE:
      return 'page';
    default:
      return 'none';
  }
}

function said(parts: readonly (string | false)[]): string {
  return parts
    .filter((part) => part !== false)
    .join(', ')
    .replace(', of ', ' of ');
}
