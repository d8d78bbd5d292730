/** The plots of a campaign: speed, new behaviour, findings and busy executors over time, drawn anew as it goes on. */
import uPlot from 'uplot';
import type { Moment } from '../../daemon/campaign/history.ts';
import { fill, h } from './dom.ts';

const AGAIN_MS = 10_000;
const HEIGHT = 170;

interface Plot {
  readonly title: string;
  readonly figureOf: (moment: Moment, before: Moment | undefined) => number | null;
}

const PLOTS: readonly Plot[] = [
  {
    title: 'runs a second',
    figureOf: (moment, before) =>
      before === undefined
        ? null
        : Math.max(0, moment.runs - before.runs) / (moment.seconds - before.seconds),
  },
  { title: 'features met', figureOf: ({ features }) => features },
  { title: 'findings', figureOf: ({ findings }) => findings },
  { title: 'executors busy', figureOf: ({ busy }) => busy },
];

class Plots {
  private readonly place: HTMLElement;

  constructor(place: HTMLElement) {
    this.place = place;
  }

  async follow(): Promise<void> {
    await this.draw();
    this.place.dataset.state = 'ready';
    setInterval(() => {
      if (!document.hidden) void this.draw();
    }, AGAIN_MS);
  }

  private async draw(): Promise<void> {
    const answer = await fetch(this.place.dataset.history ?? '').catch(() => null);
    if (answer?.ok !== true) return;
    const { moments } = (await answer.json()) as { readonly moments: readonly Moment[] };
    fill(this.place, ...PLOTS.map((plot) => this.figure(plot, moments)));
  }

  private figure({ title, figureOf }: Plot, moments: readonly Moment[]): HTMLElement {
    const seconds = moments.map((moment) => moment.seconds);
    const values = moments.map((moment, i) => figureOf(moment, moments[i - 1]));
    const figure = h('figure', {
      class: 'plot',
      role: 'img',
      'aria-label': inWords(title, values),
    });
    const { color } = getComputedStyle(this.place);
    const axis = { stroke: color, grid: { stroke: color, width: 0.15 } };
    const options: uPlot.Options = {
      title,
      width: Math.max(240, Math.min(560, this.place.clientWidth - 8)),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, values: (_plot, ticks) => ticks.map(clock) },
        {
          ...axis,
          size: 64,
          values: (_plot, ticks) => ticks.map((tick) => tick.toLocaleString('en')),
        },
      ],
      series: [{}, { stroke: color, width: 1.5 }],
    };
    new uPlot(options, [seconds, values], figure);
    return figure;
  }
}

function inWords(title: string, values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const [first, last] = [known[0], known.at(-1)].map((value) => Math.round(value ?? 0));
  const most = Math.round(Math.max(0, ...known));
  return known.length === 0
    ? `${title}: nothing yet`
    : `${title}: ${first} at first, ${last} now, at most ${most}`;
}

/** Seconds since the coordinator began: `1:30` hours and minutes from an hour on. */
function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

const place = document.getElementById('plots');
if (place !== null) void new Plots(place).follow();
