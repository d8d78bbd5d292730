/**
 * Where functions begin and end, by matching brackets in blanked code. Not a parser: it knows `function`,
 * methods and arrows with a body, and skips parameters and return types to find that body.
 */
import type { Source } from './source.ts';

export interface FunctionSpan {
  readonly start: number;
  readonly end: number;
}

/** `function name<T>(`, `name(` as a method, or `=> {`; the match ends before what has to be skipped. */
const DECLARED = /(?<![\w$.])function\b\s*\*?\s*[\w$]*\s*(?=[<(])/g;
const METHOD =
  /(?<=[{};,\n]\s*)(?:(?:static|override|async|get|set|private|public|protected)\s+|\*\s*)*#?[\w$]+\s*(?=[<(])/g;
const ARROW = /=>\s*(?=\{)/g;
const NOT_A_METHOD = /^(?:if|for|while|switch|catch|with|return|function|await|typeof|new|super)\b/;
const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };

export function functionsOf(source: Source): readonly FunctionSpan[] {
  const { code } = source;
  const headed = [...code.matchAll(DECLARED), ...code.matchAll(METHOD)].filter(
    (found) => !NOT_A_METHOD.test(found[0]) || found[0].startsWith('function'),
  );
  const bodies = [
    ...headed.map((found) => [found.index, bodyAfterHead(code, found.index + found[0].length)]),
    ...[...code.matchAll(ARROW)].map((found) => [found.index, found.index + found[0].length]),
  ] as const;
  return bodies.flatMap(([start, body]) => {
    if (start === undefined || body === undefined) return [];
    return [{ start, end: closingOf(code, body) }];
  });
}

/** From before `<` or `(` to the `{` of the body; undefined for a call or a declaration without one. */
function bodyAfterHead(code: string, position: number): number | undefined {
  let at = position;
  if (code[at] === '<') at = skipBlanks(code, closingOf(code, at) + 1);
  if (code[at] !== '(') return undefined;
  at = skipBlanks(code, closingOf(code, at) + 1);
  return code[at] === ':' ? bodyAfterType(code, at + 1) : code[at] === '{' ? at : undefined;
}

/** In a type, `{` begins an object type where a type is expected, and the body where one has ended. */
function bodyAfterType(code: string, position: number): number | undefined {
  let isTypeExpected = true;
  for (let at = skipBlanks(code, position); at < code.length; at = skipBlanks(code, at)) {
    const next = code[at] ?? '';
    const word = /^[\w$.]+/.exec(code.slice(at, at + 100))?.[0];
    if (next === '{' && !isTypeExpected) return at;
    if (code.startsWith('=>', at)) {
      isTypeExpected = true;
      at += 2;
    } else if (CLOSES[next] !== undefined) {
      isTypeExpected = false;
      at = closingOf(code, at) + 1;
    } else if (next === '|' || next === '&') {
      isTypeExpected = true;
      at += 1;
    } else if (word !== undefined) {
      const goesOn = /^(?:is|asserts|keyof|readonly|typeof|extends|infer|unique)$/.test(word);
      if (!isTypeExpected && !goesOn) return undefined;
      isTypeExpected = goesOn;
      at += word.length;
    } else if (next === '"') {
      isTypeExpected = false;
      at = code.indexOf('"', at + 1) + 1;
    } else return undefined;
  }
  return undefined;
}

/** The bracket that closes the one at `position`; the end of the file if it stays open. */
function closingOf(code: string, position: number): number {
  const open = code[position] ?? '';
  const close = CLOSES[open] ?? '';
  let depth = 0;
  for (let at = position; at < code.length; at += 1) {
    if (code[at] === open) depth += 1;
    else if (code[at] === close && !(close === '>' && code[at - 1] === '=')) depth -= 1;
    if (depth === 0) return at;
  }
  return code.length;
}

function skipBlanks(code: string, position: number): number {
  const rest = /\S/g;
  rest.lastIndex = position;
  return rest.exec(code)?.index ?? code.length;
}
