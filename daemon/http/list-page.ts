/** The first page: what was found, newest first, and how the campaign is doing. */
import { html } from 'hono/html';
import { markText } from '../../corpus/store/marks.ts';
import { CANARY_ROW } from '../../corpus/vocabulary/catalogue.ts';
import { type StoredFinding, shownId } from '../../corpus/vocabulary/finding.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { silenceInWords } from '../campaign/silence.ts';
import type { CampaignStatus, Published, WorkerStatus } from '../campaign/views.ts';
import { workforceOf } from '../campaign/workforce.ts';
import {
  counted,
  inFrame,
  items,
  type Markup,
  moment,
  rowLabelMarkup,
  table,
  terms,
  visible,
  whole,
} from './layout.ts';
import { chosen, type Query } from './listing.ts';
import type { Served } from './routes.ts';
import type { Showing } from './showing.ts';

/** Rows of one page; the API has the rest. */
const ROWS_MAX = 500;

export function listPage(
  showing: Showing,
  query: Query,
  { version, scripts }: Pick<Served, 'version' | 'scripts'>,
): Markup {
  const status = showing.status();
  const all = showing.published();
  const found = chosen(all, query).toReversed();
  const bugs = bugsOf(found);
  const content = html`${statistics(status, showing.fleet())}
<div class="bar">
<h1>Findings <span class="count">${counts(found.length, all.length)}</span></h1>
${filterForm(modelsOf(status, all), query)}
</div>
${bugsTable(bugs.slice(0, ROWS_MAX))}
${bugs.length > ROWS_MAX ? html`<p>The ${ROWS_MAX} newest of ${whole(bugs.length)}.</p>` : ''}
${modelsTable(status)}
${workersTable(showing.fleet(), status.build)}`;
  const { campaign, state } = status;
  const frame = {
    title: `${counted(all.length, 'finding')} - Faultline`,
    subtitle: `campaign ${campaign}, ${state}`,
    version,
    twins: twinsOf(query),
    scripts: ['list.js'].filter((name) => scripts.has(name)),
  };
  return inFrame(frame, content);
}

/** The findings of one bug, the newest first: those of a row of the catalogue, or one that is in none. */
type Bug = readonly [Published, ...(readonly Published[])];

/** Where the newest finding of each stands; canaries, which must be found, last. */
function bugsOf(found: readonly Published[]): readonly Bug[] {
  const rows = new Map<string, Bug>();
  for (const one of found) {
    const { known, looksLike, id } = one.finding;
    const row = known ?? looksLike ?? id;
    const [first, ...others] = rows.get(row) ?? [one];
    rows.set(row, first === one ? [one] : [first, ...others, one]);
  }
  const canary = rows.get(CANARY_ROW);
  rows.delete(CANARY_ROW);
  return [...rows.values(), ...(canary === undefined ? [] : [canary])];
}

export function sizeOf({ threads, operations, preemptions }: StoredFinding): string {
  const parts = [
    counted(threads, 'thread'),
    counted(operations, 'operation'),
    counted(preemptions, 'preemption'),
  ];
  return parts.join(', ');
}

function counts(shown: number, all: number): string {
  return shown === all ? whole(all) : `${whole(shown)} of ${whole(all)}`;
}

function twinsOf(query: Query): readonly (readonly [string, string])[] {
  const wanted = new URLSearchParams();
  if (query.model !== null) wanted.set('model', query.model);
  if (query.class !== null) wanted.set('class', query.class);
  if (query.known !== null) wanted.set('known', String(query.known));
  const search = wanted.size === 0 ? '' : `?${wanted}`;
  return [
    ['Campaign', '/campaign'],
    ['Models', '/models'],
    ['Guides', '/guides'],
    ['Findings as JSON', `/api/v1/findings${search}`],
    ['Campaign as JSON', '/api/v1/campaign'],
    ['Workers', '/api/v1/fleet'],
    ['Events', '/api/v1/events'],
    ['Metrics', '/metrics'],
  ];
}

export function statistics(status: CampaignStatus, fleet: readonly WorkerStatus[]): Markup {
  const { findings, batches, redis } = status;
  const { workers, executors, busy, others } = workforceOf(fleet, status.build);
  const aside = others === 0 ? '' : `, ${whole(others)} of another build`;
  return terms('stats', [
    ['runs', whole(status.runs)],
    ['runs a second', whole(status.runsPerSecond)],
    ['findings', whole(findings.published)],
    ['under way', whole(findings.underWay)],
    ['inconclusive runs', whole(status.inconclusive)],
    ['batches', `${whole(batches.folded)} of ${whole(batches.planned)}`],
    ['quarantined', whole(batches.quarantined)],
    ['workers', `${whole(workers)}${aside}`],
    ['executors busy', `${whole(busy)} of ${whole(executors)}`],
    ['Redis', redis.isUp ? 'up' : html`<span class="new">down</span>`],
    ['uptime', spanOf(status.uptimeSeconds)],
  ]);
}

/** `2 d 3 h`, `1 h 20 min`, `20 min 5 s`, `5 s`. */
export function spanOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds)} s`;
}

/** Each by its name, which stands for all of its toggles, and as it was found. */
function modelsOf(status: CampaignStatus, all: readonly Published[]): readonly string[] {
  const references = [
    ...status.models.map(({ model }) => model),
    ...all.flatMap(({ finding }) => finding.models),
  ];
  const names = references.map((reference) => reference.replace(/:.*$/s, ''));
  return [...new Set([...names, ...references])].sort();
}

function filterForm(models: readonly string[], query: Query): Markup {
  return html`<form method="get" action="/">
${select('model', models, query.model)}
${select('class', Object.keys(VIOLATION_CLASSES), query.class)}
<button>Show</button>
</form>`;
}

function select(name: string, values: readonly string[], chosenValue: string | null): Markup {
  const isListed = chosenValue === null || values.includes(chosenValue);
  const options = (isListed ? values : [...values, chosenValue]).map((value) =>
    value === chosenValue
      ? html`<option value="${value}" selected>${visible(value)}</option>`
      : html`<option value="${value}">${visible(value)}</option>`,
  );
  return html`<label for="${name}">${name}</label>
<select id="${name}" name="${name}"><option value="">any</option>${options}</select>`;
}

function bugsTable(bugs: readonly Bug[]): Markup {
  if (bugs.length === 0) return html`<p class="none">None so far.</p>`;
  return table(
    'Findings',
    [
      { label: 'id', kind: 'tight mono' },
      { label: 'known' },
      { label: 'title' },
      { label: 'models', kind: 'mono' },
      { label: 'size' },
      { label: 'hits', kind: 'number' },
      { label: 'published (UTC)', kind: 'tight' },
    ],
    bugs.map(bugRow),
  );
}

function bugRow(bug: Bug): readonly (Markup | string)[] {
  // The gravest standing first, then what is read soonest.
  const shown = [...bug].sort((a, b) => weightOf(a) - weightOf(b));
  const [{ finding, mark } = bug[0]] = shown;
  return [
    linkTo(finding),
    rowLabelMarkup(finding),
    mark === null ? visible(finding.title) : visible(`${finding.title} [${markText(mark)}]`),
    items([...new Set(bug.flatMap((one) => one.finding.models))].sort()),
    bug.length === 1 ? sizeOf(finding) : formsOf(finding, shown),
    whole(bug.reduce((sum, { hits }) => sum + hits, 0)),
    moment(bug[0].publishedMs),
  ];
}

function weightOf({ finding: { standing, operations, preemptions } }: Published): number {
  return (standing === 'forbidden' ? 0 : 1_000_000) + 1000 * operations + preemptions;
}

function linkTo({ id }: StoredFinding): Markup {
  return html`<a href="/findings/${encodeURIComponent(id)}">${visible(shownId(id))}</a>`;
}

/** Other signatures of the bug: other operations, locks or models show it. */
function formsOf(best: StoredFinding, all: readonly Published[]): Markup {
  const forms = all.map(
    ({ finding }) =>
      html`<li>${linkTo(finding)} <code>${visible(finding.signature)}</code> ${sizeOf(finding)}</li>`,
  );
  return html`${sizeOf(best)} <details id="forms-${visible(shownId(best.id))}"><summary>${counted(all.length, 'form')}</summary><ul>${forms}</ul></details>`;
}

function modelsTable({ models }: CampaignStatus): Markup | string {
  if (models.length === 0) return '';
  const rows = models.map((one) => [
    visible(one.model),
    whole(one.runs),
    whole(one.steps),
    whole(one.features),
    whole(one.entries),
    whole(one.findings),
    silenceInWords(one),
  ]);
  return html`<h2><a href="/models">Models</a></h2>
${table(
  'Models',
  [
    { label: 'model', kind: 'mono' },
    { label: 'runs', kind: 'number' },
    { label: 'steps', kind: 'number' },
    { label: 'coverage', kind: 'number' },
    { label: 'kept', kind: 'number' },
    { label: 'findings', kind: 'number' },
    { label: 'silence' },
  ],
  rows,
)}`;
}

export function workersTable(fleet: readonly WorkerStatus[], build: string): Markup {
  const rows = fleet.map((worker) => [
    visible(worker.id),
    `${visible(worker.host)}, pid ${worker.pid}`,
    visible(worker.version),
    `${worker.busy} of ${worker.executors}${worker.isDraining ? ', draining' : ''}${worker.build === build ? '' : ', other build'}`,
    whole(worker.runs),
    `${spanOf(worker.secondsSinceSeen)} ago`,
  ]);
  const list = table(
    'Workers',
    [
      { label: 'worker', kind: 'mono' },
      { label: 'host' },
      { label: 'version' },
      { label: 'busy', kind: 'number' },
      { label: 'runs', kind: 'number' },
      { label: 'seen', kind: 'number' },
    ],
    rows,
  );
  return html`<h2>Workers</h2>
${rows.length === 0 ? html`<p class="none">None is alive.</p>` : list}`;
}
