/** The guides as pages: dashboards/docs, as it lies in the package, each file by its name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { html, raw } from 'hono/html';
import { Marked } from 'marked';
import { inFrame, type Markup } from './layout.ts';
import { Problem } from './problem.ts';

export interface Guides {
  /** By name, without `.md`. */
  readonly texts: ReadonlyMap<string, string>;
  /** By name, such as `july-2016.svg`. */
  readonly pictures: ReadonlyMap<string, string>;
}

const SUFFIX = '.md';
const PICTURES = 'pictures';
const PICTURE_SUFFIX = '.svg';
const PICTURE = /^pictures\/([\w.-]+\.svg)$/;

/** @param folder null where there are none */
export function readGuides(folder: string | null): Guides {
  if (folder === null) return { texts: new Map(), pictures: new Map() };
  const texts = [...filesIn(folder, SUFFIX)];
  return {
    texts: new Map(texts.map(([name, text]) => [name.slice(0, -SUFFIX.length), text])),
    pictures: filesIn(path.join(folder, PICTURES), PICTURE_SUFFIX),
  };
}

/** By name, in order. */
function filesIn(folder: string, suffix: string): ReadonlyMap<string, string> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const own = names.filter((name) => name.endsWith(suffix)).sort();
  return new Map(own.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

export function guidesPage({ texts }: Guides, version: string): Markup {
  const list = [...texts].map(
    ([name, text]) => html`<li><a href="/guides/${name}">${titleOf(text, name)}</a></li>`,
  );
  const content = html`<h1>Guides</h1>
${list.length === 0 ? html`<p class="none">This installation has none.</p>` : html`<ul>${list}</ul>`}`;
  return framed('Guides', version, content);
}

/** @throws Problem 404 */
export function guidePage({ texts }: Guides, name: string, version: string): Markup {
  const text = texts.get(name);
  if (text === undefined)
    throw new Problem(404, 'there is no guide of this name; all are at /guides');
  // The text is the package's own.
  return framed(
    titleOf(text, name),
    version,
    html`<article>${raw(new Marked(RENDERING).parse(text))}</article>`,
  );
}

/** @throws Problem 404 */
export function guidePicture({ pictures }: Guides, name: string): string {
  const picture = pictures.get(name);
  if (picture === undefined) throw new Problem(404, 'no guide has a picture of this name');
  return picture;
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
    image({ href, text }) {
      const [, name] = PICTURE.exec(href) ?? [];
      const alt = escapedText(text).replaceAll('"', '&quot;');
      if (name === undefined) return `<em>${text}</em>`;
      // In a paragraph.
      return `<span class="wide" tabindex="0" role="region" aria-label="Picture"><img src="/guides/${PICTURES}/${name}" alt="${alt}"></span>`;
    },
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
