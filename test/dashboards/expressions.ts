/** A PromQL expression taken apart into metrics and labels, as far as dashboards and rules use the language. */
import { METRICS, type MetricRow, PREFIX } from '../../corpus/exchange/metric-table.ts';

/** The words of PromQL that are used. */
const WORDS = [
  ...['by', 'and', 'or', 'unless', 'offset', 'sum', 'max', 'min', 'time', 'absent'],
  ...['rate', 'increase', 'delta', 'clamp_min', 'last_over_time', 'histogram_quantile'],
];

const METRICS_BY_NAME: ReadonlyMap<string, MetricRow> = new Map(
  Object.entries<MetricRow>(METRICS).map(([name, row]) => [PREFIX + name, row]),
);

interface Expression {
  readonly names: readonly string[];
  readonly grouping: readonly string[];
  /** Labels that are matched with a variable of the dashboard. */
  readonly chosen: readonly string[];
}

export function readExpression(expr: string): Expression {
  const grouping = [...expr.matchAll(/\bby \((?<labels>[^)]*)\)/g)].flatMap(
    (found) => found.groups?.labels?.split(', ') ?? [],
  );
  const chosen = [...expr.matchAll(/(?<label>\w+)=~"[^"]*"/g)].map(
    (found) => found.groups?.label ?? '',
  );
  const bare = expr
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\boffset \S+/g, 'offset')
    .replace(/\bby \([^)]*\)/g, 'by');
  return { names: bare.match(/[a-zA-Z_]\w*/g) ?? [], grouping, chosen };
}

/** The row of a series: a histogram has only buckets, a sum and a count. */
export function rowOf(name: string): MetricRow | undefined {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  const row = METRICS_BY_NAME.get(base);
  return (row?.type === 'histogram') === (base !== name) ? row : undefined;
}

/** Words that are neither a metric of the table nor of the language. */
export function unknownNames(expr: string): readonly string[] {
  const { names } = readExpression(expr);
  return names.filter((name) => !WORDS.includes(name) && rowOf(name) === undefined);
}

export function rowsIn(expr: string): readonly MetricRow[] {
  return readExpression(expr).names.flatMap((name) => rowOf(name) ?? []);
}

/** The selectors of an expression, without ranges: whether there is anything of which it could be true. */
export function selectorsIn(expr: string): readonly string[] {
  return [...new Set(expr.match(/\bfaultline_\w+(?:\{[^}]*\})?/g) ?? [])];
}
