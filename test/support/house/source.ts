/**
 * A source file as the rules see it: `code` is the text with comments blanked and strings, templates and
 * regular expressions emptied, position for position, so that a rule can be one regular expression.
 */
import path from 'node:path';

interface Import {
  readonly specifier: string;
  readonly line: number;
}

export interface Source {
  /** Relative to the root, with slashes. */
  readonly file: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

export function sourceOf(file: string, text: string): Source {
  const code = blankText(text);
  return { file, text, code, imports: importsOf(text, code) };
}

export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** The file that a relative specifier means; undefined for a package. */
export function targetOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return path.posix.join(path.posix.dirname(file), specifier);
}

const COMMENT = /\/\/.*|\/\*[\s\S]*?\*\//y;
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y;
const WORD = /[\w$]+/y;
/** Before a slash: a value, so that it divides; anything else starts a regular expression. */
const ENDS_VALUE = /[\w$)\]'"`]$/;
const KEYWORD_BEFORE_VALUE = /(?<![\w$.])(?:return|typeof|case|in|of|delete|void|throw|else|do)$/;

function blankText(text: string): string {
  let code = '';
  /** One entry an open brace: whether it closes a `${`. */
  const braces: boolean[] = [];
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = code.length;
    return pattern.exec(text)?.[0];
  };
  const template = (): void => {
    code += blank(match(TEMPLATE_TEXT) ?? '');
    const isHole = text.startsWith('${', code.length);
    if (isHole) braces.push(true);
    code += isHole ? '${' : '`';
  };
  const startsRegex = (): boolean => {
    const before = code.trimEnd();
    return !ENDS_VALUE.test(before) || KEYWORD_BEFORE_VALUE.test(before);
  };
  while (code.length < text.length) {
    const next = text[code.length] ?? '';
    const plain = match(WORD);
    if (plain !== undefined) code += plain;
    else if (match(COMMENT) !== undefined) code += blank(match(COMMENT) ?? '');
    else if (match(STRING) !== undefined) code += emptied(match(STRING) ?? '');
    else if (next === '/' && startsRegex() && match(REGEX) !== undefined) {
      code += emptied(match(REGEX) ?? '');
    } else if (next === '`') {
      code += next;
      template();
    } else if (next === '}' && braces.pop() === true) {
      code += next;
      template();
    } else {
      if (next === '{') braces.push(false);
      code += next;
    }
  }
  return code;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** The quotes stay: they say that here is a value. */
function emptied(text: string): string {
  return `"${blank(text.slice(1, -1))}"`;
}

/** Where the quote of a module's name stands: import, export … from, import() as value or type. */
const IMPORT =
  /(?<![\w$.])(?:(?:import|export)\s+(?:type\s+)?[\w$*{][^'"`;=()]*?\sfrom\s*|import\s*\(?\s*)(?=["'])/g;

function importsOf(text: string, code: string): readonly Import[] {
  return [...code.matchAll(IMPORT)].map((found) => {
    const start = found.index + found[0].length + 1;
    const quote = text[start - 1] ?? '';
    const specifier = text.slice(start, text.indexOf(quote, start));
    return { specifier, line: lineOf(text, start) };
  });
}
