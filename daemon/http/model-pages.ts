/** Designs: which rows of the catalogue each shows, is expected to show or must not show; and one of them as it is written. */
import { html } from 'hono/html';
import { CATALOGUE } from '../../corpus/vocabulary/catalogue.ts';
import { silenceInWords } from '../campaign/silence.ts';
import type { Design, ModelProgress, Published } from '../campaign/views.ts';
import { inFrame, inPath, items, type Markup, table, terms, visible, whole } from './layout.ts';
import { Problem } from './problem.ts';
import type { Showing } from './showing.ts';

/** What is known of a row on a model; never two of them at once. */
type Standing = 'shown' | 'forbidden' | 'expected' | 'clean' | 'not met' | '';

const MEANINGS: readonly (readonly [Exclude<Standing, ''>, string])[] = [
  ['shown', 'a finding of the campaign shows it'],
  ['forbidden', 'a finding shows it, and the model says that it is clean of it'],
  ['expected', 'the model says that it shows it; the campaign has not met it yet'],
  ['clean', 'the model says that it is clean of it, and the campaign has not met it'],
  ['not met', 'a search of every interleaving of a repro of it did not meet it'],
];

export function modelsPage(showing: Showing, version: string): Markup {
  const models = showing.status().models.map(({ model }) => model);
  const designs = models.map((model) => [model, showing.design(model)] as const);
  const published = showing.published();
  const rows = CATALOGUE.flatMap(({ id, title }) => {
    const cells = designs.map(([model, design]) => standingOf(id, model, design, published));
    const isBare = cells.every((cell) => cell === '' || cell === 'clean');
    return isBare ? [] : [[html`<strong>${id}</strong> ${title}`, ...cells.map(standingMarkup)]];
  });
  const list = table(
    'Rows and models',
    [{ label: 'row' }, ...models.map((model) => ({ label: model }))],
    rows,
  );
  const links = models.map(
    (model) =>
      html`<li>${linkTo(model)} ${designs.find(([name]) => name === model)?.[1]?.title ?? ''}</li>`,
  );
  const content = html`<h1>Models</h1>
<ul>${links}</ul>
<h2>What each shows</h2>
${rows.length === 0 ? html`<p class="none">Nothing is expected of them, and nothing was found.</p>` : html`<div class="wide" tabindex="0" role="region" aria-label="Rows and models">${list}</div>`}
${terms(
  'facts',
  MEANINGS.map(([word, meaning]) => [word, meaning] as const),
)}
<p class="none">An empty cell: the model says nothing of the row, and the campaign has not met it.</p>`;
  return inFrame({ ...frameOf('Models', version), title: 'Models - Faultline' }, content);
}

function standingOf(
  row: string,
  model: string,
  design: Design | undefined,
  published: readonly Published[],
): Standing {
  const ofRow = published.filter(({ finding }) => (finding.known ?? finding.looksLike) === row);
  const isShown = ofRow.some(({ finding }) => finding.models.includes(model));
  const isClean = design?.clean.includes(row) === true;
  if (isShown) return isClean ? 'forbidden' : 'shown';
  if (design?.find.includes(row) === true) return 'expected';
  if (isClean) return 'clean';
  return ofRow.some(({ notOn }) => notOn.includes(model)) ? 'not met' : '';
}

function standingMarkup(standing: Standing): Markup | string {
  if (standing === 'forbidden') return html`<strong class="forbidden">forbidden</strong>`;
  return standing === 'shown' ? html`<strong class="known">shown</strong>` : standing;
}

function linkTo(model: string): Markup {
  return html`<a href="/models/${inPath(model)}"><code>${visible(model)}</code></a>`;
}

export function modelPage(showing: Showing, model: string, version: string): Markup {
  const { design, progress } = designOf(showing, model);
  const own = showing.published().filter(({ finding }) => finding.models.includes(model));
  const found = own.map(
    ({ finding }) =>
      html`<li><a href="/findings/${encodeURIComponent(finding.id)}">${visible(finding.known ?? finding.looksLike ?? 'new')}</a> ${visible(finding.title)}</li>`,
  );
  const content = html`<h1><code>${visible(model)}</code> ${visible(design.title)}</h1>
${terms('facts', [
  ['expected to show', rowsOrNone(design.find)],
  ['clean of', rowsOrNone(design.clean)],
  ['runs', whole(progress.runs)],
  ['silence', silenceInWords(progress)],
])}
<h2>Findings</h2>
${found.length === 0 ? html`<p class="none">None so far.</p>` : html`<ul>${found}</ul>`}
<h2>Lock order of its paths</h2>
<p><img src="/models/${inPath(model)}/order.svg" alt="${visible(design.order.join('; '))}"></p>
<pre tabindex="0" role="region" aria-label="Lock order">${visible([...design.order, '', ...design.problems].join('\n').trimEnd())}</pre>
<h2>As it is written</h2>
<pre tabindex="0" role="region" aria-label="Text of the model">${visible(design.text)}</pre>`;
  return inFrame({ ...frameOf(`model ${model}`, version), title: `${model} - Faultline` }, content);
}

function rowsOrNone(rows: readonly string[]): Markup {
  return rows.length === 0 ? html`<span class="none">none stated</span>` : items(rows);
}

/** @throws Problem 404 where the campaign has no such model */
export function designOf(
  showing: Showing,
  model: string,
): { readonly design: Design; readonly progress: ModelProgress } {
  const progress = showing.status().models.find((one) => one.model === model);
  const design = progress && showing.design(model);
  if (progress === undefined || design === undefined) {
    throw new Problem(404, 'the campaign has no model of this name; its models are at /models');
  }
  return { design, progress };
}

function frameOf(subtitle: string, version: string) {
  return {
    subtitle,
    version,
    twins: [
      ['All findings', '/'],
      ['Models', '/models'],
    ] as const,
    scripts: [],
  };
}
