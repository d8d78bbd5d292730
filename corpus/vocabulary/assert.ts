/** Our own mistakes, never the outside's: a failed assertion ends the process with exit code 70. */

export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

export function assert(condition: boolean, what: string, value?: unknown): asserts condition {
  if (!condition) {
    throw new AssertionFailure(value === undefined ? what : `${what}: ${String(value)}`);
  }
}

export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${String(value)}`);
}

/** The element that must be there: for indexes that a loop or a table guarantees. */
export function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new AssertionFailure(`index ${index} of ${list.length}`);
  return element;
}
