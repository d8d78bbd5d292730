/** Bodies as they are written to nodes of a path: names looked up, parts put in their places, locks given back. */
import { STEPS } from '../kernel/step-registry.ts';
import { around, type Draft, type Taking } from './draft.ts';
import { holds } from './layers.ts';
import {
  entryOf,
  type Found,
  isStepWord,
  isTakenInFlavours,
  LOCK_STEPS,
  type Locks,
  lockNamed,
  RELEASES,
  stepNamed,
  TAKEN_WORDS,
  testNamed,
} from './names.ts';
import type { Report } from './report.ts';
import type { Anchor, Body, Definition, Item, Place, Taken, Test, Word } from './source.ts';
import { lockText } from './spelling.ts';
import type { Toggles } from './toggles.ts';

/** A text: its toggles and locks, and those of what it extends. */
export interface View {
  readonly toggles: Toggles;
  readonly locks: Locks;
  readonly report: Report;
}

/** A part, and the text that it stands in. */
export interface PartOf {
  readonly definition: Definition;
  readonly view: View;
}

export interface Scope extends View {
  /** The most derived part of that name. */
  partOf(name: string): PartOf | undefined;
  readonly partNames: readonly string[];
  /** Paths, for calls. */
  isPath(name: string): boolean;
  readonly pathNames: readonly string[];
}

/** Parts in parts. */
const PARTS_MAX = 16;
/** Nodes of one path; a part that is put in twice, and has one that is, doubles them at each level. */
const NODES_MAX = 4000;

export class BodyMaker {
  private readonly scope: Scope;
  /** Where the parts are used that the body is in, the outermost first. */
  private readonly uses: readonly Place[];
  private readonly budget: { left: number };

  constructor(
    scope: Scope,
    uses: readonly Place[] = [],
    budget: { left: number } = { left: NODES_MAX },
  ) {
    this.scope = scope;
    this.uses = uses;
    this.budget = budget;
  }

  bodyOf(body: Body): Draft[] {
    return body.flatMap((item) => this.item(item));
  }

  private item(item: Item): Draft[] {
    this.budget.left -= 1;
    if (this.budget.left < 0) return this.tooMany(item);
    switch (item.kind) {
      case 'step':
        return this.step(item.name, item.argument);
      case 'call':
        return this.call(item.name);
      case 'leave':
      case 'retry':
        return [{ kind: item.kind, name: item.name.text, spot: item.name.spot }];
      case 'if':
        return this.branch(item);
      case 'while': {
        const test = this.testOf(item.test);
        const body = this.bodyOf(item.body);
        return test === null ? [] : [{ kind: 'loop', test, body, spot: item.test.name.spot }];
      }
      case 'block':
        return [
          {
            kind: 'block',
            name: item.name.text,
            body: this.bodyOf(item.body),
            spot: item.name.spot,
          },
        ];
      case 'with': {
        const taking = this.takingOf(item.taken);
        const body = this.bodyOf(item.body);
        return taking === null ? [] : around(taking, body);
      }
      case 'for':
        return holds(item.when, this.scope.toggles) ? this.bodyOf(item.body) : [];
    }
  }

  private tooMany(item: Item): Draft[] {
    if (this.budget.left === -1 && 'name' in item) {
      this.scope.report.add(
        item.name.spot,
        `the path has more than ${NODES_MAX} nodes with its parts put in`,
      );
    }
    return [];
  }

  private step(word: Word, argument: Word | null): Draft[] {
    const lockStep = entryOf(LOCK_STEPS, word.text);
    const { uses } = this;
    const written = { kind: 'step', argument: argument?.text ?? '', pair: null, uses } as const;
    if (lockStep !== undefined) {
      const lock = this.lock(argument, word);
      return lock === null ? [] : [{ ...written, step: lockStep, lock, spot: word.spot }];
    }
    const part = argument === null ? this.scope.partOf(word.text) : undefined;
    if (part !== undefined) return this.part(part, word);
    const step = this.named(
      stepNamed(word.text, this.flavourOf(argument), this.scope.partNames),
      word,
    );
    return step === null ? [] : [{ ...written, step, lock: null, spot: word.spot }];
  }

  private part({ definition, view }: PartOf, word: Word): Draft[] {
    if (this.uses.length >= PARTS_MAX) {
      this.scope.report.add(
        word.spot,
        `parts are nested deeper than ${PARTS_MAX}, or one is a part of itself`,
      );
      return [];
    }
    const scope = { ...this.scope, ...view };
    return new BodyMaker(scope, [...this.uses, word.spot], this.budget).bodyOf(definition.body);
  }

  private call(word: Word): Draft[] {
    const { scope } = this;
    if (scope.isPath(word.text)) return [{ kind: 'call', name: word.text, spot: word.spot }];
    const problem = scope.partNames.includes(word.text)
      ? `${word.text} is a part, not a path: it stands without brackets`
      : isStepWord(word.text)
        ? `${word.text} is a step: it stands without brackets`
        : stepProblem(word.text, scope.pathNames);
    scope.report.add(word.spot, problem);
    return [];
  }

  /** Several tests hold one in another. */
  private branch({ tests, yes, no, asked }: Extract<Item, { kind: 'if' }>): Draft[] {
    const [first] = tests;
    if (first === undefined) return [];
    if (asked !== null) this.checkAnswers(asked, first.name);
    if (tests.length > 1 && no.length > 0) {
      this.scope.report.add(first.name.spot, '`else` after `and`: put one `if` in the other');
    }
    const otherwise = tests.length > 1 || no.length === 0 ? null : this.bodyOf(no);
    let body = this.bodyOf(yes);
    for (const test of tests.toReversed()) {
      const name = this.testOf(test);
      if (name === null) continue;
      const { spot } = test.name;
      body = test.isNot
        ? [{ kind: 'when', test: name, yes: otherwise ?? [], no: body, spot }]
        : [{ kind: 'when', test: name, yes: body, no: otherwise, spot }];
    }
    return body;
  }

  /** Of one that answers nothing, `then` and `else` would ask what an earlier step has answered. */
  private checkAnswers({ text }: Word, { spot }: Word): void {
    const steps = [...STEPS.values()].filter(
      ({ name, family }) => name === text || family === text,
    );
    const isPart = this.scope.partOf(text) !== undefined;
    if (!isPart && (steps.length === 0 || steps.some(({ answers }) => answers))) return;
    const what = isPart ? 'is a part and' : 'answers neither yes nor no, and';
    this.scope.report.add(spot, `${text} ${what} has no \`then\` or \`else\``);
  }

  testOf({ name, argument }: Test): string | null {
    return this.named(testNamed(name.text, this.flavourOf(argument)), name);
  }

  /** `new`, or the value of the toggle with that name. */
  private flavourOf(argument: Word | null): string | null {
    return argument && (this.scope.toggles[argument.text] ?? argument.text);
  }

  private lock(argument: Word | null, { text, spot }: Word): string | null {
    if (argument === null) {
      this.scope.report.add(spot, `${text} takes a lock in brackets`);
      return null;
    }
    return this.named(lockNamed(argument.text, this.scope.locks, true), argument);
  }

  private named(found: Found, { spot }: Word): string | null {
    if ('name' in found) return found.name;
    // An answer such as `down_write(inodeLock)`, with the name that the model has for it.
    const problem = found.problem.replace(/(?<=\()\w+(?=\))/g, (id) =>
      lockText(this.scope.locks, id),
    );
    this.scope.report.add(spot, problem);
    return null;
  }

  takingOf({ name, lock }: Taken): Taking | null {
    const written = { argument: lock?.text ?? '', spot: name.spot, uses: this.uses };
    if (isTakenInFlavours(name.text)) {
      const step = this.named(stepNamed(name.text, this.flavourOf(lock), []), name);
      return step === null ? null : { ...written, step, lock: null };
    }
    const isWord = entryOf(TAKEN_WORDS, name.text);
    const step = entryOf(LOCK_STEPS, name.text) ?? isWord;
    if (step === undefined || RELEASES[step] === undefined) {
      const what =
        'is nothing to take: down_write(LOCK), down_read(LOCK), lockRange(RANGE), journal or freeze';
      this.scope.report.add(name.spot, `${name.text} ${what}`);
      return null;
    }
    if (isWord !== undefined) return { ...written, argument: '', step, lock: null };
    const id = this.lock(lock, name);
    return id === null ? null : { ...written, step, lock: id };
  }

  /** Null, and reported, if the anchor names nothing that there is. */
  matcherOf(anchor: Anchor): ((node: Draft) => boolean) | null {
    const { what, name, argument } = anchor;
    if (what === 'step') {
      if (argument === null && this.scope.partOf(name.text) !== undefined) {
        const what = `${name.text} is a part, which is in the path step by step`;
        const remedy = `name its steps, or change it: \`part ${name.text}: …\``;
        this.scope.report.add(name.spot, `${what}; ${remedy}`);
        return null;
      }
      const [wanted] = this.step(name, argument);
      if (wanted?.kind !== 'step') return null;
      return (node) =>
        node.kind === 'step' && node.step === wanted.step && node.lock === wanted.lock;
    }
    if (what === 'if' || what === 'while') {
      const test = this.testOf({ name, argument, isNot: false });
      const kind = what === 'if' ? 'when' : 'loop';
      return test === null ? null : (node) => node.kind === kind && node.test === test;
    }
    return (node) => node.kind === what && node.name === name.text;
  }
}

function stepProblem(word: string, paths: readonly string[]): string {
  const found = stepNamed(word, null, paths);
  return 'problem' in found ? found.problem.replace('step or part', 'path') : '';
}
