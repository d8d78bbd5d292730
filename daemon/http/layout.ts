/** What all pages share: the frame around them, and text from elsewhere as the text that it is. */
import { html } from 'hono/html';
import { type Finding, rowLabel } from '../../corpus/vocabulary/finding.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Problem } from './problem.ts';

export type Markup = ReturnType<typeof html>;

export interface Frame {
  readonly title: string;
  /** Beside the product's name. */
  readonly subtitle: string;
  readonly version: string;
  /** This page as JSON. */
  readonly twins: readonly (readonly [name: string, href: string])[];
  /** Scripts that make it live; it can be read without. */
  readonly scripts: readonly string[];
}

/** No text of ours is longer, but for drawings, which have a bound of their own. */
const SHOWN_MAX = 1 << 18;
const PLAIN = /^[\n -~]*$/;

/** Line ends stay; whatever else cannot be seen, or turns what follows around, is spelt out. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .split('\n')
    .map((line) => printable(line, SHOWN_MAX))
    .join('\n');
}

/** As a part of a path: half a character, of which there is no UTF-8, as the mark of one that is broken. */
export function inPath(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

export function inFrame(frame: Frame, content: Markup): Markup {
  const { title, subtitle, version, twins, scripts } = frame;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${visible(title)}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
${scripts.map(
  (name) => html`<script type="module" src="/scripts/${name}"></script>
`,
)}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="name" href="/">Faultline</a><p>${visible(subtitle)}</p></header>
<main id="main">
${content}
</main>
<footer>
<span>Faultline ${version}</span>
${twins.map(([name, href]) => html`<a href="${href}">${name}</a>`)}
</footer>
</body>
</html>
`;
}

export interface Cell {
  readonly label: string;
  readonly kind?: 'number' | 'tight' | 'mono' | 'tight mono';
}

/** @param rows of as many parts as there are cells */
export function table(
  name: string,
  cells: readonly Cell[],
  rows: readonly (readonly (Markup | string)[])[],
): Markup {
  const head = cells.map(
    ({ label, kind = 'words' }) => html`<th scope="col" class="${kind}">${label}</th>`,
  );
  const body = rows.map((row) => {
    const parts = cells.map(
      ({ label, kind = 'words' }, index) =>
        // One box for the content, so that it stays together where the row stacks.
        html`<td class="${kind}" data-label="${label}"><span>${row[index]}</span></td>`,
    );
    return html`<tr>${parts}</tr>\n`;
  });
  return html`<table aria-label="${name}">
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table>`;
}

/** Terms and what they stand for. */
export function terms(
  kind: 'stats' | 'facts',
  list: readonly (readonly [term: string, value: Markup | string])[],
): Markup {
  const parts = list.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>\n`);
  return html`<dl class="${kind}">
${parts}</dl>`;
}

/** Loud where a model says that it is clean of it. */
export function rowLabelMarkup(finding: Pick<Finding, 'known' | 'looksLike' | 'standing'>): Markup {
  const label = visible(rowLabel(finding));
  if (finding.standing === 'forbidden') {
    return html`<strong class="forbidden">FORBIDDEN ${label}</strong>`;
  }
  return finding.known === null
    ? html`<span class="new">${label}</span>`
    : html`<span class="known">${label}</span>`;
}

/** In UTC, which its label says. */
export function moment(ms: number): Markup {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;
}

/** A line is broken between two of them rather than in one. */
export function items(list: readonly string[]): Markup {
  const parts = list.map(
    (one, index) =>
      html`<span class="item">${visible(one)}${index < list.length - 1 ? ',' : ''}</span> `,
  );
  return html`${parts}`;
}

export function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

export function errorPage({ status, title, message }: Problem, version: string): Markup {
  const frame = { title: `${status} ${title}`, subtitle: '', version };
  const content = html`<h1>${status} ${title}</h1><p>${message}</p><p><a href="/">All findings</a></p>`;
  return inFrame({ ...frame, twins: [], scripts: [] }, content);
}
