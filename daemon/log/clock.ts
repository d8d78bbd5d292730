/** The only reader of time in the coordinator; everything else is told. */
export interface Clock {
  /** Milliseconds since 1970, for people and for the log. It may jump. */
  wallMs(): number;
  /** Milliseconds that only ever grow, for intervals. */
  monotonicMs(): number;
}

export const SYSTEM_CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
