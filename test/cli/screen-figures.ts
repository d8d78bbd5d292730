/** Figures of a campaign in the middle, for pictures of the live screen. */
import type { Figures, ScreenFinding } from '../../daemon/cli/output/frame.ts';

export const NOW_MS = Date.UTC(2026, 0, 1, 12);
export const SIZES = [
  { columns: 40, rows: 10 },
  { columns: 80, rows: 24 },
  { columns: 100, rows: 30 },
  { columns: 132, rows: 43 },
  { columns: 200, rows: 60 },
] as const;

const SECOND_MS = 1000;

export function findingOf(
  index: number,
  {
    row = 'new',
    title = 'truncate takes a block and leaves its pte',
    ...rest
  }: Partial<ScreenFinding>,
): ScreenFinding {
  const id = index.toString(16).padStart(2, '0').repeat(32);
  return {
    id,
    row,
    title,
    class: 'stale-pte',
    model: 'v42-immap-read',
    standing: 'expected',
    atMs: NOW_MS - 47 * SECOND_MS,
    command: `faultline show ${id.slice(0, 12)}`,
    ...rest,
  };
}

const FINDINGS: readonly ScreenFinding[] = [
  findingOf(1, { row: 'B12', title: 'fault maps a block that a hole punch frees' }),
  findingOf(2, { row: 'B03', title: 'mkwrite against a store', class: 'deadlock' }),
  findingOf(3, { row: 'B12', title: 'fault maps a block that a hole punch frees' }),
  findingOf(4, { row: 'like B18', class: 'durability', model: './mine.model' }),
  findingOf(5, {
    row: 'B51',
    title: 'page lock and handle in both orders',
    class: 'lock-order',
    standing: 'forbidden',
  }),
  ...Array.from({ length: 30 }, (_, index) =>
    findingOf(16 + index, {
      row: `B${16 + index}`,
      class: index % 3 === 0 ? 'zero-page' : 'lost-write',
    }),
  ),
  findingOf(6, { standing: 'new' }),
];

export const FIGURES: Figures = {
  verb: 'up',
  phase: 'running',
  startedMs: NOW_MS - 3725 * SECOND_MS,
  newMs: NOW_MS - 3 * SECOND_MS,
  url: 'http://127.0.0.1:7077',
  models: [
    'v42-immap-read',
    'v43rc-immap-write',
    'v48-entry-lock',
    'xfs-mmaplock-prezero',
    'modern-xfs',
  ],
  runs: 153_000_000,
  runsBefore: 0,
  runsPerSecond: 41_234,
  past: Array.from({ length: 60 }, (_, index) => 20_000 + 500 * ((index * 7) % 60)),
  features: 12_345,
  entries: 431,
  findings: FINDINGS,
  underWay: 2,
  fleet: {
    workers: 1,
    busy: 3,
    executors: 4,
    others: 0,
    waiting: 5,
    quarantined: 0,
    isRedisUp: true,
    outages: 1,
  },
  executors: 0,
  hasKeys: true,
  messages: [
    'goes on with 3 findings from before',
    'worker ended (killed) and is started again',
    'see http://127.0.0.1:7077/findings/51db96e54d31 or `faultline show 51db96e54d31 --as text` for more',
  ],
};
