/**
 * What the small sweep leaves out, by hand: two operations that let a file grow, areas that come and go, private
 * copies, a block that another file gets.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';

// biome-ignore-start format: a setup a line
const ONE_PAGE = ['file A size 4096 pages written', 'process P0 a0 A 0 4096 shared', 'process P1'];
const TWO_PAGES = [
  'file A size 8192 pages written written',
  'process P0 a0 A 0 4096 shared',
  'process P1',
];
const HOLE = [
  'file A size 4096 pages hole',
  'process P0 a0 A 0 4096 shared',
  'process P1 a0 A 0 4096 shared',
];
const CACHED = [
  'file A size 4096 pages cached',
  'process P0 a0 A 0 4096 shared',
  'process P1 a0 A 0 4096 shared',
];
const PRIVATE = ['file A size 4096 pages written', 'process P0 a0 A 0 4096 private', 'process P1'];
const TWO_FILES = [
  'file A size 4096 pages written',
  'file B size 4096 pages hole',
  'process P0 a0 A 0 4096 private',
  'process P1',
];

// biome-ignore-end format: a setup a line

type Thread = readonly string[];

// biome-ignore format: a table
const TEXTS: readonly (readonly [readonly string[], ...Thread[]])[] = [
  [ONE_PAGE, ['fallocate A 0 12288'], ['fallocate A 0 16384']],
  [ONE_PAGE, ['fallocate A 0 12288'], ['pwrite A 12288 4096']],
  [ONE_PAGE, ['zero A 0 12288'], ['zero A 0 16384']],
  [ONE_PAGE, ['zero A 0 12288'], ['pwrite A 12288 4096']],
  [ONE_PAGE, ['truncate A 12288'], ['pwrite A 12288 4096']],
  [ONE_PAGE, ['insert A 0 4096'], ['pwrite A 12288 4096']],
  [ONE_PAGE, ['pwrite A 4096 4096'], ['pwrite A 12288 4096']],
  [TWO_PAGES, ['collapse A 0 4096']],
  [HOLE, ['load a0 0'], ['load a0 0', 'pread A 0 4096']],
  [CACHED, ['store a0 0'], ['revoke']],
  [ONE_PAGE, ['mmap a1 A 0 4096 shared', 'load a1 0'], ['punch A 0 4096']],
  [ONE_PAGE, ['munmap a0', 'load a0 0'], ['punch A 0 4096']],
  [ONE_PAGE, ['store a0 0', 'msync a0'], ['punch A 0 4096']],
  [ONE_PAGE, ['load a0 0'], ['pread A 0 4096', 'punch A 0 4096']],
  [ONE_PAGE, ['pread A 0 4096'], ['pread A 0 4096', 'pwrite A 0 4096']],
  [PRIVATE, ['store a0 0', 'load a0 2048'], ['punch A 0 4096']],
  [PRIVATE, ['store a0 0', 'load a0 2048'], ['truncate A 0']],
  [PRIVATE, ['store a0 0', 'load a0 2048'], ['truncate A 0', 'truncate A 4096']],
  [PRIVATE, ['load a0 0', 'store a0 0'], ['pwrite A 0 4096']],
  [TWO_FILES, ['store a0 0', 'load a0 2048'], ['punch A 0 4096', 'commit', 'pwrite B 0 4096']],
  [TWO_FILES, ['pread A 0 4096'], ['punch A 0 4096', 'commit', 'pwrite B 0 4096']],
];

export function smallInputs(): readonly Workload[] {
  return TEXTS.map(([setup, ...threads], i) => {
    const lines = threads.flatMap((ops, t) => [`thread T${t} P${t === 0 ? 0 : 1}`, ...ops]);
    const text = ['faultline input 1', ...setup, ...lines, 'first T0', ''].join('\n');
    return parseInput(text, `small input ${i}`);
  });
}
