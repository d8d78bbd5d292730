/** What a coordinator exports of findings, witnesses and Redis, where an alert or a dashboard depends on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf } from '../../corpus/exchange/keys.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { packRecord, type StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import {
  BATCH_VERSION,
  EXHAUSTIVE,
  FEATURES_VERSION,
  type FuzzResult,
  SCHEDULERS,
} from '../../corpus/vocabulary/messages.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { CampaignState } from '../../daemon/campaign/state.ts';
import type { Published } from '../../daemon/campaign/views.ts';
import { CoordinatorMetrics, type Readings } from '../../daemon/coordinator/metrics.ts';
import { BatchQueue } from '../../daemon/coordinator/queue.ts';
import { RedisProbe } from '../../daemon/coordinator/redis-probe.ts';
import { SYSTEM_CLOCK } from '../../daemon/log/clock.ts';
import { PORTFOLIO } from '../../workers/schedulers/portfolio.ts';
import { worker } from '../http/showing.ts';
import { testClient, testRedis } from '../queue/redis.ts';
import { sampleRecord } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { parseExposition } from '../support/exposition.ts';
import { until } from '../support/patience.ts';
import { BUILD, CAMPAIGN } from './coordination.ts';

const skip = await skipReason('redis-server');
const READINGS: Readings = {
  build: BUILD,
  isRunning: true,
  workers: [],
  counts: {},
  waitingSeconds: () => 0,
  isRedisUp: true,
  outages: 0,
  roundtripSeconds: 0,
  memoryBytes: 0,
  isRedisDurable: false,
  logBytes: 0,
  published: [],
};
const MARK = { as: 'expected', of: null, note: null } as const;

class Bench {
  readonly state = new CampaignState();
  readonly figures: CoordinatorMetrics;

  constructor() {
    const metrics = metricsFor('coordinator', { version: '0.0.0', build: BUILD });
    this.figures = new CoordinatorMetrics(metrics, this.state);
  }

  /** Samples of a metric that are not 0, by their labels. */
  async of(
    name: string,
    readings: Partial<Readings> = {},
  ): Promise<Readonly<Record<string, number>>> {
    const families = parseExposition(await this.figures.text({ ...READINGS, ...readings }));
    const samples = families.get(`faultline_${name}`)?.samples ?? [];
    return Object.fromEntries(
      samples
        .filter(({ value }) => value !== 0)
        .map(({ labels, value }) => [Object.values(labels).join(), value]),
    );
  }
}

function listed(facts: Partial<StoredFinding>, mark: Published['mark'] = null) {
  return { finding: { ...sampleRecord().finding, ...facts }, mark };
}

test('findings are counted by row, and those that a model forbids until somebody marks them', async () => {
  const published = [
    listed({ known: 'B12' }),
    listed({ known: 'B12', standing: 'forbidden' }),
    listed({ known: 'B15', standing: 'forbidden' }, MARK),
    listed({ known: null, standing: 'new' }),
    listed({ known: null, looksLike: 'B13', standing: 'forbidden' }),
  ];
  const bench = new Bench();
  assert.deepEqual(await bench.of('findings_known', { published }), { B12: 2, B15: 1, none: 2 });
  assert.deepEqual(await bench.of('findings_forbidden', { published }), { B12: 1, B13: 1 });
  assert.deepEqual(await bench.of('findings_forbidden'), {});
});

test('a published finding is unstored until its folder is written', async () => {
  const bench = new Bench();
  const { triage } = bench.state;
  const record = sampleRecord();
  const { signature, model } = record.finding;
  const text = printInput(record.repro.input);
  const witness = { signature, text, run: 0, scheduler: 'surw' };
  triage.discover({ signature, model, witness, batch: 0, runsToFirst: 1 });
  triage.learn({ kind: 'minimize', signature, record: packRecord(record) }, 'e.1', 0);
  assert.deepEqual(await bench.of('findings_unstored'), {});
  triage.learn({ kind: 'verify', signature, isSame: true }, 'e.2', 0);
  assert.deepEqual(await bench.of('findings_unstored'), { '': 1 });
  triage.stored(signature);
  assert.deepEqual(await bench.of('findings_unstored'), {});
});

test('witnesses are counted by scheduler, once a batch, and names that no scheduler has are left out', async () => {
  const bench = new Bench();
  const names = [...SCHEDULERS, EXHAUSTIVE, 'surw', 'somebody'];
  const result: FuzzResult = {
    kind: 'fuzz',
    index: 0,
    model: 'canary',
    runs: 1,
    steps: 1,
    inconclusive: 0,
    featuresVersion: FEATURES_VERSION,
    candidates: [],
    witnesses: names.map((scheduler) => ({ signature: 'x', text: '', run: 0, scheduler })),
    hits: {},
  };
  const sent = { version: BATCH_VERSION, id: 'a', build: BUILD, campaign: CAMPAIGN } as const;
  const report = { ...sent, executor: 'e', milliseconds: 1, result };
  bench.figures.received('folded', report);
  bench.figures.received('duplicate', report);
  const once = Object.fromEntries([...SCHEDULERS, EXHAUSTIVE].map((name) => [name, 1]));
  assert.deepEqual(await bench.of('witnesses_total'), { ...once, surw: 2 });
  // The page has them too, and how many of them were minimized.
  const record = packRecord(sampleRecord());
  const minimized = { kind: 'minimize', signature: 'x', record } as const;
  bench.figures.received('folded', { ...report, result: minimized });
  const brought = bench.figures.yields();
  const counts = brought.map(({ scheduler, witnesses }) => [scheduler, witnesses]);
  assert.deepEqual(Object.fromEntries(counts), { ...once, surw: 2 });
  const found = brought.filter(({ findings }) => findings > 0);
  assert.deepEqual(found, [{ scheduler: 'surw', witnesses: 2, findings: 1 }]);
  assert.ok(PORTFOLIO.every((name) => SCHEDULERS.includes(name)));
});

test('only workers of the build of the coordinator have executors for it', async () => {
  const [own, other] = [BUILD, sha256Hex('other')];
  const workers = [
    worker('w-1', { build: own }),
    worker('w-2', { build: own, isDraining: true }),
    worker('w-3', { build: other }),
    worker('w-4', { build: other, isDraining: true }),
  ];
  const bench = new Bench();
  const states = { ready: 1, draining: 1, other_build: 2 };
  assert.deepEqual(await bench.of('workers', { workers }), states);
  assert.deepEqual(await bench.of('executors', { workers }), { '': 4 });
  // FaultlineWorkersSilent asks for these.
  assert.deepEqual(await bench.of('executors', { workers: workers.slice(2) }), {});
});

test('Redis is durable while it keeps an append-only file', { skip }, async (t) => {
  const redis = await testRedis(t, ['--appendonly', 'yes']);
  const client = testClient(t, redis.address);
  const queues = new BatchQueue(client, keysOf('{faultline}'), BUILD);
  const probe = new RedisProbe(client, queues, SYSTEM_CLOCK);
  t.after(() => queues.close());
  t.after(() => probe.stop());
  assert.equal(probe.isDurable, false);
  probe.start();
  await until('it is durable', async () => probe.isDurable);
  await client.config('SET', 'appendonly', 'no');
  await until('it is not', async () => !probe.isDurable);
  const bench = new Bench();
  assert.deepEqual(await bench.of('redis_durable', { isRedisDurable: true }), { '': 1 });
  assert.deepEqual(await bench.of('redis_durable'), {});
});
