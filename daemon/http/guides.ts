/** The guides as pages: dashboards/docs, as it lies in the package, each file by its name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { html, raw } from 'hono/html';
import { Marked } from 'marked';
import { inFrame, type Markup } from './layout.ts';
import { Problem } from './problem.ts';

/** By name, without `.md`. */
export type Guides = ReadonlyMap<string, string>;

const SUFFIX = '.md';

/** @param folder null where there are none */
export function readGuides(folder: string | null): Guides {
  if (folder === null || !existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  return new Map(
    names
      .sort()
      .map((name) => [
        name.slice(0, -SUFFIX.length),
        readFileSync(path.join(folder, name), 'utf8'),
      ]),
  );
}

export function guidesPage(guides: Guides, version: string): Markup {
  const list = [...guides].map(
    ([name, text]) => html`<li><a href="/guides/${name}">${titleOf(text, name)}</a></li>`,
  );
  const content = html`<h1>Guides</h1>
${list.length === 0 ? html`<p class="none">This installation has none.</p>` : html`<ul>${list}</ul>`}`;
  return framed('Guides', version, content);
}

/** @throws Problem 404 */
export function guidePage(guides: Guides, name: string, version: string): Markup {
  const text = guides.get(name);
  if (text === undefined)
    throw new Problem(404, 'there is no guide of this name; all are at /guides');
  // The text is the package's own.
  return framed(
    titleOf(text, name),
    version,
    html`<article>${raw(new Marked(RENDERING).parse(text))}</article>`,
  );
}

function titleOf(text: string, name: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? name;
}

/** Guides link to each other as pages; what lies elsewhere in the repository is named, not linked. */
const RENDERING: ConstructorParameters<typeof Marked>[0] = {
  async: false,
  renderer: {
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      const [, name, place = ''] = /^([\w-]+)\.md(#[\w-]+)?$/.exec(href) ?? [];
      if (name !== undefined) return `<a href="/guides/${name}${place}">${text}</a>`;
      return /^#[\w-]+$/.test(href) ? `<a href="${href}">${text}</a>` : text;
    },
    image: ({ text }) => `<em>${text}</em>`,
    code: ({ text }) => `<pre tabindex="0"><code>${escapedText(text)}</code></pre>`,
    heading({ depth, tokens, text }) {
      const id = text
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-');
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
  },
};

function escapedText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function framed(title: string, version: string, content: Markup): Markup {
  const twins = [
    ['All findings', '/'],
    ['Guides', '/guides'],
  ] as const;
  return inFrame(
    { title: `${title} - Faultline`, subtitle: title, version, twins, scripts: [] },
    content,
  );
}
