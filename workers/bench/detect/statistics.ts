/** Geometric means of counts, with 95 % intervals: counts of schedules span orders of magnitude, so logarithms are averaged. */

/** The mean of logarithms, and how far it may be off. */
export interface LogMean {
  readonly mean: number;
  /** Of the mean. */
  readonly variance: number;
  /** Degrees of freedom of the variance. */
  readonly freedom: number;
}

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export function logMeanOf(counts: readonly number[]): LogMean {
  const n = counts.length;
  const logs = counts.map(Math.log);
  const mean = sumOf(logs) / n;
  const squares = sumOf(logs.map((log) => (log - mean) ** 2));
  return { mean, variance: squares / (n - 1) / n, freedom: n - 1 };
}

/** The mean of several, each counting alike; degrees of freedom by Welch and Satterthwaite. */
export function meanOf(parts: readonly LogMean[]): LogMean {
  const n = parts.length;
  const sum = sumOf(parts.map(({ variance }) => variance));
  const spread = sumOf(parts.map(({ variance, freedom }) => variance ** 2 / freedom));
  return {
    mean: sumOf(parts.map(({ mean }) => mean)) / n,
    variance: sum / n ** 2,
    freedom: sum === 0 ? Number.POSITIVE_INFINITY : sum ** 2 / spread,
  };
}

/** How many times the one is the other. */
export function ratioOf(one: LogMean, other: LogMean): LogMean {
  // A half of each, twice: the degrees of freedom are those of the mean of both.
  const { variance, freedom } = meanOf([one, other]);
  return { mean: one.mean - other.mean, variance: 4 * variance, freedom };
}

export function geometricMeanOf(values: readonly number[]): number {
  return Math.exp(sumOf(values.map(Math.log)) / values.length);
}

/** Student's interval of 95 % around the geometric mean. */
export function intervalOf({ mean, variance, freedom }: LogMean): Interval {
  const half = variance === 0 ? 0 : quantileOf(freedom) * Math.sqrt(variance);
  return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
}

/** Of the normal distribution, 97.5 %. */
const Z = 1.959964;
/** Fewer are beyond the expansion. */
const FREEDOM_MIN = 3;
export const TRIALS_MIN = FREEDOM_MIN + 1;

/** The 97.5 % quantile of Student's t: Fisher's expansion by 1/freedom, within 1 % from 3 degrees on. */
export function quantileOf(freedom: number): number {
  const f = Math.max(FREEDOM_MIN, freedom);
  const first = (Z ** 3 + Z) / 4;
  const second = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  const third = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384;
  return Z + first / f + second / f ** 2 + third / f ** 3;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
