/** What stands where, before and after a step: threads with their locks, pages of files, page tables. */
import type {
  AreaScene,
  FileScene,
  PageScene,
  Scene,
  ThreadScene,
} from '../../workers/views/scenes.ts';
import { lockText, type Story } from '../../workers/views/story.ts';
import { type Child, h } from './dom.ts';

/** @param at steps that are done */
export function stageOf(story: Story, at: number): readonly HTMLElement[] {
  const after = story.scenes[at];
  const before = story.scenes[Math.max(0, at - 1)];
  if (after === undefined || before === undefined) return [];
  return [
    threadsTable(story, before, after),
    ...pagesTables(before, after, isAboutPower(story)),
    tablesTable(before, after),
  ];
}

function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  return h(
    'table',
    { class: 'scene' },
    h('caption', {}, caption),
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h(
      'tbody',
      {},
      ...rows.map(([name = '', ...cells]) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, name),
          ...cells.map((cell, i) => h('td', { 'data-label': heads[i + 1] }, cell)),
        ),
      ),
    ),
  );
}

/** What is there now and, where the step has changed it, what was there before. */
function changed(before: string, after: string): Child {
  const shown = (text: string): string => (text === '' ? '-' : text);
  if (before === after) return shown(after);
  return h(
    'span',
    { class: 'changed' },
    h('del', {}, shown(before)),
    ' ',
    h('ins', {}, shown(after)),
  );
}

function threadsTable({ threads }: Story, before: Scene, after: Scene): HTMLElement {
  const held = (scene: ThreadScene | undefined): string =>
    (scene?.held ?? []).map(lockText).join(', ');
  const doing = (scene: ThreadScene | undefined, ops: readonly string[]): string =>
    scene === undefined ? '' : (ops[scene.ended] ?? 'has ended');
  return table(
    'Threads',
    ['thread', 'operation', 'holds', 'sleeps on'],
    threads.map(({ name, process, ops }, t) => {
      const [was, is] = [before.threads[t], after.threads[t]];
      return [
        `${name} in ${process}`,
        changed(doing(was, ops), doing(is, ops)),
        changed(held(was), held(is)),
        changed(was?.waitsFor ?? '', is?.waitsFor ?? ''),
      ];
    }),
  );
}

/** Whether what survives a power failure is a part of it. */
function isAboutPower({ steps }: Story): boolean {
  const classes = steps.flatMap(({ violations }) => violations.map((one) => one.class));
  return classes.includes('durability') || classes.includes('crash-exposure');
}

function pagesTables(before: Scene, after: Scene, withPower: boolean): readonly HTMLElement[] {
  return after.files.map((file, f) => {
    const was: FileScene = before.files[f] ?? file;
    const size = was.size === file.size ? `${file.size}` : `${was.size} -> ${file.size}`;
    return table(
      `File ${file.name}, i_size ${size}`,
      [
        ...['page', 'extent', 'cache', 'a read returns'],
        ...(withPower ? ['after a power failure'] : []),
      ],
      file.pages.map((page, p) => {
        const old: PageScene = was.pages[p] ?? page;
        return [
          String(p),
          changed(old.extent, page.extent),
          changed(old.cache, page.cache),
          changed(old.lines.join(' | '), page.lines.join(' | ')),
          ...(withPower ? [changed(old.durable.join(' | '), page.durable.join(' | '))] : []),
        ];
      }),
    );
  });
}

function tablesTable(before: Scene, after: Scene): HTMLElement {
  const textOf = (areas: readonly AreaScene[], name: string, i: number): string =>
    areas.find((area) => area.name === name)?.ptes[i]?.text ?? 'none';
  return table(
    'Page tables',
    ['mapping', 'page of file', 'pte'],
    after.areas.flatMap(({ name, file, ptes }) =>
      ptes.map(({ page, text, isStale }, i) => [
        name,
        `${file} ${page}`,
        h('span', isStale ? { class: 'bad' } : {}, changed(textOf(before.areas, name, i), text)),
      ]),
    ),
  );
}
