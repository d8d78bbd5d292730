/** One finding: what it is, where it is and is not, how it goes, and how to have it at home. */
import { html } from 'hono/html';
import { markText } from '../../corpus/store/marks.ts';
import { type HowFound, rowLabel, shownId } from '../../corpus/vocabulary/finding.ts';
import type { Published, Timeline } from '../campaign/views.ts';
import {
  inFrame,
  items,
  type Markup,
  moment,
  rowLabelMarkup,
  terms,
  visible,
  whole,
} from './layout.ts';
import { sizeOf } from './list-page.ts';
import type { Served } from './routes.ts';
import type { Showing } from './showing.ts';

/** @param origin of this server, as the reader knows it */
export function findingPage(
  showing: Showing,
  published: Published,
  origin: string,
  { version, scripts }: Pick<Served, 'version' | 'scripts'>,
): Markup {
  const { finding } = published;
  const id = shownId(finding.id);
  const self = `/api/v1/findings/${encodeURIComponent(finding.id)}`;
  const columns = showing.render(finding.id, 'columns');
  const howFound = showing.record(finding.id)?.howFound;
  const timeline = showing.timeline(finding.id);
  const content = html`<h1>${rowLabelMarkup(finding)} ${visible(finding.title)}</h1>
${terms('facts', verdict(published, howFound, timeline))}
<section id="player" aria-label="Player" data-repro="${self}/repro"></section>
<h2>Interleaving</h2>
${timeline === undefined ? '' : picture(`${self}/timeline.svg`, timeline)}
${columns === undefined ? DAMAGED : block('Interleaving', visible(columns))}
<p><a href="${self}/columns">as text</a>, <a href="${self}/repro">repro</a>, <a href="${self}">as JSON</a></p>
<h2>Reproduce</h2>
${copied('Commands', `faultline pull ${origin}\nfaultline replay ${visible(id)}`)}
<h2>Record</h2>
${terms('facts', record(published, howFound))}`;
  const frame = {
    title: `${rowLabel(finding)} ${finding.title} - Faultline`,
    subtitle: `finding ${id}`,
    version,
    twins: [['All findings', '/']] as const,
    scripts: ['player.js'].filter((name) => scripts.has(name)),
  };
  return inFrame(frame, content);
}

const DAMAGED = html`<p class="none">The files of this finding cannot be read; the output of the daemon says why.</p>`;

/** The keyboard can scroll it. */
function block(name: string, text: string): Markup {
  return html`<pre tabindex="0" role="region" aria-label="${name}">${text}</pre>`;
}

/** A script adds a button that copies it. */
function copied(name: string, text: string): Markup {
  return html`<pre tabindex="0" role="region" aria-label="${name}" data-copy>${text}</pre>`;
}

/** What it shows is in the columns too; a narrow screen scrolls it. */
function picture(src: string, { says }: Timeline): Markup {
  return html`<div class="wide" tabindex="0" role="region" aria-label="Picture"><img src="${src}" alt="${visible(says.join(' '))}"></div>`;
}

type Terms = readonly (readonly [string, Markup | string])[];

function verdict(
  { finding, notOn, mark }: Published,
  howFound: HowFound | undefined,
  timeline: Timeline | undefined,
): Terms {
  const others = finding.models.filter((model) => model !== finding.model);
  // As the run says it, or else as schedules name places.
  const pair = timeline?.pair ?? howFound?.criticalPair ?? null;
  return [
    ...(mark === null ? [] : [['marked', visible(markText(mark))] as const]),
    ['class', visible(finding.class)],
    ['signature', html`<code>${visible(finding.signature)}</code>`],
    ['size', sizeOf(finding)],
    ...(finding.sites.length === 0 ? [] : [['locks', items(finding.sites)] as const]),
    ['repro on', names([finding.model])],
    ['also on', names(others)],
    ['not on', names(notOn)],
    ...(pair === null
      ? []
      : [['decided by', html`<code>${visible(pair.join(' before '))}</code>`] as const]),
  ];
}

function names(models: readonly string[]): Markup {
  if (models.length === 0) return html`<span class="none">none known</span>`;
  return html`<code>${items(models)}</code>`;
}

function record(published: Published, howFound: HowFound | undefined): Terms {
  const { finding, hits, publishedMs, reproDigest } = published;
  const { runsToFirst } = finding;
  return [
    ['published (UTC)', moment(publishedMs)],
    ['first found', runsToFirst === null ? 'by exhaustive search' : `in run ${whole(runsToFirst)}`],
    ['hits', whole(hits)],
    ...(howFound === undefined ? [] : making(howFound)),
    ['id', html`<code>${visible(finding.id)}</code>`],
    ['SHA-256 of the repro', html`<code>${visible(reproDigest)}</code>`],
  ];
}

function making({ scheduler, testsUsed, proof }: HowFound): Terms {
  return [
    ['scheduler', visible(scheduler)],
    ...(testsUsed === null ? [] : [['minimized', `in ${whole(testsUsed)} runs`] as const]),
    ...(proof === null ? [] : [['preemptions', visible(proof)] as const]),
  ];
}
