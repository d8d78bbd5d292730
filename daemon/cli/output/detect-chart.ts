/**
 * What `bench detect` found, as one SVG: a line a row, on it a mark and an interval for each scheduler, along a
 * logarithmic axis of runs. Marks differ in shape and colour, and are hollow where a trial was missed; the text
 * alternative has every figure.
 */
import {
  type Detection,
  type Figures,
  figuresOf,
  overall,
} from '../../../workers/bench/detect/samples.ts';
import type { DetectPlan } from '../options/detect-options.ts';
import { shown } from './table.ts';

type Shape = Pick<DetectPlan, 'isCold' | 'runs'>;

interface Line {
  readonly label: string;
  readonly figures: readonly Figures[];
}

const WIDTH = 760;
const LEFT = 56;
const RIGHT = 32;
const TOP = 64;
const BOTTOM = 16;
/** Of a scheduler on a line, and between two lines. */
const LANE = 7;
const GAP = 5;

/** Colours of Okabe and Ito, which the colour-blind tell apart; brighter ones on a dark page. */
const COLOURS = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#ff8c42'],
  ['#007a5a', '#3ddbb0'],
  ['#a8478a', '#e79ac9'],
  ['#806000', '#f0e442'],
  ['#555555', '#bbbbbb'],
  ['#5b3fc4', '#a99bff'],
] as const;
/** Paths around 0,0. */
const MARKS = [
  'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z',
  'M-2.7 -2.7h5.4v5.4h-5.4z',
  'M0 -3.6l3.6 3.6l-3.6 3.6l-3.6 -3.6z',
  'M0 -3.4l3.4 5.9h-6.8z',
  'M0 3.4l3.4 -5.9h-6.8z',
  'M-3.6 -1.6h7.2v3.2h-7.2z',
  'M-1 -3.4h2v2.4h2.4v2h-2.4v2.4h-2v-2.4h-2.4v-2h2.4z',
] as const;

export function chartOf(detections: readonly Detection[], shape: Shape): string {
  const measured = detections.filter(({ places }) => places.length > 0);
  const lines: readonly Line[] = [
    ...measured.map(({ row, samples }) => ({ label: row, figures: samples.map(figuresOf) })),
    { label: 'all', figures: overall(measured).map(figuresOf) },
  ];
  const schedulers = (lines.at(-1)?.figures ?? []).map(({ scheduler }) => scheduler);
  const step = LANE * schedulers.length + GAP;
  const height = TOP + step * lines.length + BOTTOM;
  const title = titleOf(shape);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title figures">`,
    `<title id="title">${title}</title>`,
    `<desc id="figures">${lines.map(sentenceOf).join(' ')}</desc>`,
    `<style>${styleOf(schedulers.length)}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    text(LEFT, 18, title, 'head'),
    ...schedulers.map(legendOf),
    ...gridOf(shape, height - BOTTOM),
    ...lines.flatMap((line, i) => lineOf(line, TOP + i * step, schedulers, shape)),
    '</svg>',
    '',
  ].join('\n');
}

function titleOf({ isCold, runs }: Shape): string {
  const what = isCold ? 'Runs of a campaign without seeds' : 'Schedules of a seed';
  return `${what} to the first finding of each row: geometric mean, 95 % interval, up to ${runs}`;
}

function sentenceOf({ label, figures }: Line): string {
  const each = figures.map(({ scheduler, mean, low, high, misses, trials }) => {
    const missed = misses === 0 ? '' : `, ${misses} of ${trials} missed`;
    return `${scheduler} ${shown(mean)} (${shown(low)} to ${shown(high)}${missed})`;
  });
  return `${label}: ${each.join(', ')}.`;
}

function styleOf(schedulers: number): string {
  const rules = (dark: 0 | 1): string =>
    Array.from({ length: schedulers }, (_, i) => {
      const colour = COLOURS[i % COLOURS.length]?.[dark];
      return `.s${i}{fill:${colour};stroke:${colour}}`;
    }).join('');
  return [
    'text{font:11px sans-serif;fill:#222;stroke:none}.head{font-weight:bold}.tick{text-anchor:middle}',
    '.page{fill:#fff}.grid{stroke:#ddd}.bar{stroke-width:1.5}',
    rules(0),
    '.bound{fill:#fff}',
    `@media(prefers-color-scheme:dark){text{fill:#ddd}.page{fill:#16181c}.grid{stroke:#3a3d44}${rules(1)}.bound{fill:#16181c}}`,
  ].join('');
}

function legendOf(scheduler: string, i: number): string {
  const x = LEFT + 4 + i * 94;
  return mark(i, `s${i}`, x, 32, '') + text(x + 9, 36, scheduler, '');
}

/** A line and a number for each power of ten. */
function gridOf(shape: Shape, bottom: number): readonly string[] {
  const powers = Array.from({ length: decadesOf(shape) + 1 }, (_, i) => 10 ** i);
  return powers.flatMap((power) => {
    const x = xOf(power, shape);
    return [
      `<path class="grid" d="M${x} ${TOP - 6}V${bottom}"/>`,
      text(x, TOP - 10, power.toLocaleString('en-US'), 'tick'),
    ];
  });
}

function lineOf(
  { label, figures }: Line,
  top: number,
  schedulers: readonly string[],
  shape: Shape,
): readonly string[] {
  const middle = top + (LANE * schedulers.length) / 2;
  const marks = figures.map((one) => {
    const lane = schedulers.indexOf(one.scheduler);
    const y = top + LANE * (lane + 0.5);
    const [from, at, to] = [one.low, one.mean, one.high].map((value) => xOf(value, shape));
    const bar = `<path class="bar s${lane}" d="M${from} ${y}H${to}"/>`;
    const name = one.misses === 0 ? `s${lane}` : `s${lane} bound`;
    return bar + mark(lane, name, at ?? 0, y, sentenceOf({ label, figures: [one] }));
  });
  return [text(LEFT - 10, middle + 4, label, 'row'), ...marks];
}

function mark(series: number, name: string, x: number, y: number, title: string): string {
  const inside = title === '' ? '' : `<title>${title}</title>`;
  const path = MARKS[series % MARKS.length];
  return `<path class="${name}" transform="translate(${x} ${y})" d="${path}">${inside}</path>`;
}

function text(x: number, y: number, content: string, name: string): string {
  const anchor = name === 'row' ? ' text-anchor="end"' : '';
  return `<text class="${name}" x="${x}" y="${y}"${anchor}>${content}</text>`;
}

function decadesOf({ runs }: Shape): number {
  return Math.max(1, Math.ceil(Math.log10(runs)));
}

function xOf(value: number, shape: Shape): number {
  const share = Math.log10(Math.max(1, value)) / decadesOf(shape);
  return Math.round((LEFT + Math.min(1, share) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}
