/** How a campaign has gone since its coordinator began: figures at equal distances, coarser the longer it lasts. Pure. */

export interface Moment {
  /** Since the coordinator began. */
  readonly seconds: number;
  readonly runs: number;
  /** Features met, of all models. */
  readonly features: number;
  readonly findings: number;
  readonly executors: number;
  readonly busy: number;
}

/** A line of a plot has fewer pixels. */
const MOMENTS_MAX = 720;
const EVERY_SECONDS = 5;

export class History {
  private kept: Moment[] = [];
  private every = EVERY_SECONDS;

  /** In order, the first and the last among them. */
  get moments(): readonly Moment[] {
    return this.kept;
  }

  /** Kept where the last that was lies far enough back. */
  note(moment: Moment): void {
    const last = this.kept.at(-1);
    if (last !== undefined && moment.seconds - last.seconds < this.every) return;
    this.kept.push(moment);
    if (this.kept.length <= MOMENTS_MAX) return;
    this.kept = this.kept.filter((_, i) => i % 2 === 0);
    this.every *= 2;
  }
}
