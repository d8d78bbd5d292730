/**
 * The metrics of one process, in a registry of their own. A wrong name, label or type does not compile; what
 * comes from outside is only ever the value of an open label, and a bounded number of those is kept.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { assert, unreachable } from '../vocabulary/assert.ts';
import {
  type LabelsOf,
  METRICS,
  type MetricRow,
  type NameOf,
  OPEN,
  PREFIX,
  type Role,
} from './metric-table.ts';

/** Of the 2 000 series that a process is to stay below, those of its models; some 375 are of other things. */
const MODEL_SERIES_MAX = 1620;
/**
 * Values kept of an open label, besides `other`: 29 models while the coordinator has 54 series of each, 8 and two for each of
 * 23 classes of violations.
 */
export const OPEN_VALUES_MAX: number = Math.floor(MODEL_SERIES_MAX / seriesOfModel()) - 1;
/** Stands for all models beyond; a gauge shows the last of them. */
export const OTHER = 'other';

/** How often the event loop is looked at: 50 wake-ups a second cost less than 0.1 % of a core. */
const LAG_RESOLUTION_MS = 20;

/** Labels whose values come from outside; all values of the others are in the table. */
const OPEN_LABELS: ReadonlySet<string> = new Set(
  Object.values<MetricRow>(METRICS).flatMap(({ labels = {} }) =>
    Object.keys(labels).filter((label) => labels[label] === OPEN),
  ),
);

function seriesOfModel(): number {
  const rows: readonly MetricRow[] = Object.values(METRICS);
  const ofModels = rows.filter(({ by, labels }) => by === 'coordinator' && labels?.model === OPEN);
  return ofModels.reduce((sum, { labels }) => sum + (labels?.class?.length ?? 1), 0);
}

/** Every value is a count, a size or a time: a negative one can only come from a clock that was set back, and is 0. */
export interface Metrics<R extends Role> {
  inc<N extends NameOf<R, 'counter'>>(name: N, labels: LabelsOf<N>, by?: number): void;
  set<N extends NameOf<R, 'gauge'>>(name: N, labels: LabelsOf<N>, value: number): void;
  observe<N extends NameOf<R, 'histogram'>>(name: N, labels: LabelsOf<N>, value: number): void;
  /** The text that Prometheus scrapes (version 0.0.4), with the state of the process at this moment. */
  text(): Promise<string>;
  /** Content type of `text`. */
  readonly contentType: string;
}

export interface About {
  readonly version: string;
  /** SHA-256 of engine and step registry. */
  readonly build: string;
  /** Models known beforehand: their counters begin at 0 instead of appearing with the first event. */
  readonly models?: readonly string[];
}

export function metricsFor<R extends Role>(role: R, about: About): Metrics<R> {
  return new ProcessMetrics(role, about);
}

class ProcessMetrics {
  private readonly registry = new Registry();
  private readonly counters = new Map<string, Counter>();
  private readonly gauges = new Map<string, Gauge>();
  private readonly histograms = new Map<string, Histogram>();
  /** The values met of each label, the same ones for all metrics. */
  private readonly admitted = new Map<string, Set<string>>();
  /** Begins with the first scrape: nobody pays for what nobody reads. */
  private lag: IntervalHistogram | null = null;
  readonly contentType: string = this.registry.contentType;

  constructor(role: Role, { version, build, models = [] }: About) {
    for (const [name, row] of Object.entries<MetricRow>(METRICS)) {
      if (row.by === role || row.by === 'process') this.declare(name, row, { model: models });
    }
    this.set('build_info', { version, build }, 1);
    this.set('process_start_time_seconds', {}, Date.now() / 1000 - process.uptime());
  }

  inc(name: string, labels: Labels, by = 1): void {
    named(this.counters, name).inc(this.bounded(labels), measured(name, by));
  }

  set(name: string, labels: Labels, value: number): void {
    named(this.gauges, name).set(this.bounded(labels), measured(name, value));
  }

  observe(name: string, labels: Labels, value: number): void {
    named(this.histograms, name).observe(this.bounded(labels), measured(name, value));
  }

  text(): Promise<string> {
    this.measureProcess();
    return this.registry.metrics();
  }

  private declare(name: string, row: MetricRow, known: ValuesOf): void {
    const labels = Object.entries(row.labels ?? {});
    const labelNames = labels.map(([label]) => label);
    const common = { name: PREFIX + name, help: row.help, labelNames, registers: [this.registry] };
    const zeros = combinations(
      labels.map(([label, values]) => [label, values === OPEN ? (known[label] ?? []) : values]),
    );
    switch (row.type) {
      case 'counter':
        this.counters.set(name, new Counter(common));
        for (const zero of zeros) this.inc(name, zero, 0);
        return;
      case 'gauge':
        this.gauges.set(name, new Gauge(common));
        for (const zero of zeros) this.set(name, zero, 0);
        return;
      case 'histogram':
        this.histograms.set(name, new Histogram({ ...common, buckets: [...(row.buckets ?? [])] }));
        for (const zero of zeros) named(this.histograms, name).zero(this.bounded(zero));
        return;
      default:
        unreachable(row.type);
    }
  }

  /** The labels as they are exported. */
  private bounded(labels: Labels): Labels {
    return Object.fromEntries(
      Object.entries(labels).map(([label, value]) => [label, this.admit(label, value)]),
    );
  }

  private admit(label: string, value: string): string {
    if (!OPEN_LABELS.has(label)) return value;
    const values = this.admitted.get(label) ?? new Set<string>();
    this.admitted.set(label, values);
    if (values.size < OPEN_VALUES_MAX) values.add(value);
    return values.has(value) ? value : OTHER;
  }

  private measureProcess(): void {
    const { user, system } = process.cpuUsage();
    const cpu = named(this.counters, 'process_cpu_seconds_total');
    cpu.reset();
    cpu.inc((user + system) / 1e6);
    const { rss, heapUsed } = process.memoryUsage();
    this.set('process_resident_memory_bytes', {}, rss);
    this.set('process_heap_used_bytes', {}, heapUsed);
    this.set('event_loop_lag_seconds', {}, this.lagSinceLastScrape());
  }

  private lagSinceLastScrape(): number {
    if (this.lag === null) {
      this.lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
      this.lag.enable();
      return 0;
    }
    // It records the time between two looks, which contains the time that was asked for.
    const seconds = this.lag.percentile(99) / 1e9 - LAG_RESOLUTION_MS / 1000;
    this.lag.reset();
    return seconds;
  }
}

type Labels = Readonly<Record<string, string>>;
type ValuesOf = Readonly<Record<string, readonly string[]>>;

function named<T>(metrics: ReadonlyMap<string, T>, name: string): T {
  const metric = metrics.get(name);
  assert(metric !== undefined, 'no such metric of this type and role', name);
  return metric;
}

function measured(name: string, value: number): number {
  assert(Number.isFinite(value), `metric ${name} cannot be`, value);
  return Math.max(0, value);
}

/** Every choice of one value for each label; none if a label has no values, and one without labels. */
function combinations(
  labels: readonly (readonly [string, readonly string[]])[],
): readonly Labels[] {
  return labels.reduce<readonly Labels[]>(
    (chosen, [label, values]) =>
      chosen.flatMap((rest) => values.map((value) => ({ ...rest, [label]: value }))),
    [{}],
  );
}
