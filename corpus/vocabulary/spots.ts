/** Places in texts. */

/** Line and column of a character, both from 1; columns count UTF-16 units, as JavaScript does. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

/** Turns offsets into spots. */
export class Lines {
  /** Where each line begins. */
  private readonly starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      this.starts.push(at + 1);
    }
  }

  spotOf(offset: number): Spot {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}
