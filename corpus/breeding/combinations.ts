/** Lists of things, and of numbers from 0, all of a sort. */

export function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** All lists of so many. */
export function lists<T>(from: readonly T[], length: number): readonly (readonly T[])[] {
  if (length === 0) return [[]];
  return lists(from, length - 1).flatMap((list) => from.map((one) => [...list, one]));
}

/** All lists of so many numbers below `below` that do not decrease. */
export function multisets(below: number, length: number): readonly (readonly number[])[] {
  if (length === 0) return [[]];
  return multisets(below, length - 1).flatMap((list) => {
    const from = list.at(-1) ?? 0;
    return numbers(below - from).map((more) => [...list, from + more]);
  });
}

/** The first one changes nothing. */
export function permutations(count: number): readonly (readonly number[])[] {
  return lists(numbers(count), count).filter((list) => new Set(list).size === count);
}
