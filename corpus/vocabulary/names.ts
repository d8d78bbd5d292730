/** How files, areas, processes and threads are called in texts and messages. */
import { AREAS, FILES, MMS, THREADS } from './limits.ts';

export const FILE_NAMES: readonly string[] = numbered(FILES, (i) => String.fromCharCode(65 + i));
export const AREA_NAMES: readonly string[] = numbered(AREAS, (i) => `a${i}`);
export const PROCESS_NAMES: readonly string[] = numbered(MMS, (i) => `P${i}`);
export const THREAD_NAMES: readonly string[] = numbered(THREADS, (i) => `T${i}`);

function numbered(count: number, name: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => name(index));
}
