/**
 * What `bench detect` found, as one SVG: a line a row, on it a mark and an interval for each scheduler, along a
 * logarithmic axis of runs; below it, where SPIN has searched, states along an axis of their own. Marks differ in shape and colour, and are hollow where a trial was missed; the text
 * alternative has every figure.
 */
import {
  type Detection,
  type Figures,
  figuresOf,
  groupsOf,
  overall,
  shared,
} from '../../../workers/bench/detect/samples.ts';
import { overallStates, SEARCHES, statesOf } from '../../../workers/bench/detect/states.ts';
import type { DetectPlan } from '../options/detect-options.ts';
import { shown } from './table.ts';

type Shape = Pick<DetectPlan, 'isCold' | 'runs'>;

type Mark = Pick<Figures, 'scheduler' | 'mean' | 'low' | 'high' | 'misses' | 'trials'>;

interface Line {
  readonly label: string;
  readonly figures: readonly Mark[];
}

/** Lines along one axis. */
interface Panel {
  readonly title: string;
  readonly schedulers: readonly string[];
  readonly lines: readonly Line[];
  readonly decades: number;
}

const WIDTH = 760;
const LEFT = 80;
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
  const panels = [countsPanel(measured, shape), statesPanel(measured)].filter(
    ({ schedulers }) => schedulers.length > 0,
  );
  const heights = panels.map(heightOf);
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((sum, one) => sum + one, 0));
  const height = heights.reduce((sum, one) => sum + one, 0);
  const series = Math.max(0, ...panels.map(({ schedulers }) => schedulers.length));
  const sentences = panels.flatMap(({ lines }) => lines.map(sentenceOf));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title figures">`,
    `<title id="title">${panels.map(({ title }) => title).join('; ')}</title>`,
    `<desc id="figures">${sentences.join(' ')}</desc>`,
    `<style>${styleOf(series)}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    ...panels.flatMap((panel, i) => panelOf(panel, tops[i] ?? 0)),
    '</svg>',
    '',
  ].join('\n');
}

function countsPanel(measured: readonly Detection[], shape: Shape): Panel {
  const rows = measured
    .flatMap(groupsOf)
    .map(({ label, samples }) => ({ label, figures: samples.map(figuresOf) }));
  const all = { label: 'all', figures: overall(measured).map(figuresOf) };
  const both = { label: 'shared', figures: overall(shared(measured)).map(figuresOf) };
  const lines = [...rows, all, ...(both.figures.length > all.figures.length ? [both] : [])];
  const schedulers = new Set(lines.flatMap(namesOf));
  return {
    title: titleOf(shape),
    schedulers: [...schedulers],
    lines,
    decades: decadesTo(shape.runs),
  };
}

function statesPanel(measured: readonly Detection[]): Panel {
  const rows = statesOf(measured);
  const all = rows.length === 0 ? [] : [...rows, overallStates(rows)];
  const lines = all.map(({ row, means, places, found }) => {
    const marks = SEARCHES.flatMap((scheduler, i) => {
      const mean = means?.[i];
      if (mean === undefined) return [];
      return [{ scheduler, mean, low: mean, high: mean, misses: places - found, trials: places }];
    });
    return { label: row, figures: marks };
  });
  const means = lines.flatMap(({ figures }) => figures.map(({ mean }) => mean));
  return {
    title:
      'States stored until each row is met: geometric mean of the scenarios where both found it',
    schedulers: [...new Set(lines.flatMap(namesOf))],
    lines,
    decades: decadesTo(Math.max(10, ...means)),
  };
}

function namesOf({ figures }: Line): readonly string[] {
  return figures.map(({ scheduler }) => scheduler);
}

function panelOf(panel: Panel, top: number): readonly string[] {
  const { title, schedulers, lines, decades } = panel;
  const step = stepOf(panel);
  return [
    text(LEFT, top + 18, title, 'head'),
    ...schedulers.map((scheduler, i) => legendOf(scheduler, i, top)),
    ...gridOf(decades, top + TOP, top + heightOf(panel) - BOTTOM),
    ...lines.flatMap((line, i) => lineOf(line, top + TOP + i * step, schedulers, decades)),
  ];
}

function stepOf({ schedulers }: Panel): number {
  return LANE * schedulers.length + GAP;
}

function heightOf(panel: Panel): number {
  return TOP + stepOf(panel) * panel.lines.length + BOTTOM;
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

function legendOf(scheduler: string, i: number, top: number): string {
  const x = LEFT + 4 + i * 94;
  return mark(i, `s${i}`, x, top + 32, '') + text(x + 9, top + 36, scheduler, '');
}

/** A line and a number for each power of ten. */
function gridOf(decades: number, top: number, bottom: number): readonly string[] {
  const powers = Array.from({ length: decades + 1 }, (_, i) => 10 ** i);
  return powers.flatMap((power) => {
    const x = xOf(power, decades);
    return [
      `<path class="grid" d="M${x} ${top - 6}V${bottom}"/>`,
      text(x, top - 10, power.toLocaleString('en-US'), 'tick'),
    ];
  });
}

function lineOf(
  { label, figures }: Line,
  top: number,
  schedulers: readonly string[],
  decades: number,
): readonly string[] {
  const middle = top + (LANE * schedulers.length) / 2;
  const marks = figures.map((one) => {
    const lane = schedulers.indexOf(one.scheduler);
    const y = top + LANE * (lane + 0.5);
    const [from, at, to] = [one.low, one.mean, one.high].map((value) => xOf(value, decades));
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

function decadesTo(most: number): number {
  return Math.max(1, Math.ceil(Math.log10(most)));
}

function xOf(value: number, decades: number): number {
  const share = Math.log10(Math.max(1, value)) / decades;
  return Math.round((LEFT + Math.min(1, share) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}
