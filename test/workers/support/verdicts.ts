/** What the page of verdicts is made from. */
import path from 'node:path';
import { readSeeds } from '../../../corpus/store/seeds.ts';
import { PACKAGE_ROOT } from '../../support/package-root.ts';

export const VERDICTS_PAGE = path.join(PACKAGE_ROOT, 'dashboards/docs/verdicts.md');
export const SEEDS = readSeeds(PACKAGE_ROOT).map(({ name, input }) => ({ name, workload: input }));
