/**
 * PromQL from the table of metrics: a metric that does not exist does not compile. What has a model or a class obeys
 * the variables `$model` and `$class`, what each process exports of itself obeys `$instance`.
 */
import {
  METRICS,
  type MetricName,
  type MetricRow,
  type NameOf,
  PREFIX,
  type Role,
} from '../../corpus/exchange/metric-table.ts';

type Counter = NameOf<Role, 'counter'> | 'process_cpu_seconds_total';
type Histogram = NameOf<Role, 'histogram'>;

/** What may be chosen at the top of a dashboard. */
export type Choice = 'model' | 'class' | 'instance';

interface Selection {
  readonly part?: '' | '_bucket';
  /** One more matcher, such as `row="none"`. */
  readonly where?: string;
}

/** All series of a metric, as far as they are chosen. */
export function series(name: MetricName, { part = '', where }: Selection = {}): string {
  const matchers = choicesOf(METRICS[name]).map((label) => `${label}=~"$${label}"`);
  const all = where === undefined ? matchers : [...matchers, where];
  return PREFIX + name + part + (all.length === 0 ? '' : `{${all.join(', ')}}`);
}

/** Of the coordinator there is one: to choose a worker is not to hide it. */
function choicesOf({ by, labels = {} }: MetricRow): readonly Choice[] {
  const own = (['model', 'class'] as const).filter((label) => label in labels);
  return by === 'coordinator' ? own : [...own, 'instance'];
}

/** Events a second, added up over everything but `by`. */
export function perSecond(name: Counter, by = ''): string {
  return sum(`rate(${series(name)}[$__rate_interval])`, by);
}

/** Events of the last while: for what happens so seldom that a rate says little. */
export function increase(name: Counter, by = ''): string {
  return sum(`increase(${series(name)}[$__rate_interval])`, by);
}

/** Quantile of what was observed of late. Where nothing was, it is NaN, and the comparison leaves it out. */
export function quantile(q: number, name: Histogram, by = ''): string {
  const rates = `rate(${series(name, { part: '_bucket' })}[$__rate_interval])`;
  return `histogram_quantile(${q}, ${sum(rates, by === '' ? 'le' : `le, ${by}`)}) >= 0`;
}

/** The same for what is too rare for a rate: over all that was observed since the process started. */
export function quantileSinceStart(q: number, name: Histogram): string {
  return `histogram_quantile(${q}, ${sum(series(name, { part: '_bucket' }), 'le')}) >= 0`;
}

/** Of a gauge that grows, how much a thousand of something else brought; nothing where there was none of that. */
export function newPerThousand(gauge: MetricName, counter: Counter, by: string): string {
  const fresh = sum(`delta(${series(gauge)}[$__rate_interval])`, by);
  return `1000 * clamp_min(${fresh}, 0) / (${increase(counter, by)} > 0)`;
}

/** By how much a gauge is higher than a step before, where it is. */
export function increaseOfGauge(name: MetricName): string {
  return `${series(name)} - ${series(name)} offset $__interval > 0`;
}

/** Seconds since the newest of some times; nothing where it never happened. */
export function since(name: MetricName, by = ''): string {
  return `time() - ${aggregate('max', `${series(name)} > 0`, by)}`;
}

export function sum(what: string, by = ''): string {
  return aggregate('sum', what, by);
}

function aggregate(how: 'sum' | 'max', what: string, by: string): string {
  return by === '' ? `${how}(${what})` : `${how} by (${by}) (${what})`;
}
