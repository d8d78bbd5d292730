/** The set of states that a search has seen. */
type Visit = (digestA: number, digestB: number, id: number) => void;

/** 64-bit digests of states, each with a number: open addressing, linear probing, at most half full. */
export class VisitedStates {
  size = 0;
  private slots: Int32Array = new Int32Array(2 << 12);
  private ids: Int32Array = new Int32Array(1 << 12);
  private mask = (1 << 12) - 1;

  /** The number that the digest was first added with, or -1: then it is kept with this one. */
  add(digestA: number, digestB: number, id: number): number {
    if (this.size * 2 > this.mask) this.grow();
    // Zero stands for an empty slot, so (0, 0) is kept as (1, 0).
    return this.insert(digestA === 0 && digestB === 0 ? 1 : digestA, digestB, id);
  }

  each(visit: Visit): void {
    eachOf(this.slots, this.ids, visit);
  }

  private insert(a: number, b: number, id: number): number {
    let i = a & this.mask;
    for (;;) {
      const slotA = this.slots[2 * i] as number;
      const slotB = this.slots[2 * i + 1] as number;
      if (slotA === a && slotB === b) return this.ids[i] as number;
      if (slotA === 0 && slotB === 0) break;
      i = (i + 1) & this.mask;
    }
    this.slots[2 * i] = a;
    this.slots[2 * i + 1] = b;
    this.ids[i] = id;
    this.size++;
    return -1;
  }

  private grow(): void {
    const { slots, ids } = this;
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array(2 * (this.mask + 1));
    this.ids = new Int32Array(this.mask + 1);
    this.size = 0;
    eachOf(slots, ids, (a, b, id) => this.insert(a, b, id));
  }
}

function eachOf(slots: Int32Array, ids: Int32Array, visit: Visit): void {
  for (let i = 0; i < ids.length; i++) {
    const a = slots[2 * i] as number;
    const b = slots[2 * i + 1] as number;
    if (a !== 0 || b !== 0) visit(a, b, ids[i] as number);
  }
}
