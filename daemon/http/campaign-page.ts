/** How a campaign goes: figures, plots, what its silence excludes, which operations have met, who works for it. */
import { html } from 'hono/html';
import type { Pairs } from '../campaign/pairs.ts';
import { silenceInWords } from '../campaign/silence.ts';
import type { SchedulerYield } from '../campaign/views.ts';
import { inFrame, type Markup, table, terms, visible, whole } from './layout.ts';
import { spanOf, statistics, workersTable } from './list-page.ts';
import type { Served } from './routes.ts';
import type { Showing } from './showing.ts';

/** Shades of the heat map: the last is the warmest. */
const SHADES = 6;

export function campaignPage(
  showing: Showing,
  { version, scripts }: Pick<Served, 'version' | 'scripts'>,
): Markup {
  const status = showing.status();
  const moments = showing.history();
  const last = moments.at(-1);
  const lastNew = moments.find(({ features }) => features === last?.features);
  const lastFound = moments.find(({ findings }) => findings === last?.findings);
  const since = (moment: typeof last): string =>
    last === undefined || moment === undefined ? 'unknown' : spanOf(last.seconds - moment.seconds);
  const content = html`<h1>Campaign</h1>
${statistics(status, showing.fleet())}
${terms('stats', [
  ['since new behaviour', since(lastNew)],
  ['since the last finding', since(lastFound)],
])}
<section id="plots" aria-label="Plots" data-history="/api/v1/history"></section>
<h2>What silence excludes</h2>
${status.models.length === 0 ? html`<p class="none">No model yet.</p>` : silenceTable(showing)}
<h2>What schedulers found</h2>
<p>First runs of a batch with a violation that it was to report, by the scheduler that drew them, since the coordinator began. SURW draws most runs; <code>exhaustive</code> is a search of every interleaving.</p>
${yieldTable(status.schedulers)}
<h2>Operations that have met</h2>
<p>Workloads that were kept for something new and have an operation of the row in one thread and of the column in another.</p>
<div class="wide" tabindex="0" role="region" aria-label="Operations that have met">${heatMap(showing.pairs())}</div>
${workersTable(showing.fleet(), status.build)}`;
  const frame = {
    title: `Campaign ${status.campaign} - Faultline`,
    subtitle: `campaign ${status.campaign}, ${status.state}`,
    version,
    twins: [
      ['All findings', '/'],
      ['Models', '/models'],
      ['As JSON', '/api/v1/campaign'],
      ['History as JSON', '/api/v1/history'],
    ] as const,
    scripts: ['campaign.js'].filter((name) => scripts.has(name)),
  };
  return inFrame(frame, content);
}

function silenceTable(showing: Showing): Markup {
  return table(
    'What silence excludes',
    [{ label: 'model', kind: 'mono' }, { label: 'runs', kind: 'number' }, { label: 'silence' }],
    showing
      .status()
      .models.map((one) => [visible(one.model), whole(one.runs), silenceInWords(one)]),
  );
}

function yieldTable(schedulers: readonly SchedulerYield[]): Markup {
  if (schedulers.length === 0) return html`<p class="none">Nothing yet.</p>`;
  return table(
    'What schedulers found',
    [
      { label: 'scheduler', kind: 'mono' },
      { label: 'violations met first', kind: 'number' },
      { label: 'findings', kind: 'number' },
    ],
    schedulers.map(({ scheduler, witnesses, findings }) => [
      visible(scheduler),
      whole(witnesses),
      whole(findings),
    ]),
  );
}

function heatMap({ kinds, counts }: Pairs): Markup {
  const used = kinds.map((_, i) => i).filter((i) => counts[i]?.some((count) => count > 0) === true);
  if (used.length === 0) return html`<p class="none">None yet.</p>`;
  const most = Math.max(1, ...counts.flat());
  const shade = (count: number): number =>
    count === 0
      ? 0
      : 1 + Math.round((SHADES - 1) * (Math.log(count) / Math.max(1, Math.log(most))));
  const head = used.map((i) => html`<th scope="col">${kinds[i]}</th>`);
  const rows = used.map((i) => {
    const cells = used.map((j) => {
      const count = counts[i]?.[j] ?? 0;
      return html`<td class="heat${shade(count)}">${count}</td>`;
    });
    return html`<tr><th scope="row">${kinds[i]}</th>${cells}</tr>\n`;
  });
  return html`<table class="heat"><thead><tr><th scope="col">thread / other</th>${head}</tr></thead><tbody>
${rows}</tbody></table>`;
}
