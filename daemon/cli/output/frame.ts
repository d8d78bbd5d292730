/** One picture of the live screen: a pure function of figures, size and time. */

import { type Standing, type StoredFinding, shownId } from '../../../corpus/vocabulary/finding.ts';
import type { Workforce } from '../../campaign/workforce.ts';
import { amount, clockText, duration } from './amounts.ts';
import { counted } from './render-finding.ts';
import { type Line, linesOf, type Row } from './rows.ts';

export interface ScreenFinding extends Pick<StoredFinding, 'id' | 'class' | 'title' | 'model'> {
  /** `B12`, `like B12` or `new`. */
  readonly row: string;
  readonly standing: Standing;
  /** Milliseconds since 1970, when it was published. */
  readonly atMs: number;
  /** Shows it. */
  readonly command: string;
}

export interface Fleet extends Workforce {
  /** Batches that no executor has yet. */
  readonly waiting: number;
  readonly quarantined: number;
  readonly isRedisUp: boolean;
  readonly outages: number;
}

export interface Figures {
  readonly verb: 'fuzz' | 'up';
  readonly phase: string;
  /** Milliseconds since 1970, as all times here. */
  readonly startedMs: number;
  /** Null where none came since `startedMs`. */
  readonly newMs: number | null;
  readonly url: string | null;
  readonly models: readonly string[];
  readonly runs: number;
  /** Made before `startedMs`. */
  readonly runsBefore: number;
  readonly runsPerSecond: number;
  /** Runs a second of equal spans, the oldest first. */
  readonly past: readonly number[];
  readonly features: number;
  readonly entries: number;
  /** The oldest first. */
  readonly findings: readonly ScreenFinding[];
  readonly underWay: number;
  /** Null for a campaign in one process. */
  readonly fleet: Fleet | null;
  /** Of a campaign in one process. */
  readonly executors: number;
  /** What was said, the oldest first. */
  readonly messages: readonly string[];
  /** Whether keys that are typed come here. */
  readonly hasKeys: boolean;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** From low to high. */
export const BARS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' } as const;

/** Ranks of what gives way to the rest where there are few rows, in this order from behind. */
const RANK = {
  head: 0,
  findings: 1,
  time: 2,
  speed: 3,
  forbidden: 4,
  show: 5,
  last: 6,
  message: 7,
  coverage: 8,
  fleet: 9,
  rows: 10,
  classes: 11,
  page: 12,
  models: 13,
  blank: 14,
  more: 15,
} as const;
const MESSAGES_MAX = 8;
const FORBIDDEN_MAX = 5;

/** At most `rows` lines of at most `columns` columns. */
export function frame(
  figures: Figures,
  { columns, rows }: Size,
  nowMs: number,
  bars: string,
): readonly Line[] {
  const all = [
    ...campaignRows(figures, columns, nowMs, bars),
    blank(),
    ...findingRows(figures, nowMs),
    ...messageRows(figures.messages),
    ...recentRows(figures.findings, rows),
  ];
  return fitted(all, columns, rows);
}

function fitted(rows: readonly Row[], columns: number, height: number): readonly Line[] {
  const drawn = rows.map((row) => ({ rank: row.rank, lines: linesOf(row, columns) }));
  let count = drawn.reduce((sum, { lines }) => sum + lines.length, 0);
  const droppable = drawn.map((_, index) => index).sort((a, b) => rankAt(b) - rankAt(a) || b - a);
  const dropped = new Set<number>();
  for (const index of droppable) {
    if (count <= height) break;
    count -= drawn[index]?.lines.length ?? 0;
    dropped.add(index);
  }
  return drawn.flatMap(({ lines }, index) => (dropped.has(index) ? [] : lines));

  function rankAt(index: number): number {
    return drawn[index]?.rank ?? 0;
  }
}

function campaignRows(
  figures: Figures,
  columns: number,
  nowMs: number,
  bars: string,
): readonly Row[] {
  const { verb, phase, url, models, runs, runsPerSecond, features, entries, fleet } = figures;
  const line = sparkline(figures.past, Math.floor(columns / 4), bars);
  return [
    {
      rank: RANK.head,
      kind: 'items',
      label: 'faultline',
      items: [`${verb} ${phase}`, ...keyItems(figures)],
      linesMax: 1,
    },
    ...(url === null
      ? []
      : [{ rank: RANK.page, kind: 'whole', label: 'page', text: url, tone: 'faint' } as const]),
    { rank: RANK.models, kind: 'items', label: 'models', items: models, linesMax: 1 },
    blank(),
    {
      rank: RANK.time,
      kind: 'items',
      label: 'time',
      items: timeItems(figures, nowMs),
      linesMax: 3,
    },
    {
      rank: RANK.speed,
      kind: 'items',
      label: 'speed',
      items: [
        [`${amount(runsPerSecond)} runs/s`, line].join('  ').trimEnd(),
        `${amount(runs)} runs in all`,
      ],
      linesMax: 2,
    },
    {
      rank: RANK.coverage,
      kind: 'items',
      label: 'coverage',
      items: [`${amount(features)} features`, `${counted(entries, 'workload')} kept`],
      linesMax: 2,
    },
    fleet === null
      ? words(RANK.fleet, 'executors', `${figures.executors} in this process`)
      : fleetRow(fleet),
  ];
}

/** `fuzz` has no coordinator that could be told to pause. */
function keyItems({ verb, phase, hasKeys }: Figures): readonly string[] {
  if (!hasKeys) return ['Ctrl-C ends it'];
  if (verb === 'fuzz') return ['q ends it'];
  return ['q ends it', ...(phase === 'paused' ? ['p goes on'] : ['p pauses it'])];
}

function timeItems({ startedMs, newMs, findings }: Figures, nowMs: number): readonly string[] {
  const ago = (atMs: number | undefined | null): string =>
    atMs == null ? 'none yet' : `${duration(Math.max(0, nowMs - atMs) / 1000)} ago`;
  return [
    clockText(nowMs - startedMs),
    `new behaviour ${ago(newMs)}`,
    `new finding ${ago(findings.at(-1)?.atMs)}`,
  ];
}

function fleetRow(fleet: Fleet): Row {
  const { workers, busy, executors, others, waiting, quarantined, isRedisUp, outages } = fleet;
  const isWell = isRedisUp && workers > 0 && others === 0 && quarantined === 0;
  const items = [
    counted(workers, 'worker'),
    `${busy} of ${counted(executors, 'executor')} busy`,
    ...(others === 0 ? [] : [`${counted(others, 'worker')} of another build`]),
    `${waiting} waiting`,
    ...(quarantined === 0 ? [] : [`${quarantined} quarantined`]),
    `Redis ${isRedisUp ? 'up' : 'DOWN'}`,
    ...(outages === 0 ? [] : [counted(outages, 'outage')]),
  ];
  const tone = isWell ? 'plain' : 'bad';
  return { rank: RANK.fleet, kind: 'items', label: 'fleet', items, linesMax: 2, tone };
}

function findingRows({ findings, underWay }: Figures, nowMs: number): readonly Row[] {
  const isNew = ({ row }: ScreenFinding): boolean => row === 'new';
  const forbidden = findings.filter(({ standing }) => standing === 'forbidden');
  const unknown = findings.filter(isNew).length;
  const last = findings.at(-1);
  const row = (rank: number, label: string, items: readonly string[], linesMax: number): Row => ({
    ...{ rank, kind: 'items', label, items, linesMax },
  });
  return [
    row(
      RANK.findings,
      'findings',
      [
        `${findings.length}: ${findings.length - unknown} in rows`,
        `${unknown} new`,
        `${forbidden.length} forbidden`,
        ...(underWay === 0 ? [] : [`${underWay} under way`]),
      ],
      2,
    ),
    ...(findings.length === 0
      ? []
      : [
          row(RANK.rows, 'rows', tally(findings.map((one) => one.row)), 3),
          row(RANK.classes, 'classes', tally(findings.map((one) => one.class)), 3),
        ]),
    ...forbiddenRows(forbidden),
    ...(last === undefined ? [] : lastRows(last, nowMs)),
  ];
}

function lastRows(last: ScreenFinding, nowMs: number): readonly Row[] {
  const ago = duration(Math.max(0, nowMs - last.atMs) / 1000);
  return [
    words(RANK.last, 'last', `${last.row}  ${last.title} (${last.model}, ${ago} ago)`),
    { rank: RANK.show, kind: 'whole', label: '', text: last.command, tone: 'good' },
  ];
}

function forbiddenRows(forbidden: readonly ScreenFinding[]): readonly Row[] {
  const shown = forbidden.slice(-FORBIDDEN_MAX).reverse();
  return shown.map(({ row, title, model }, index) => ({
    rank: RANK.forbidden,
    kind: 'words',
    label: index === 0 ? 'FORBIDDEN' : '',
    text: `${row}  ${title} (${model})`,
    tone: 'bad',
  }));
}

/** The youngest first. */
function messageRows(messages: readonly string[]): readonly Row[] {
  const rows = messages
    .slice(-MESSAGES_MAX)
    .reverse()
    .map((text, index): Row => {
      return index === 0 ? words(RANK.message, 'said', text) : words(RANK.more + index, '', text);
    });
  return rows.length === 0 ? [] : [blank(), ...rows];
}

/** The youngest first, as many as there is room for. */
function recentRows(findings: readonly ScreenFinding[], height: number): readonly Row[] {
  const shown = findings.slice(-height).reverse();
  const rows = shown.map(({ id, row, class: symptom, title }, index): Row => {
    const text = `${shownId(id)}  ${row.padEnd(8)}  ${symptom.padEnd(16)}  ${title}`;
    return words(RANK.more + index, index === 0 ? 'recent' : '', text);
  });
  return rows.length === 0 ? [] : [blank(), ...rows];
}

/** `B12 3`, the most frequent first; a number where there are several. */
function tally(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([a, many], [b, others]) => others - many || (a < b ? -1 : 1))
    .map(([name, count]) => (count === 1 ? name : `${name} x ${count}`));
}

export function sparkline(past: readonly number[], cells: number, bars: string): string {
  const shown = past.slice(-Math.max(0, cells));
  const most = Math.max(...shown, 1);
  const height = [...bars].length - 1;
  return shown.map((speed) => [...bars][Math.round((height * speed) / most)]).join('');
}

function words(rank: number, label: string, text: string): Row {
  return { rank, kind: 'words', label, text };
}

function blank(): Row {
  return words(RANK.blank, '', '');
}
