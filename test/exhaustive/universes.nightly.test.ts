/** Names of threads, pages, lines and files do not matter to designs of every sort. */
import { test } from 'node:test';
import { SMALL, WITHIN } from '../support/universes.ts';
import { assertNamesDoNotMatter } from './universes.ts';

const MODELS = ['modern-xfs-fixed', 'v42-immap-read', 'v48-entry-lock'];
/** The number of a page decides as which object it is cached, and where a search for a huge page begins. */
const UNCOUNTED = ['pagecache', 'pmd-v44'];
const UNIVERSES = {
  'two pages': { ...SMALL, ...WITHIN },
  'two lines': { ...SMALL, ...WITHIN, pages: 1, lines: 2 },
  'two files': { ...SMALL, ...WITHIN, pages: 1, files: 2 },
  'two operations': { ...SMALL, pages: 1, ops: 2 },
} as const;

for (const model of MODELS) {
  for (const [name, universe] of Object.entries(UNIVERSES)) {
    test(`${model}, ${name}`, () => assertNamesDoNotMatter(model, universe));
  }
}

for (const model of UNCOUNTED) {
  for (const [name, universe] of Object.entries(UNIVERSES).slice(0, 3)) {
    test(`${model}, ${name}`, () => assertNamesDoNotMatter(model, universe, false));
  }
}
