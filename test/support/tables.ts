/** Tables of a guide that are made from the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { goldenIn } from './golden.ts';

/** Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * The guide, a file of the folder, has each of them between `<!-- NAME -->` and `<!-- end -->`; UPDATE_GOLDEN=1 writes them
 * anew.
 */
export function assertTables(
  folder: string,
  made: Readonly<Record<string, () => string>>,
  guide = 'README.md',
): void {
  let text = readFileSync(path.join(folder, guide), 'utf8');
  for (const [name, make] of Object.entries(made)) {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
    assert.match(text, place);
    text = text.replace(place, (_all, begin: string, end: string) => `${begin}${make()}\n${end}`);
  }
  goldenIn(folder, guide, text, process.env);
}
