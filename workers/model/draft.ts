/**
 * Paths while they are made: nodes with their places in a text, that edits move, replace and wrap. A lock taken by
 * `with` knows its releases, so that whoever replaces the one replaces the others.
 */
import type { Node, Path } from '../kernel/path.ts';
import { RELEASES } from './names.ts';
import type { Place } from './source.ts';
import { wordWith } from './spelling.ts';

export interface StepDraft {
  readonly kind: 'step';
  readonly step: string;
  readonly lock: string | null;
  /** What the text has in brackets; '' for nothing. */
  readonly argument: string;
  /** What was taken and given back by one `with`; null for a step that stands alone. */
  readonly pair: Pair | null;
  readonly spot: Place;
  /** Where the parts are used that it is in, the outermost first. */
  readonly uses: readonly Place[];
}
/** An identity. */
interface Pair {
  readonly spot: Place;
}

export type Draft =
  | StepDraft
  | {
      readonly kind: 'when';
      readonly test: string;
      readonly yes: Draft[];
      readonly no: Draft[] | null;
      readonly spot: Place;
    }
  | { readonly kind: 'loop'; readonly test: string; readonly body: Draft[]; readonly spot: Place }
  | { readonly kind: 'block'; readonly name: string; readonly body: Draft[]; readonly spot: Place }
  | { readonly kind: 'leave' | 'retry' | 'call'; readonly name: string; readonly spot: Place };

/** The lists that a node has below it. */
export function bodiesOf(node: Draft): readonly Draft[][] {
  switch (node.kind) {
    case 'when':
      return node.no === null ? [node.yes] : [node.yes, node.no];
    case 'loop':
    case 'block':
      return [node.body];
    default:
      return [];
  }
}

/** What a lock is taken with: a step, and the lock that it names. */
export interface Taking {
  readonly step: string;
  readonly lock: string | null;
  /** What the text has in brackets; '' for nothing. */
  readonly argument: string;
  readonly spot: Place;
  readonly uses: readonly Place[];
}

/** The body with the lock around it: given back at its end and before every way out of it. */
export function around(taking: Taking, body: Draft[]): Draft[] {
  const pair: Pair = { spot: taking.spot };
  const release = RELEASES[taking.step] ?? taking.step;
  const drop = (spot: Place): StepDraft => ({
    kind: 'step',
    step: release,
    lock: taking.lock,
    argument: taking.argument,
    uses: taking.uses,
    pair,
    spot,
  });
  releaseAtExits(body, new Set(), drop);
  const take: StepDraft = { kind: 'step', ...taking, pair };
  // What leaves on every way has given it back.
  const last = body.at(-1);
  const isLeft = last?.kind === 'leave' || last?.kind === 'retry';
  return isLeft ? [take, ...body] : [take, ...body, drop(taking.spot)];
}

/** @param inner blocks that the body itself has around the place: leaving them leaves the lock held */
function releaseAtExits(
  body: Draft[],
  inner: ReadonlySet<string>,
  drop: (spot: Place) => StepDraft,
): void {
  for (let i = 0; i < body.length; i++) {
    const node = body[i] as Draft;
    if ((node.kind === 'leave' || node.kind === 'retry') && !inner.has(node.name)) {
      body.splice(i, 0, drop(node.spot));
      i++;
      continue;
    }
    const known = node.kind === 'block' ? new Set([...inner, node.name]) : inner;
    for (const below of bodiesOf(node)) releaseAtExits(below, known, drop);
  }
}

/** Where a node of a finished path stands in a text, and how that writes it, if it is a step. */
export interface Written {
  readonly spot: Place;
  readonly said: string;
  readonly uses: readonly Place[];
}
/** Of all nodes that were made from texts. */
const written = new WeakMap<Node, Written>();

export function writtenOf(node: object): Written | undefined {
  return written.get(node as Node);
}

/** As the text has it: `up_write(XFS_MMAPLOCK)`, `allocBlock(policy)`, also where `with` stands for it. */
export function saidOf({ step, argument }: StepDraft): string {
  return wordWith(step, argument);
}

export function finished(drafts: readonly Draft[]): Path {
  return drafts.map((draft) => {
    const node = nodeOf(draft);
    const { said, uses } =
      draft.kind === 'step' ? { said: saidOf(draft), uses: draft.uses } : { said: '', uses: [] };
    written.set(node, { spot: draft.spot, said, uses });
    return node;
  });
}

function nodeOf(draft: Draft): Node {
  switch (draft.kind) {
    case 'step':
      return draft.lock === null ? { step: draft.step } : { step: draft.step, lock: draft.lock };
    case 'when':
      return whenOf(draft.test, finished(draft.yes), draft.no && finished(draft.no));
    case 'loop':
      return { loop: draft.test, body: finished(draft.body) };
    case 'block':
      return { block: draft.name, body: finished(draft.body) };
    case 'call':
      return { call: draft.name };
    case 'leave':
      return { leave: draft.name };
    case 'retry':
      return { retry: draft.name };
  }
}

/** A branch that is empty, such as a part that says nothing, is none. */
function whenOf(test: string, then: Path, no: Path | null): Node {
  return no === null || no.length === 0 ? { when: test, then } : { when: test, then, else: no };
}
