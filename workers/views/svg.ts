/** Pieces of an SVG: escaped text and numbered elements. Pure. */

/** An element of SVG, as text. */
export type Svg = string;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for content and attributes; what XML does not allow becomes a question mark. */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/g, '?')
    .replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
}

/** @param attributes numbers in pixels; what is undefined is left out */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content: readonly Svg[] | string = [],
): Svg {
  const said = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [` ${key}="${escaped(typeof value === 'number' ? numberText(value) : value)}"`],
  );
  const inner = typeof content === 'string' ? escaped(content) : content.join('');
  return `<${name}${said.join('')}${inner === '' ? '/>' : `>${inner}</${name}>`}`;
}

function numberText(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Eight colours that people who see few colours tell apart, on white and on black. */
export const COLOURS: readonly string[] = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#999933',
  '#882255',
];

/** Of every picture: no colour of it stands in an attribute but those of locks. */
const PICTURE_STYLE: string = [
  'text{font:12px ui-monospace,"DejaVu Sans Mono",monospace;fill:#1a1a1a}',
  '.back{fill:#fff}.quiet{fill:#5a5a5a}.head{font-weight:bold}',
  '.lane{stroke:#8a8a8a}.bad{fill:#b3261e;font-weight:bold}',
  '.wait{stroke:#b3261e;stroke-width:2;fill:none;stroke-dasharray:4 3}',
  '.box{fill:#fff;stroke:#5a5a5a;stroke-width:1.5}.edge{fill:none;stroke:#5a5a5a}',
  '.inversion{stroke:#b3261e;stroke-width:2.5}',
  '.pair{fill:#fff3c4}.pairline{stroke:#8a6d00;stroke-width:2;fill:none}.guilty{fill:#fde0dc}',
  '@media(prefers-color-scheme:dark){text{fill:#e8e8e8}.back{fill:#161616}.quiet{fill:#a8a8a8}',
  '.lane{stroke:#707070}.bad{fill:#ff8a80}.wait{stroke:#ff8a80}.pair{fill:#4a3f12}',
  '.pairline{stroke:#e0c050}.guilty{fill:#51221e}',
  '.box{fill:#161616}.box,.edge{stroke:#a8a8a8}.inversion{stroke:#ff8a80}}',
].join('');

/** @param says what a picture shows, for people who do not see it */
export function picture(
  width: number,
  height: number,
  title: string,
  says: string,
  content: readonly Svg[],
): Svg {
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const names = { role: 'img', 'aria-labelledby': 'title says' };
  return `${element('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size, ...names }, [
    element('title', { id: 'title' }, title),
    element('desc', { id: 'says' }, says),
    `<style>${PICTURE_STYLE}</style>`,
    element('rect', { class: 'back', width, height }),
    ...content,
  ])}\n`;
}
