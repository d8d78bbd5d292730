/** The table of metrics keeps Prometheus' rules, and no value from outside can spoil or flood what is exported. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { METRICS, type MetricRow, OPEN, PREFIX } from '../../corpus/exchange/metric-table.ts';
import { metricsFor, OPEN_VALUES_MAX, OTHER } from '../../corpus/exchange/metrics.ts';
import { at } from '../../corpus/vocabulary/assert.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { type Family, parseExposition } from '../support/exposition.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { until } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const ROWS: readonly (readonly [string, MetricRow])[] = Object.entries(METRICS);
const ABOUT = { version: '0.1.0', build: 'b'.repeat(64) };
/** Two thousand series a process: requirement S15 of reliability.md. */
const SERIES_MAX = 2000;

test('names follow the rules of Prometheus', () => {
  const wrong = ROWS.filter(
    ([name, { type, unit }]) =>
      !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name) ||
      (type === 'counter') !== name.endsWith('_total') ||
      /_(?:bucket|sum|count)$/.test(name) ||
      (unit === 'seconds') !== /_seconds(?:_total)?$/.test(name) ||
      (unit === 'bytes') !== /_bytes(?:_total)?$/.test(name) ||
      /(?:milli|micro|nano)seconds|_(?:ms|minutes|hours|kb|mb|percent)\b/.test(name),
  );
  assert.deepEqual(wrong, []);
});

test('what a worker exports cannot be taken for the truth of the campaign', () => {
  for (const [name, { by }] of ROWS)
    assert.equal(name.startsWith('worker_'), by === 'worker', name);
});

test('labels have closed sets of values; the only open one of a role is the model', () => {
  for (const [name, { labels = {}, by }] of ROWS) {
    for (const [label, values] of Object.entries(labels)) {
      assert.match(label, /^[a-z]+$/, name);
      assert.ok(!/worker|finding|executor|id$/.test(label), `${name}: ${label}`);
      if (values === OPEN) assert.ok(by === 'process' || label === 'model', `${name}: ${label}`);
      else assert.ok(values.length > 0, `${name}: ${label}`);
    }
  }
});

test('a histogram has rising buckets, and nothing else has any', () => {
  for (const [name, { type, buckets = [] }] of ROWS) {
    assert.equal(type === 'histogram', buckets.length > 0, name);
    assert.ok(
      buckets.every((bound, i) => i === 0 || bound > at(buckets, i - 1)),
      name,
    );
  }
});

for (const role of ['coordinator', 'worker'] as const) {
  test(`a ${role} exports its metrics, with their help, and 0 for what is known beforehand`, async () => {
    const metrics = metricsFor(role, { ...ABOUT, models: ['canary'] });
    const families = parseExposition(await metrics.text());
    const rows = ROWS.filter(([, { by }]) => by === role || by === 'process');
    assert.deepEqual(
      [...families.keys()],
      rows.map(([name]) => PREFIX + name),
    );
    for (const [name, { type, help, labels = {}, buckets = [] }] of rows) {
      const family = familyOf(families, name);
      assert.deepEqual([family.type, family.help], [type, help]);
      const choices = Object.values(labels).reduce(
        (product, values) => product * (values === OPEN ? 1 : values.length),
        1,
      );
      const perChoice = type === 'histogram' ? buckets.length + 3 : 1;
      assert.equal(family.samples.length, choices * perChoice, name);
    }
    assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
  });
}

test('counts, values and observations arrive', async () => {
  const metrics = metricsFor('coordinator', ABOUT);
  metrics.inc('batches_total', { kind: 'fuzz', result: 'ok' });
  metrics.inc('batches_total', { kind: 'fuzz', result: 'ok' }, 2);
  metrics.set('workers', { state: 'draining' }, 2);
  metrics.set('workers', { state: 'draining' }, 1);
  metrics.observe('time_to_listed_seconds', {}, 0.7);
  const families = parseExposition(await metrics.text());
  const value = (name: string, labels: Readonly<Record<string, string>>, part = name): unknown =>
    familyOf(families, name).samples.find(
      (sample) =>
        sample.name === PREFIX + part &&
        Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    )?.value;
  assert.equal(value('batches_total', { kind: 'fuzz', result: 'ok' }), 3);
  assert.equal(value('batches_total', { kind: 'fuzz', result: 'foreign' }), 0);
  assert.equal(value('workers', { state: 'draining' }), 1);
  const bucket = (le: string): unknown =>
    value('time_to_listed_seconds', { le }, 'time_to_listed_seconds_bucket');
  assert.deepEqual([bucket('0.5'), bucket('1'), bucket('+Inf')], [0, 1, 1]);
  assert.equal(value('build_info', ABOUT), 1);
});

test('a clock that was set back makes no negative time, and what is no number is our own mistake', async () => {
  const metrics = metricsFor('coordinator', ABOUT);
  metrics.set('heartbeat_age_seconds', {}, -3);
  metrics.observe('time_to_listed_seconds', {}, -1);
  const families = parseExposition(await metrics.text());
  for (const name of ['heartbeat_age_seconds', 'time_to_listed_seconds'])
    assert.ok(familyOf(families, name).samples.every(({ value }) => value >= 0));
  assert.throws(() => metrics.set('executors', {}, Number.NaN), /executors cannot be: NaN/);
  assert.throws(() => metrics.inc('canary_runs_total', {}, Infinity), /cannot be: Infinity/);
});

test('a process reports itself, and a main thread that was blocked', async () => {
  const metrics = metricsFor('worker', ABOUT);
  const read = async (name: string): Promise<number> =>
    at(familyOf(parseExposition(await metrics.text()), name).samples, 0).value;
  assert.ok((await read('process_cpu_seconds_total')) > 0);
  assert.ok(
    (await read('process_resident_memory_bytes')) > (await read('process_heap_used_bytes')),
  );
  assert.ok((await read('process_start_time_seconds')) > 0);
  await until('somebody has seen that the main thread was blocked', async () => {
    // The loop is looked at every 20 ms; only between two looks a delay can be seen.
    await delay(50);
    for (const endMs = performance.now() + 100; performance.now() < endMs; );
    await delay(50);
    return (await read('event_loop_lag_seconds')) >= 0.05;
  });
});

test('ten thousand models make a bounded number of series, and the first ones keep their own', async () => {
  const metrics = metricsFor('coordinator', ABOUT);
  const runs = 10_000;
  for (let i = 0; i < runs; i++) {
    const model = `model-${i}`;
    for (const name of ['runs_total', 'steps_total', 'inconclusive_total'] as const)
      metrics.inc(name, { model });
    for (const name of [
      'coverage_features',
      'coverage_last_new_timestamp_seconds',
      'parents_kept',
      'scope_verified_workloads',
      'scope_inconclusive_workloads',
    ] as const)
      metrics.set(name, { model }, i);
    for (const kind of METRICS.hits_total.labels.class) {
      metrics.inc('hits_total', { model, class: kind });
      metrics.set('findings_unique', { model, class: kind }, 1);
    }
  }
  const families = parseExposition(await metrics.text());
  const series = [...families.values()].reduce((sum, { samples }) => sum + samples.length, 0);
  assert.ok(series <= SERIES_MAX, `${series} series`);
  const { samples } = familyOf(families, 'runs_total');
  assert.equal(samples.length, OPEN_VALUES_MAX + 1);
  assert.equal(samples.find(({ labels }) => labels.model === 'model-0')?.value, 1);
  assert.equal(samples.find(({ labels }) => labels.model === OTHER)?.value, runs - OPEN_VALUES_MAX);
});

test('two thousand hostile names of models come out as they went in', async () => {
  const random = new Random(RNG_SEED).fork('hostile labels');
  const all = Array.from({ length: 2000 }, () => hostile(random));
  for (let from = 0; from < all.length; from += OPEN_VALUES_MAX) {
    const metrics = metricsFor('worker', ABOUT);
    const names = new Set(all.slice(from, from + OPEN_VALUES_MAX));
    for (const model of names) metrics.inc('worker_runs_total', { model });
    // What is served is UTF-8, in which a lone surrogate becomes U+FFFD.
    const families = parseExposition(overTheWire(await metrics.text()));
    const seen = familyOf(families, 'worker_runs_total').samples;
    assert.deepEqual(
      seen.map(({ labels }) => labels.model),
      [...names].map(overTheWire),
    );
  }
});

test('the strict reader refuses what is not quite the format', () => {
  const head = '# HELP a_total x\n# TYPE a_total counter\n';
  const histogram = '# HELP h x\n# TYPE h histogram\n';
  const bad = [
    `${head}a_total 1`,
    'a_total 1\n',
    `${head}b_total 1\n`,
    `${head}a_total 1\na_total 2\n`,
    `${head}a_total{m="x"} 1\na_total{m="x"} 2\n`,
    `${head}a_total{m="x",m="y"} 1\n`,
    `${head}a_total{m="a"b"} 1\n`,
    `${head}a_total{m="\\t"} 1\n`,
    `${head}a_total{m="a\nb"} 1\n`,
    `${head}a_total{m="x"}1\n`,
    `${head}a_total{m="x",} 1\n`,
    `${head}a_total Nan\n`,
    `${head}a_total -1\n`,
    `${head}${head}`,
    '# TYPE a counter\n# HELP a x\n',
    '# HELP a x\n',
    '# HELP a x\n# TYPE a number\n',
    '# a remark\n',
    `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    `${histogram}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`,
    `${histogram}h_sum 1\nh_count 2\n`,
  ];
  for (const text of bad) assert.throws(() => parseExposition(text), Error, text);
  assert.equal(parseExposition(`${head}a_total{m="\\\\\\"\\n"} 1e+21\n`).size, 1);
});

test('a wrong name, role, type or label does not compile', () => {
  const right = [
    "worker.inc('worker_restarts_total', { cause: 'hang' });",
    "coordinator.inc('runs_total', { model: 'any' }, 3);",
    "coordinator.set('executors', {}, 3);",
    "coordinator.observe('batch_duration_seconds', { kind: 'fuzz' }, 3);",
  ];
  const wrong = [
    "worker.inc('worker_restarts', { cause: 'hang' });",
    "worker.inc('worker_restarts_total', { cause: 'boredom' });",
    "worker.inc('worker_restarts_total', {});",
    "worker.inc('worker_restarts_total', { cause: 'hang', kind: 'fuzz' });",
    "worker.inc('runs_total', { model: 'any' });",
    "coordinator.inc('executors', {}, 3);",
    "coordinator.set('executors', { model: 'any' }, 3);",
    "coordinator.set('process_heap_used_bytes', {}, 3);",
    "coordinator.observe('executors', {}, 3);",
  ];
  const prologue = [
    `import { metricsFor } from ${JSON.stringify(path.join(PACKAGE_ROOT, 'corpus/exchange/metrics.ts'))};`,
    "const coordinator = metricsFor('coordinator', { version: '', build: '' });",
    "const worker = metricsFor('worker', { version: '', build: '' });",
  ];
  const complained = linesThatDoNotCompile([...prologue, ...right, ...wrong].join('\n'));
  const first = prologue.length + right.length + 1;
  assert.deepEqual(
    complained,
    wrong.map((_, i) => first + i),
  );
});

function familyOf(families: ReadonlyMap<string, Family>, name: string): Family {
  const family = families.get(PREFIX + name);
  assert.ok(family !== undefined, name);
  return family;
}

function overTheWire(text: string): string {
  return Buffer.from(text).toString();
}

/** Up to 20 characters from everything that could end a label, a line or a string, and from all of Unicode. */
function hostile(random: Random): string {
  const special = [
    '"',
    '\\',
    '\n',
    '\r',
    '{',
    '}',
    ',',
    '=',
    ' ',
    '#',
    '\0',
    '\u2028',
    '\ud800',
    'n',
  ];
  return Array.from({ length: 1 + random.below(20) }, () =>
    random.oneIn(3) ? String.fromCodePoint(random.below(0x11_0000)) : random.pick(special),
  ).join('');
}

/** Numbers of the lines about which the compiler complains, each once. */
function linesThatDoNotCompile(text: string): readonly number[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-'));
  try {
    const file = path.join(folder, 'calls.ts');
    writeFileSync(file, text);
    const modules = path.join(PACKAGE_ROOT, 'node_modules');
    const options = `--noEmit --strict --module nodenext --target es2023 --skipLibCheck --allowImportingTsExtensions --erasableSyntaxOnly --types node --pretty false`;
    const { stdout } = spawnSync(
      process.execPath,
      [
        path.join(modules, 'typescript/bin/tsc'),
        ...options.split(' '),
        '--typeRoots',
        path.join(modules, '@types'),
        file,
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    const lines = [...stdout.matchAll(/calls\.ts\((\d+),\d+\): error/g)].map((m) => Number(m[1]));
    return [...new Set(lines)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
