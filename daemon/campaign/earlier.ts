/**
 * What an earlier version wrote into a campaign log, in the words of this one: names of fields, and kinds of batches.
 * Pure. What this version wrote stays as it is.
 */
import type { Json } from '../../corpus/vocabulary/json.ts';
import type { LogRecord } from './records.ts';

type Fields = Readonly<Record<string, Json>>;

const KINDS: Readonly<Record<string, string>> = { explore: 'fuzz', matrix: 'compare' };

export function currentRecord(record: Json): LogRecord {
  const fields = record as Fields;
  if (fields.t === 'planned') return currentPlanned(fields) as unknown as LogRecord;
  if (fields.t !== 'report') return fields as unknown as LogRecord;
  const report = fields.report as Fields;
  const result = renamed(withKind(report.result as Fields), { features: 'featuresVersion' });
  return { ...fields, report: { ...report, result: withWork(result) } } as unknown as LogRecord;
}

export function currentSnapshot<Snapshot>(snapshot: Snapshot): Snapshot {
  const { facts, models, outstanding, cases, ...counts } = snapshot as unknown as Fields;
  const lists = { models, outstanding, cases } as Readonly<Record<string, readonly Fields[]>>;
  return {
    ...counts,
    facts: currentFacts(facts as Fields),
    models: lists.models?.map(currentModel),
    outstanding: lists.outstanding?.map(withKind),
    cases: lists.cases?.map((one) => renamed(one, { givenUp: 'quarantined' })),
  } as unknown as Snapshot;
}

function currentPlanned(fields: Fields): Fields {
  return { ...fields, batches: (fields.batches as readonly Fields[]).map(withKind) };
}

function currentFacts(facts: Fields): Fields {
  const names = { state: 'phase', plan: 'settings', givenUp: 'quarantinedBatches' };
  const { canaries, quarantinedBatches, ...rest } = renamed(facts, names);
  const quarantined = quarantinedBatches as readonly Fields[] | undefined;
  return {
    ...rest,
    canaries: renamed(canaries as Fields, { lastFolded: 'foldedAtLastCanary' }),
    quarantinedBatches: quarantined?.map(withWork) ?? [],
  };
}

/** A model of a version that searched no scopes has no scope. */
function currentModel({ scope, frontier, ...model }: Fields): Fields {
  const { entries, ...features } = frontier as Readonly<Record<string, readonly Fields[]>>;
  const parents = entries?.map((one) => renamed(one, { features: 'featureCount' }));
  return {
    ...model,
    frontier: { ...features, entries: parents ?? [] },
    ...(scope === undefined ? {} : { scope: renamed(scope as Fields, { givenUp: 'quarantined' }) }),
  };
}

function withKind(fields: Fields): Fields {
  return { ...fields, kind: currentKind(fields.kind as string) };
}

/** Of a batch that was quarantined: the kind of its work. */
function withWork(fields: Fields): Fields {
  const { work } = fields;
  return typeof work === 'string' ? { ...fields, work: currentKind(work) } : fields;
}

function currentKind(kind: string): string {
  return KINDS[kind] ?? kind;
}

function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [names[name] ?? name, value]),
  );
}
