/**
 * PromQL from the table of metrics: a metric that does not exist does not compile, and whatever has a model
 * obeys the variable `$model`.
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

/** All series of a metric, for the chosen models. */
export function series(name: MetricName, part: '' | '_bucket' = ''): string {
  const row: MetricRow = METRICS[name];
  const hasModel = row.labels !== undefined && 'model' in row.labels;
  return PREFIX + name + part + (hasModel ? '{model=~"$model"}' : '');
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
  const rates = `rate(${series(name, '_bucket')}[$__rate_interval])`;
  return `histogram_quantile(${q}, ${sum(rates, by === '' ? 'le' : `le, ${by}`)}) >= 0`;
}

/** The same for what is too rare for a rate: over all that was observed since the process started. */
export function quantileSinceStart(q: number, name: Histogram): string {
  return `histogram_quantile(${q}, ${sum(series(name, '_bucket'), 'le')}) >= 0`;
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
