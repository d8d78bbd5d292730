/** Steps and locks of a model as a text writes them. */
import type { LockId } from '../kernel/locks.ts';
import type { Model, Node } from '../kernel/path.ts';
import { STEPS } from '../kernel/step-registry.ts';
import { LOCK_STEPS, lockNamed } from './names.ts';

export type StepNode = Extract<Node, { step: string }>;
type Named = Pick<Model, 'locks' | 'ownLocks'>;

export function stepText(model: Named, { step, lock }: StepNode): string {
  if (lock !== undefined) return wordWith(step, lockText(model, lock));
  return wordWith(step, STEPS.get(step)?.flavour ?? '');
}

/** @param argument what the text has in brackets, such as a toggle; '' for none */
export function wordWith(step: string, argument: string): string {
  if (argument === '') return step;
  return `${spelled(LOCK_STEPS, STEPS.get(step)?.family ?? step)}(${argument})`;
}

export function spelled(words: Readonly<Record<string, string>>, step: string): string {
  return Object.keys(words).find((word) => words[word] === step) ?? step;
}

/** As the model calls it, if that is no other's name and stands in a line as it is. */
export function lockText({ locks, ownLocks = [] }: Named, lock: string): string {
  const name = locks[lock as LockId] ?? lock;
  const found = /^[\w./ -]+$/.test(name) ? lockNamed(name, { locks, ownLocks }, false) : null;
  return found !== null && 'name' in found && found.name === lock ? name : lock;
}
