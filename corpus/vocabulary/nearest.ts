/** What was probably meant by a name that does not exist. */
import { NAME_BYTES_MAX } from './limits.ts';
import { printable } from './printable.ts';

/** The known name that differs least, if not in more than a third of its letters. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = distanceBetween(name, candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** `; the nearest is NAME`, or nothing where no known name is near. */
export function nearestHint(name: string, known: readonly string[]): string {
  const nearest = nearestOf(name, known);
  return nearest === undefined ? '' : `; the nearest is ${printable(nearest, NAME_BYTES_MAX)}`;
}

/** Letters to add, drop or replace (Levenshtein), capitals alike. */
function distanceBetween(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      const above = row[j] ?? 0;
      next.push(Math.min(above + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
