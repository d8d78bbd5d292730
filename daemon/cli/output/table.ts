/** Tables for people: columns of words and of numbers. */

const NUMERIC = /^(?:[<>]= |~ )?[\d.,-]+$/;

/** Numbers to the right, words to the left. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)));
  const isNumeric = heads.map((_, i) => rows.some((cells) => NUMERIC.test(cells[i] ?? '')));
  const padded = (cell: string, i: number): string =>
    isNumeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  return lines.map((cells) => cells.map(padded).join('  ').trimEnd()).join('\n');
}

/** Three digits are more than a measurement of this kind is good for. */
export function shown(value: number): string {
  if (Math.abs(value) < 1000) return value.toPrecision(3);
  return Math.round(value).toLocaleString('en-US');
}
