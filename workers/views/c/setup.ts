/** Statements that bring about what an input begins with: files, and areas of a process. */
import type { FileSetup, ProcessSetup, Setup } from '../../../corpus/vocabulary/input.ts';
import { PAGE_BYTES } from '../../../corpus/vocabulary/limits.ts';
import { FILE_NAMES } from '../../../corpus/vocabulary/names.ts';
import type { PageState } from '../../../corpus/vocabulary/ops.ts';
import { INITIAL } from '../../kernel/encoding.ts';
import { fd, mapping, nameOf } from './operations.ts';

/** What no system call leaves beyond i_size. */
const NOT_BEYOND: Readonly<Partial<Record<PageState, string>>> = {
  written: 'a block beyond i_size that is written',
  cached: 'a zero page in the cache beyond i_size',
};

/** Null where a program can have all of it. */
export function lacksOfSetup({ files }: Setup): string | null {
  for (const [file, { size, pages }] of files.entries()) {
    for (const [page, state] of pages.entries()) {
      const what = page * PAGE_BYTES < size ? undefined : NOT_BEYOND[state];
      if (what !== undefined)
        return `page ${page} of file ${FILE_NAMES[file]} is ${state}: no system call leaves ${what}`;
    }
  }
  return null;
}

/** Blocks and sizes are on the medium before zero pages come to the cache. */
export function filesMade({ files }: Setup): readonly string[] {
  const made = files.flatMap(fileMade);
  const cached = files.flatMap(({ pages }, file) =>
    pages.flatMap((state, page) =>
      state === 'cached' ? [`leave_zero_page(${fd(file)}, ${page * PAGE_BYTES});`] : [],
    ),
  );
  return [...made, ...(files.length === 0 ? [] : ['sync();']), ...cached];
}

function fileMade({ size, pages }: FileSetup, file: number): readonly string[] {
  const name = fd(file);
  return [
    `${name} = new_file("${nameOf(file)}");`,
    `must(ftruncate(${name}, ${size}) == 0, "ftruncate");`,
    ...pages.flatMap((state, page) => blockMade(name, state, page * PAGE_BYTES, size, file)),
    `must(fsync(${name}) == 0, "fsync");`,
  ];
}

function blockMade(
  name: string,
  state: PageState,
  offset: number,
  size: number,
  file: number,
): readonly string[] {
  if (state === 'unwritten') {
    const call = `fallocate(${name}, FALLOC_FL_KEEP_SIZE, ${offset}, ${PAGE_BYTES})`;
    return [`must(${call} == 0, "fallocate");`];
  }
  if (state !== 'written') return [];
  const length = Math.min(PAGE_BYTES, size - offset);
  const call = `pwrite(${name}, filled(${INITIAL + file}, ${length}), ${length}, ${offset})`;
  return [`must(${call} == ${length}, "pwrite");`];
}

/** Of one process. */
export function areasMapped({ areas }: ProcessSetup): readonly string[] {
  return areas.flatMap((area, i) => {
    if (area === null) return [];
    const { file, offset, length, sharing } = area;
    return [`must(${mapping(i, file, offset, length, sharing)} == 0, "mmap");`];
  });
}
