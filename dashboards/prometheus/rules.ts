/**
 * Prometheus' alert rules: when a person is called, and which section of the runbooks says what to do. A rule asks the
 * coordinator, who knows the campaign; a worker that is gone is no target any more. No rule asks for the time of day: a
 * machine whose clock is wrong would page for ever, or silence it.
 */
import { stringify } from 'yaml';
import { type MetricName, type NameOf, PREFIX } from '../../corpus/exchange/metric-table.ts';

export interface Alert {
  /** Also the heading of its section in RUNBOOKS. */
  readonly name: `Faultline${string}`;
  readonly expr: string;
  /** How long it must hold; none for what is wrong even once. */
  readonly holds?: string;
  /** `page`: at once, at any hour; `ticket`: on the next working day. */
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
  readonly description: string;
}

/** A file of this package. */
export const RUNBOOKS = 'dashboards/docs/runbooks.md';
/** Longer than the longest batch, which is a minimization. */
const SILENT_SECONDS = 600;
/** Page of the coordinator, where Prometheus reaches it. */
const PAGE = 'http://{{ $labels.instance }}';

export const ALERTS: readonly Alert[] = [
  {
    name: 'FaultlineCoordinatorSilent',
    expr: `absent(${named('campaign_running')})`,
    holds: '5m',
    severity: 'page',
    summary: 'Prometheus has no answer of a coordinator',
    description: 'Nothing is planned and nothing is listed, and the other alerts are blind.',
  },
  {
    name: 'FaultlineWorkersSilent',
    expr: `${named('executors')} == 0 and ${named('campaign_running')} == 1 or ${named('worker_progress_age_seconds')} > ${SILENT_SECONDS}`,
    holds: '5m',
    severity: 'page',
    summary: 'No worker takes batches, or one of them has stopped to',
    description:
      'What {{ $labels.instance }} exports says so; the campaign runs and comes no further.',
  },
  {
    name: 'FaultlineCanaryNotFound',
    expr: grown('canary_misses_total'),
    severity: 'page',
    summary: 'A batch of the canary did not find its planted bug',
    description: 'Until this is explained, that nothing is found means nothing.',
  },
  {
    name: 'FaultlineDeterminismMismatch',
    expr: grown('determinism_mismatches_total'),
    severity: 'page',
    summary: 'The same runs had different results on two executors',
    description: 'The simulator or a machine is defective; repros of it may not replay.',
  },
  {
    name: 'FaultlineFindingNotStored',
    expr: `${named('findings_unstored')} > 0`,
    holds: '5m',
    severity: 'page',
    summary: '{{ $value }} published findings have no folder',
    description:
      'The data directory of {{ $labels.instance }} takes no files. The log keeps them as long as it can be written.',
  },
  {
    name: 'FaultlineRedisNotDurable',
    expr: `${named('redis_durable')} == 0 and ${named('redis_up')} == 1`,
    holds: '5m',
    severity: 'ticket',
    summary: 'Redis has no append-only file, or could not write it',
    description: 'If that Redis crashes, batches under way are run again.',
  },
  {
    name: 'FaultlineForbiddenFinding',
    expr: `${named('findings_forbidden')} > 0`,
    severity: 'ticket',
    summary: '{{ $labels.row }} is shown by a model that says it is clean of it',
    description: `The model or the fuzzer is wrong. The findings: ${PAGE}/?known={{ $labels.row }}`,
  },
];

/** As `dashboards/prometheus/faultline.rules.yaml` has them. */
export function printRules(alerts: readonly Alert[] = ALERTS): string {
  const rules = alerts.map(({ name, expr, holds, severity, summary, description }) => ({
    alert: name,
    expr,
    ...(holds === undefined ? {} : { for: holds }),
    labels: { severity },
    annotations: { summary, description, runbook: `${RUNBOOKS}#${name.toLowerCase()}` },
  }));
  const head = '# Made from dashboards/prometheus/rules.ts.\n';
  return head + stringify({ groups: [{ name: 'faultline', rules }] }, { lineWidth: 0 });
}

function named(name: MetricName): string {
  return PREFIX + name;
}

/**
 * A counter that should stay 0 and has grown within the hour, or has come with more than 0: Prometheus sees no growth in
 * the first value of a series.
 */
function grown(name: NameOf<'coordinator', 'counter'>): string {
  const counter = named(name);
  return `increase(${counter}[1h]) > 0 or ${counter} > 0 unless last_over_time(${counter}[1h] offset 1h)`;
}
