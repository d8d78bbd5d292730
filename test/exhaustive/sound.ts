/** Campaigns on the models that are clean of every row: each report is a false alarm or a new defect. */
import assert from 'node:assert/strict';
import { pinOf } from '../../daemon/cli/options/wanted-campaign.ts';
import { localCampaign } from '../../daemon/coordinator/local-campaign.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { InThread } from '../support/campaigns.ts';

export const SOUND = [
  'modern-ext4-fixed',
  'modern-xfs-fixed',
  'jul16-opt3-atomic',
  'pagecache-invalidate-lock',
];

/** In this thread, from a cold start. */
export async function assertSilent(
  reference: string,
  runs: number,
  rngSeed: number,
): Promise<void> {
  const met = new Map<string, string>();
  const localSettings = {
    models: [pinOf(modelOf(reference))],
    rngSeed,
    runs,
    seeds: [],
    build: 'local',
  };
  const campaign = localCampaign(localSettings, new InThread(), {
    received: (_effect, { result }) => {
      if (result.kind !== 'fuzz') return;
      for (const { signature, text } of result.witnesses) met.set(signature, text);
    },
    said: () => {},
  });
  await campaign.run();
  assert.equal(campaign.state.runs, runs);
  assert.deepEqual(Object.fromEntries(met), {});
}
