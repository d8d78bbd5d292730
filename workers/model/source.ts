/**
 * A locking model as it is written: what each line of its text says, names not yet looked up. `read.ts` makes it from a
 * text, `expand.ts` makes a model (kernel/path.ts) of it and of what it extends.
 */
import type { Spot } from '../../corpus/vocabulary/spots.ts';

export interface Source {
  readonly file: string;
  readonly name: Word;
  readonly title: string | null;
  readonly comment: string | null;
  readonly kernel: string | null;
  /** Where the paths were read, one a line. */
  readonly from: readonly string[];
  readonly extends: Word | null;
  /** What this file system calls the built-in classes of locks. */
  readonly locks: readonly NamedLock[];
  readonly ownLocks: readonly OwnLockLine[];
  readonly toggles: readonly Toggle[];
  readonly sets: readonly Setting[];
  readonly owes: readonly Chosen<Word>[];
  readonly order: readonly Chosen<Word>[];
  readonly needs: readonly Chosen<NeedLine>[];
  /** `needs nothing`: not even what is standard. */
  readonly needsNothing: boolean;
  readonly finds: readonly Chosen<Word>[];
  readonly clean: readonly Chosen<Word>[];
  readonly paths: readonly Chosen<Definition>[];
  readonly parts: readonly Chosen<Definition>[];
  readonly edits: readonly Chosen<PathEdit>[];
  /** Operations that this file system does not have. */
  readonly lacks: readonly Word[];
}

/** What a text extends that has all its paths itself. */
export const NOTHING = 'nothing';

/** Where `extends` finds what it names. */
export interface Library {
  /** Paths and parts of every model, the more special text first. Their toggles are those of the model. */
  readonly common: readonly Source[];
  /**
   * @param from the file whose text extends it
   * @returns null where there is no such model
   */
  find(name: string, from: string): Source | null;
  /** For the nearest one. */
  readonly names: readonly string[];
}

/** A spot, and the text that it is in: a path has lines of its model, of what that extends and of the parts. */
export interface Place extends Spot {
  readonly file: string;
}

/** A text with its place. */
export interface Word {
  readonly text: string;
  readonly spot: Place;
}

/** What counts only where each of these toggles has one of these values. */
export interface Chosen<T> {
  readonly when: Condition;
  readonly value: T;
}
export type Condition = readonly Choice[];
export interface Choice {
  readonly toggle: Word;
  readonly values: readonly Word[];
}

interface NamedLock {
  readonly lock: Word;
  readonly name: string;
}
interface OwnLockLine {
  readonly name: Word;
  readonly per: Word;
}
export interface Toggle {
  readonly name: Word;
  /** The default first. */
  readonly values: readonly Word[];
}
interface Setting {
  readonly toggle: Word;
  readonly value: Word;
}
export interface NeedLine {
  readonly steps: readonly Word[];
  readonly lock: Word;
  readonly mode: 'R' | 'W';
  readonly source: string;
}

/** A path, or a part of paths. */
export interface Definition {
  readonly name: Word;
  readonly body: Body;
}

export type Body = readonly Item[];
export type Item =
  /** A step, a step with its lock or flavour in brackets, or a part. */
  | { readonly kind: 'step'; readonly name: Word; readonly argument: Word | null }
  | { readonly kind: 'call'; readonly name: Word }
  | { readonly kind: 'leave' | 'retry'; readonly name: Word }
  | {
      readonly kind: 'if';
      readonly tests: readonly Test[];
      readonly yes: Body;
      readonly no: Body;
      /** The step that has answered, of `then` and `else` behind it; null of an `if`. */
      readonly asked: Word | null;
    }
  | { readonly kind: 'while'; readonly test: Test; readonly body: Body }
  | { readonly kind: 'block'; readonly name: Word; readonly body: Body }
  | { readonly kind: 'with'; readonly taken: Taken; readonly body: Body }
  | { readonly kind: 'for'; readonly when: Condition; readonly body: Body };

/** `down_write(i_mmap_sem)`, `journal`, `freeze`: what `with` and `wrap` take and give back. */
export interface Taken {
  readonly name: Word;
  readonly lock: Word | null;
}

export interface Test {
  readonly name: Word;
  readonly argument: Word | null;
  readonly isNot: boolean;
}

export interface PathEdit {
  readonly paths: readonly Word[];
  readonly edit: Edit;
}

export type Edit =
  /** Of an `if` or `while`, its test alone. */
  | { readonly kind: 'change'; readonly anchor: Anchor; readonly test: Test; readonly spot: Place }
  | { readonly kind: 'insert'; readonly at: Position; readonly body: Body; readonly spot: Place }
  | { readonly kind: 'replace'; readonly range: Range; readonly body: Body; readonly spot: Place }
  | { readonly kind: 'without'; readonly range: Range; readonly spot: Place }
  | {
      readonly kind: 'wrap';
      readonly range: Range | null;
      readonly taken: Taken;
      readonly spot: Place;
    };

export type Position =
  | { readonly where: 'before' | 'after'; readonly anchor: Anchor }
  | { readonly where: 'start' | 'end' };

/** One place, or all from one to another in one list. */
export interface Range {
  readonly from: Anchor;
  readonly to: Anchor | null;
}

/** `2nd removeExtent`, `unmap()`, `if hasPage`: it must be there once, or so often. */
export interface Anchor {
  readonly what: 'step' | 'call' | 'if' | 'while' | 'block' | 'leave' | 'retry';
  readonly name: Word;
  readonly argument: Word | null;
  /** From 1; null for the only one. */
  readonly nth: number | null;
  /** Written `unless`. */
  readonly isNot: boolean;
}
