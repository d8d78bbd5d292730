/** A campaign in one process: what it finds depends on its rngSeed alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import type { Done, Wish, Work } from '../../corpus/vocabulary/messages.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { type Case, recordToStore } from '../../daemon/campaign/triage.ts';
import { pinOf } from '../../daemon/cli/options/wanted-campaign.ts';
import type { PublisherPort } from '../../daemon/coordinator/coordinator.ts';
import {
  BATCH_RUNS,
  type LocalSettings,
  localCampaign,
} from '../../daemon/coordinator/local-campaign.ts';
import type { CampaignLog } from '../../daemon/log/writer.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { sampleRecord } from '../store/sample.ts';
import { InThread, Moody } from '../support/campaigns.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from '../workers/support/search.ts';

const SETTINGS: LocalSettings = {
  models: ['v42-immap-read', 'v48-entry-lock'].map((name) => pinOf(modelOf(name))),
  rngSeed: RNG_SEED,
  runs: 16 * BATCH_RUNS + 100,
  build: 'local',
  seeds: [printInput({ ...seedNamed('b12-fault-vs-punch'), schedule: EMPTY_SCHEDULE })],
};

/** Keeps what is published, in the order of publication. */
class Shelf implements PublisherPort {
  readonly repros = new Map<string, string>();
  private readonly log: CampaignLog;

  constructor(log: CampaignLog) {
    this.log = log;
  }

  publish(): void {
    for (const one of this.log.state.triage.published()) {
      const record = one.isStored ? null : recordToStore(one);
      if (record === null) continue;
      this.repros.set(one.signature, record.repro);
      this.log.write({ t: 'stored', signature: one.signature });
    }
  }

  reproOf({ signature }: Case): string | undefined {
    return this.repros.get(signature);
  }
}

async function findingsOf(executors: InThread, localSettings: LocalSettings = SETTINGS) {
  const said: string[] = [];
  const note = ({ result }: { readonly result: { readonly kind: string } }): void => {
    if (result.kind === 'fuzz') said.push(JSON.stringify(result));
  };
  let shelf: Shelf | undefined;
  const listener = { received: (_: unknown, report: Parameters<typeof note>[0]) => note(report) };
  const campaign = localCampaign(
    localSettings,
    executors,
    { ...listener, said: () => {} },
    (log) => {
      shelf = new Shelf(log);
      return shelf;
    },
  );
  await campaign.run();
  const { cases } = campaign.state.triage;
  const models = [...cases.values()].map((one) => [one.signature, one.models, one.notOn, one.hits]);
  return { runs: campaign.state.runs, said, models, repros: shelf?.repros ?? new Map() };
}

test('a campaign comes to the same, however many executors answer in whatever order', async () => {
  const moody = new Moody(7, new Random(RNG_SEED, 2));
  const [one, many] = [await findingsOf(new InThread()), await findingsOf(moody)];
  assert.notDeepEqual(
    moody.order,
    [...moody.order].sort((a, b) => a - b),
  );
  assert.equal(one.runs, SETTINGS.runs);
  assert.ok(one.repros.size > 10, `${one.repros.size} findings`);
  assert.deepEqual(many.said, one.said);
  assert.deepEqual(many.models, one.models);
  assert.deepEqual([...many.repros].sort(), [...one.repros].sort());
});

test('a campaign that is stopped folds what is under way, and follows up what it found', async () => {
  const campaign = localCampaign(
    { ...SETTINGS, runs: null },
    new Moody(3, new Random(RNG_SEED, 3)),
    {
      received: (_effect, _report, state) => {
        if (state.folded === 5) campaign.stop();
      },
      said: () => {},
    },
    (log) => new Shelf(log),
  );
  await campaign.run();
  const { state } = campaign;
  assert.equal(state.outstanding.size, 0);
  assert.equal(state.runs % BATCH_RUNS, 0);
  for (const { stage, isCompared } of state.triage.cases.values()) {
    assert.ok(stage === 'published' && isCompared);
  }
});

test('a batch that costs every executor is quarantined, and the next one is planned', async () => {
  const failing = new InThread();
  const { execute } = failing;
  let tries = 0;
  failing.execute = async (work, wish) => {
    if (work.kind !== 'fuzz' || work.index !== 1) return await execute.call(failing, work, wish);
    tries += 1;
    throw new RangeError('out of words');
  };
  const told: string[] = [];
  const localSettings = { ...SETTINGS, runs: 4 * BATCH_RUNS };
  const campaign = localCampaign(localSettings, failing, {
    received: (effect, { result }) => {
      if (result.kind === 'quarantined') told.push(`${effect}: ${result.reason}`);
    },
    said: () => {},
  });
  await campaign.run();
  assert.deepEqual([tries, told], [3, ['quarantined: out of words']]);
  assert.equal(campaign.state.runs, localSettings.runs);
});

test('what a listener throws ends the campaign', async () => {
  const fails = (): void => {
    throw new RangeError('a defect');
  };
  const campaign = localCampaign(SETTINGS, new InThread(), { received: fails, said: () => {} });
  await assert.rejects(campaign.run(), /a defect/);
});

/** Keeps what is asked of it. */
class Recorder extends InThread {
  readonly asked: { readonly work: Work; readonly wish: Wish }[] = [];

  override async execute(work: Work, wish: Wish): Promise<Done> {
    this.asked.push({ work, wish });
    return await super.execute(work, wish);
  }
}

test('a batch weighs no more for two thousand findings, and brings no witness of them', async () => {
  const listener = { received: () => {}, said: () => {} };
  const settings = { ...SETTINGS, runs: BATCH_RUNS };
  const before = localCampaign(settings, new InThread(), listener, (log) => new Shelf(log));
  await before.run();
  const { state } = before;
  for (let i = 0; i < 2000; i++) {
    const { finding } = sampleRecord({ signature: `stale-pte fault vs punch ${i}` });
    state.apply({ t: 'adopted', finding, reproDigest: finding.id, atMs: 0 });
  }
  const recorder = new Recorder();
  const more = { ...SETTINGS, runs: 3 * BATCH_RUNS, resumed: state };
  const enough = new Error('enough');
  const received = (): void => {
    throw enough;
  };
  const after = localCampaign(more, recorder, { ...listener, received }, (log) => new Shelf(log));
  await assert.rejects(after.run(), enough);
  const batches = recorder.asked.filter(({ work }) => work.kind === 'fuzz');
  assert.ok(batches.length > 0);
  for (const { work, wish } of batches) {
    assert.ok(JSON.stringify(work).length < 20_000);
    assert.ok((wish.settled ?? []).length >= 2000);
  }
});
