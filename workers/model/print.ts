/**
 * A model as text, whole: no base, no parts, no toggle that is not set. What it prints reads back as the same model, and
 * prints the same again. Comments, and labels that a model in JSON may have, are not in it.
 */

import { chainOf } from '../kernel/lock-order.ts';
import { type Model, type Node, type Path, pathsThatRun } from '../kernel/path.ts';
import { RELEASES, TAKEN_WORDS } from './names.ts';
import { MODEL_TEXT_VERSION } from './read.ts';
import { lockText, type StepNode, spelled, stepText } from './spelling.ts';

const INDENT = '  ';
const WIDTH = 100;
/** Where the values of the head begin. */
const COLUMN = 8;
/** Statements that may stand on the line of their head. */
const INLINE_MAX = 3;

export function printModel(model: Model): string {
  const paths = [...pathsThatRun(model.paths)]
    .sort()
    .flatMap((name) => ['', ...headed(`${name}:`, bodyLines(model, model.paths[name] ?? []))]);
  return `${[...headOf(model), ...paths].join('\n')}\n`;
}

// ---- the head -------------------------------------------------------------------------------------------

function headOf(model: Model): readonly string[] {
  const { name, title, comment, origin, options, toggles, locks, ownLocks = [] } = model;
  const names = Object.entries(options);
  return [
    `faultline model ${MODEL_TEXT_VERSION}`,
    line('name', name),
    ...prose('title', title),
    ...prose('comment', comment),
    ...prose('kernel', origin.kernel === 'none' ? '' : origin.kernel),
    ...origin.sources.flatMap((source) => prose('from', source)),
    line('extends', 'nothing'),
    ...Object.entries(locks).map(([id, lock]) => line('lock', `${id} ${lock}`)),
    ...ownLocks.map((own) => line('lock', `new ${own.name} rwsem per ${own.per}`)),
    ...names.map(([toggle, values]) => line('toggle', `${toggle} = ${values.join(' | ')}`)),
    ...names
      .filter(([toggle, values]) => toggles[toggle] !== values[0])
      .map(([toggle]) => line('set', `${toggle} = ${toggles[toggle]}`)),
    line('owes', model.durability ? 'written, mapped' : 'written'),
    ...model.order.map((chain) => line('order', orderText(model, chain))),
    ...needLines(model),
    ...rows('finds', model.expect.find),
    ...rows('clean', model.expect.clean),
  ];
}

function line(keyword: string, value: string): string {
  return `${keyword.padEnd(COLUMN)}${keyword.length < COLUMN ? '' : ' '}${value}`;
}

/** A long line goes on below, indented; it is broken at single blanks, which reading puts back. */
function folded(text: string): readonly string[] {
  const [first = '', ...words] = text.split(/(?<! ) (?! )/);
  const lines = [first];
  for (const word of words) {
    const last = `${lines.at(-1)} ${word}`;
    if (last.length <= WIDTH) lines[lines.length - 1] = last;
    else lines.push(`${' '.repeat(COLUMN)}${word}`);
  }
  return lines;
}

function orderText(model: Model, chain: string): string {
  return chainOf(chain)
    .map((lock) => lockText(model, lock))
    .join(' -> ');
}

/** A `#` would begin a comment. */
function prose(keyword: string, text: string): readonly string[] {
  const said = text.trim();
  return said === '' ? [] : folded(line(keyword, said.replaceAll('#', '\\#')));
}

function rows(keyword: string, ids: readonly string[]): readonly string[] {
  return ids.length === 0 ? [] : folded(line(keyword, ids.join(' ')));
}

/** Steps that need one lock for one reason stand on one line. */
function needLines(model: Model): readonly string[] {
  const { needs } = model;
  if (needs === undefined) return [];
  if (needs.length === 0) return [line('needs', 'nothing')];
  const lines: { steps: string[]; because: string }[] = [];
  for (const { step, lock, mode, source } of needs) {
    const because = `${lockText(model, lock)} ${mode} because ${source.trim().replaceAll('#', '\\#')}`;
    const last = lines.at(-1);
    if (last?.because === because) last.steps.push(step);
    else lines.push({ steps: [step], because });
  }
  return lines.flatMap(({ steps, because }) =>
    folded(line('needs', `${steps.join(', ')}: ${because}`)),
  );
}

// ---- bodies ---------------------------------------------------------------------------------------------

/** The lines of a body, not indented. */
function bodyLines(model: Model, path: Path): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < path.length; i++) {
    const node = path[i] as Node;
    const next = path[i + 1];
    const end = endOfWith(path, i);
    if (end > i && 'step' in node) {
      lines.push(
        ...headed(`with ${takenText(model, node)}:`, bodyLines(model, path.slice(i + 1, end))),
      );
      i = end;
    } else if (next !== undefined && 'step' in node && answered(next) !== null) {
      const rest = answered(next)?.map((one) => simpleText(model, one)) ?? [];
      const said = `${stepText(model, node)}, else ${rest.join(', ')}`;
      if (said.length > WIDTH - 10 * INDENT.length) lines.push(...nodeLines(model, node));
      else {
        lines.push(said);
        i++;
      }
    } else lines.push(...nodeLines(model, node));
  }
  return lines;
}

/** What follows a step that has answered no, if it is so short that it stands on the step's line. */
function answered(node: Node): Path | null {
  if (!('when' in node) || node.when !== 'answerIsNo' || node.else !== undefined) return null;
  return isShort(node.then) ? node.then : null;
}

function isShort(path: Path): boolean {
  return path.length > 0 && path.length <= INLINE_MAX && path.every(isSimple);
}

function isSimple(node: Node): boolean {
  return 'step' in node || 'call' in node || 'leave' in node || 'retry' in node;
}

/** A head, and its body behind it or below. */
function headed(head: string, body: readonly string[]): readonly string[] {
  const [only] = body;
  if (only === undefined) return [`${head} nothing`];
  if (body.length === 1 && !only.endsWith(':') && head.length + only.length < WIDTH - 40) {
    return [`${head} ${only}`];
  }
  return [head, ...body.map((one) => INDENT + one)];
}

function nodeLines(model: Model, node: Node): readonly string[] {
  if ('when' in node) return whenLines(model, node);
  if ('loop' in node) return headed(`while ${node.loop}:`, joined(model, node.body));
  if ('block' in node) return headed(`block ${node.block}:`, bodyLines(model, node.body));
  return [simpleText(model, node)];
}

function whenLines(model: Model, node: Extract<Node, { when: string }>): readonly string[] {
  const { when: test, then, else: otherwise } = node;
  if (then.length === 0 && otherwise !== undefined) {
    return headed(`unless ${test}:`, joined(model, otherwise));
  }
  const lines = headed(`if ${test}:`, joined(model, then));
  if (otherwise === undefined) return lines;
  return [...lines, ...headed('else:', joined(model, otherwise))];
}

/** Short bodies on one line. */
function joined(model: Model, path: Path): readonly string[] {
  if (!isShort(path)) return bodyLines(model, path);
  return [path.map((node) => simpleText(model, node)).join(', ')];
}

function simpleText(model: Model, node: Node): string {
  if ('step' in node) return stepText(model, node);
  if ('call' in node) return `${node.call}()`;
  if ('leave' in node) return `leave ${node.leave}`;
  return 'retry' in node ? `retry ${node.retry}` : '';
}

function takenText(model: Model, node: StepNode): string {
  const word = spelled(TAKEN_WORDS, node.step);
  return word === node.step ? stepText(model, node) : word;
}

// ---- with -----------------------------------------------------------------------------------------------

/** Where what is taken at a place is given back, if `with` says the same; else the place itself. */
function endOfWith(path: Path, start: number): number {
  const taken = path[start] as Node;
  if (!('step' in taken)) return start;
  const release = RELEASES[taken.step];
  if (release === undefined) return start;
  for (let i = start + 1; i < path.length; i++) {
    const node = path[i] as Node;
    if ('step' in node && node.step === release && node.lock === taken.lock) {
      return i === start + 1 ? start : i;
    }
    if (leavesOrTouches(node, taken, new Set())) return start;
  }
  return start;
}

/** Whether a node goes out of the body, where `with` would give back, or works on the same lock. */
function leavesOrTouches(node: Node, taken: StepNode, inner: ReadonlySet<string>): boolean {
  if ('step' in node)
    return node.lock === taken.lock && (node.lock !== undefined || isOfPair(node, taken));
  if ('leave' in node) return !inner.has(node.leave);
  if ('retry' in node) return !inner.has(node.retry);
  if ('call' in node) return false;
  const known = 'block' in node ? new Set([...inner, node.block]) : inner;
  const bodies = 'when' in node ? [node.then, node.else ?? []] : [node.body];
  return bodies.flat().some((one) => leavesOrTouches(one, taken, known));
}

function isOfPair({ step }: StepNode, taken: StepNode): boolean {
  return step === taken.step || step === RELEASES[taken.step];
}
