/** Edits of a path: each finds its place by a step, a call or a structure, and says so where it finds none or several. */

import { printable } from '../../corpus/vocabulary/printable.ts';
import { STEPS } from '../kernel/step-registry.ts';
import { around, bodiesOf, type Draft, type StepDraft, saidOf, type Taking } from './draft.ts';
import { ordinal } from './edit-lines.ts';
import { RELEASES } from './names.ts';
import type { Report } from './report.ts';
import type { Anchor, Body, Edit, Range, Taken, Test } from './source.ts';

/** How an edit looks up the names that it uses. */
export interface Naming {
  bodyOf(body: Body): Draft[];
  takingOf(taken: Taken): Taking | null;
  /** Whether a node is what the anchor names; null if there is no such name. */
  matcherOf(anchor: Anchor): ((node: Draft) => boolean) | null;
  /** Null if there is no such test. */
  testOf(test: Test): string | null;
  /** Told of an anchor that the path does not have. */
  missing(missing: Missing): void;
  /** What prints the path before its edits. */
  readonly printing: string;
  readonly report: Report;
}

export interface Missing {
  readonly path: string;
  readonly anchor: Anchor;
  readonly matches: (node: Draft) => boolean;
  /** What the path has that is like it. */
  readonly alike: readonly string[];
  /** What prints the path before its edits. */
  readonly printing: string;
  readonly report: Report;
}

/** Where a node stands: its list, and its index there. */
interface Place {
  readonly list: Draft[];
  readonly index: number;
  /** The lists around it, the outermost first, each with the index of the node that leads in. */
  readonly outer: readonly Place[];
}

export function applyEdit(path: Draft[], name: string, edit: Edit, naming: Naming): void {
  switch (edit.kind) {
    case 'insert':
      insert(path, name, edit, naming);
      return;
    case 'replace': {
      const span = spanOf(path, name, edit.range, naming);
      if (span !== null) replace(path, span, naming.bodyOf(edit.body));
      return;
    }
    case 'without': {
      const span = spanOf(path, name, edit.range, naming);
      if (span !== null) remove(path, span);
      return;
    }
    case 'change':
      change(path, name, edit, naming);
      return;
    case 'wrap': {
      const whole = { list: path, from: 0, to: path.length - 1 };
      const span = edit.range === null ? whole : spanOf(path, name, edit.range, naming);
      const taking = naming.takingOf(edit.taken);
      if (span === null || taking === null) return;
      const { list, from, to } = span;
      const body = list.slice(from, to + 1);
      list.splice(from, body.length, ...around(taking, body));
    }
  }
}

function insert(
  path: Draft[],
  name: string,
  { at, body }: Extract<Edit, { kind: 'insert' }>,
  naming: Naming,
): void {
  const added = naming.bodyOf(body);
  if (!('anchor' in at)) {
    path.splice(at.where === 'start' ? 0 : path.length, 0, ...added);
    return;
  }
  const place = placeOf(path, name, at.anchor, naming);
  if (place === null) return;
  const index = place.index + (at.where === 'before' ? 0 : 1);
  if (isAsking(place.list[index]) && added.some(answers)) {
    const { name: word } = at.anchor;
    naming.report.add(
      word.spot,
      '`then` or `else` behind it would ask what is inserted: name the `if`',
    );
    return;
  }
  place.list.splice(index, 0, ...added);
}

/** `then` and `else`, which ask what stands before them. */
function isAsking(node: Draft | undefined): boolean {
  return node?.kind === 'when' && (node.test === 'answerIsYes' || node.test === 'answerIsNo');
}

function answers(node: Draft): boolean {
  if (node.kind === 'step') return STEPS.get(node.step)?.answers === true;
  return bodiesOf(node).some((body) => body.some(answers));
}

function change(
  path: Draft[],
  name: string,
  { anchor, test: wanted }: Extract<Edit, { kind: 'change' }>,
  naming: Naming,
): void {
  const place = placeOf(path, name, anchor, naming);
  const test = naming.testOf(wanted);
  if (place === null || test === null) return;
  const node = place.list[place.index];
  const isOther = anchor.isNot !== wanted.isNot;
  if (node?.kind === 'when')
    place.list[place.index] = isOther ? turned(node, test) : { ...node, test };
  else if (node?.kind !== 'loop')
    naming.report.add(
      anchor.name.spot,
      `${anchorText(anchor)} is no \`if\` or \`while\`, and has no test to change`,
    );
  else if (isOther) naming.report.add(wanted.name.spot, '`while` takes a test without `not`');
  else place.list[place.index] = { ...node, test };
}

/** `change if A to not B`, and `change unless A to B`. */
function turned(node: Extract<Draft, { kind: 'when' }>, test: string): Draft {
  return { ...node, test, yes: node.no ?? [], no: node.yes.length === 0 ? null : node.yes };
}

/** Nodes that follow each other in one list. */
interface Span {
  readonly list: Draft[];
  readonly from: number;
  readonly to: number;
}

function spanOf(path: Draft[], name: string, { from, to }: Range, naming: Naming): Span | null {
  const first = placeOf(path, name, from, naming);
  if (first === null || to === null) {
    return first && { list: first.list, from: first.index, to: first.index };
  }
  const last = placeOf(path, name, to, naming);
  if (last === null) return null;
  // The innermost list that both are in.
  const [ways, others] = [
    [...first.outer, first],
    [...last.outer, last],
  ];
  for (const way of ways.toReversed()) {
    const other = others.find(({ list }) => list === way.list);
    if (other === undefined) continue;
    if (other.index < way.index) {
      naming.report.add(
        to.name.spot,
        `${placeText(to)} comes before ${placeText(from)}, where the range begins`,
      );
      return null;
    }
    if (other.index === way.index && way !== first && other !== last) {
      naming.report.add(
        to.name.spot,
        `${placeText(to)} is in another branch than ${placeText(from)}, where the range begins`,
      );
      return null;
    }
    return { list: way.list, from: way.index, to: other.index };
  }
  return null;
}

function placeOf(path: Draft[], name: string, anchor: Anchor, naming: Naming): Place | null {
  const matches = naming.matcherOf(anchor);
  if (matches === null) return null;
  const all = [...placesIn(path, [])];
  const places = all.filter(({ list, index }) => matches(list[index] as Draft));
  const { nth } = anchor;
  const place = places[(nth ?? 1) - 1];
  if (place !== undefined && (nth !== null || places.length === 1)) return place;
  if (places.length > 0) {
    naming.report.add(anchor.name.spot, `${name} ${countedText(anchor, places.length, naming)}`);
    return null;
  }
  const nodes = all.map(({ list, index }) => list[index] as Draft);
  naming.missing({
    path: name,
    anchor,
    matches,
    alike: alikeIn(nodes, anchor),
    printing: naming.printing,
    report: naming.report,
  });
  return null;
}

function* placesIn(list: Draft[], outer: readonly Place[]): Generator<Place> {
  for (const [index, node] of list.entries()) {
    const place = { list, index, outer };
    yield place;
    for (const body of bodiesOf(node)) yield* placesIn(body, [...outer, place]);
  }
}

function countedText(anchor: Anchor, count: number, { printing }: Naming): string {
  const said = anchorText(anchor);
  if (anchor.nth !== null) return `has ${said} only ${count === 1 ? 'once' : `${count} times`}`;
  return `has ${said} ${count} times: say which, as in \`2nd ${said}\`; ${printing} has them in order`;
}

/**
 * With what the path has instead, or else with the paths that have it.
 * @param paths all of them, their edits made
 */
export function missingText(
  { path, anchor, matches, alike, printing }: Missing,
  paths: ReadonlyMap<string, readonly Draft[]>,
): string {
  const said = `${path} has no ${anchorText(anchor)}`;
  if (alike.length > 0) return `${said}; it has ${alike.join(', ')}`;
  const others = [...paths].filter(([name, body]) => name !== path && hasNode(body, matches));
  const names = others.map(([name]) => name);
  if (names.length === 0) return `${said}; no path has; ${printing} has all of them`;
  const have = names.length === 1 ? 'has' : 'have';
  return `${said}; ${names.join(', ')} ${have}: \`in ${names[0]}: …\``;
}

function hasNode(body: readonly Draft[], matches: (node: Draft) => boolean): boolean {
  return body.some((node) => matches(node) || bodiesOf(node).some((one) => hasNode(one, matches)));
}

/** Of the same word with something else in brackets, of the same lock, or all of a kind that has few. */
function alikeIn(nodes: readonly Draft[], { what, name, argument }: Anchor): readonly string[] {
  const said = nodes.flatMap((node) => {
    if (what === 'step') {
      if (node.kind !== 'step') return [];
      const text = saidOf(node);
      const isSame = text.replace(/\(.*$/, '') === name.text;
      return isSame || (argument !== null && node.argument === argument.text) ? [text] : [];
    }
    if (what === 'call') return node.kind === 'call' ? [`${node.name}()`] : [];
    if (what === 'if' || what === 'while') {
      const isTest = (node.kind === 'when' || node.kind === 'loop') && node.test === name.text;
      return isTest ? [`${node.kind === 'when' ? 'if' : 'while'} ${node.test}`] : [];
    }
    return node.kind === what ? [`${what} ${node.name}`] : [];
  });
  return [...new Set(said)];
}

function placeText(anchor: Anchor): string {
  const { nth } = anchor;
  return nth === null ? anchorText(anchor) : `${ordinal(nth)} ${anchorText(anchor)}`;
}

function anchorText({ what, name, argument }: Anchor): string {
  const word = printable(name.text);
  const bracket = argument === null ? '' : `(${printable(argument.text)})`;
  if (what === 'call') return `${word}()`;
  return what === 'step' ? `${word}${bracket}` : `${what} ${word}${bracket}`;
}

/** A lock that `with` takes goes with all its releases; so does one that takes its place. */
function replace(path: Draft[], { list, from, to }: Span, added: Draft[]): void {
  const [old, next] = [list[from] as Draft, added[0]];
  const pair =
    from === to && old.kind === 'step' && RELEASES[old.step] !== undefined ? old.pair : null;
  list.splice(from, to - from + 1, ...added);
  if (pair === null) return;
  const taken = next?.kind === 'step' ? next : null;
  const release = taken === null ? undefined : RELEASES[taken.step];
  if (taken === null || release === undefined) {
    dropReleases(path, pair);
    return;
  }
  list[from] = { ...taken, pair };
  forEachStep(path, (step) => {
    const isRelease = step.pair === pair && RELEASES[step.step] === undefined;
    const { lock, argument } = taken;
    return isRelease ? { ...step, step: release, lock, argument } : step;
  });
}

function remove(path: Draft[], { list, from, to }: Span): void {
  const [node] = list.splice(from, to - from + 1);
  const isOne = from === to && node?.kind === 'step';
  if (isOne && node.pair !== null && RELEASES[node.step] !== undefined)
    dropReleases(path, node.pair);
}

function dropReleases(path: Draft[], pair: NonNullable<StepDraft['pair']>): void {
  forEachStep(path, (step) => (step.pair === pair ? null : step));
}

function forEachStep(list: Draft[], change: (step: StepDraft) => StepDraft | null): void {
  for (let i = list.length - 1; i >= 0; i--) {
    const node = list[i] as Draft;
    for (const body of bodiesOf(node)) forEachStep(body, change);
    if (node.kind !== 'step') continue;
    const changed = change(node);
    list.splice(i, 1, ...(changed === null ? [] : [changed]));
  }
}
