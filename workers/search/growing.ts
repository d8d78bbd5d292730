/** A growing list of 32-bit numbers. */
export class Growing {
  length = 0;
  private data: Int32Array = new Int32Array(1 << 12);

  push(value: number): void {
    if (this.length === this.data.length) {
      const data = new Int32Array(this.data.length * 2);
      data.set(this.data);
      this.data = data;
    }
    this.data[this.length++] = value;
  }

  at(index: number): number {
    return this.data[index] as number;
  }

  set(index: number, value: number): void {
    this.data[index] = value;
  }

  clear(): void {
    this.length = 0;
  }

  copy(): Int32Array<ArrayBuffer> {
    return new Int32Array(this.data.subarray(0, this.length));
  }
}
