/** What a source file may not contain, each as a table row or a few lines; sizes with their budgets. */
import { functionsOf } from './functions.ts';
import type { Offence } from './rooms.ts';
import { lineOf, type Source } from './source.ts';

export interface Rule {
  readonly name: string;
  readonly check: (source: Source) => readonly Offence[];
}

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
/** Files that may be longer, and how long. This list may only shrink. */
const LONGER_FILES: Readonly<Record<string, number>> = {};

/** Spelled apart, so that searching the tree for them finds only real ones. */
const UNFINISHED = new RegExp(
  `\\b(?:${['TO', 'FIX'].map((a, i) => a + ['DO', 'ME'][i]).join('|')})\\b`,
  'g',
);
const MUTED = new RegExp(`@ts-(?:${['ignore', 'expect-error', 'nocheck'].join('|')})\\b`, 'g');

export const RULES: readonly Rule[] = [
  banned('no default export', 'code', /\bexport\s+default\b|\bas\s+default\b/g),
  banned('no enum', 'code', /(?<![\w$.])enum\s+[\w$]+\s*\{/g),
  banned(
    'no namespace',
    'code',
    /(?<![\w$.])(?:namespace\s+[\w$.]+|declare\s+module\b[^{\n]*)\s*\{/g,
  ),
  banned(
    'no any',
    'code',
    /(?:[:|&<]|=>|\bas|[\w$]<[^;{}()]*,)\s*any\b(?!\s*[(.:])|\bany\s*(?:\[\]|[|&])/g,
  ),
  banned('no non-null assertion', 'code', /[\w$)\]]!(?!=)/g),
  banned('nothing unfinished', 'text', UNFINISHED),
  banned('no muted type check', 'text', MUTED),
  banned(
    'no test left out',
    'code',
    /(?<![\w$.])(?:test|it|describe|suite)\s*\.\s*(?:skip|only|todo)\b|\b(?:skip|only|todo)\s*:\s*true\b/g,
  ),
  { name: 'a file is short', check: longFile },
  { name: 'a function is short', check: longFunctions },
];

function banned(name: string, where: 'code' | 'text', pattern: RegExp): Rule {
  const check = (source: Source): readonly Offence[] =>
    [...source[where].matchAll(pattern)].map((found) => {
      const line = lineOf(source.text, found.index);
      return { file: source.file, line, what: `${name}: ${found[0].trim()}` };
    });
  return { name, check };
}

function longFile(source: Source): readonly Offence[] {
  const lines = source.text.trimEnd().split('\n').length;
  const most = LONGER_FILES[source.file] ?? FILE_LINES_MAX;
  const what = `${lines} lines; a file has at most ${most}`;
  return lines <= most ? [] : [{ file: source.file, line: lines, what }];
}

function longFunctions(source: Source): readonly Offence[] {
  return functionsOf(source).flatMap(({ start, end }) => {
    const line = lineOf(source.text, start);
    const lines = lineOf(source.text, end) - line + 1;
    const what = `${lines} lines; a function has at most ${FUNCTION_LINES_MAX}`;
    return lines <= FUNCTION_LINES_MAX ? [] : [{ file: source.file, line, what }];
  });
}
