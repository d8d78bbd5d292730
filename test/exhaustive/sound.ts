/** Campaigns on the models that are clean of every row: each report is a false alarm or a new defect. */
import assert from 'node:assert/strict';
import { Campaign } from '../../daemon/coordinator/local-campaign.ts';
import { BatchRunner } from '../../workers/batch/explore-batch.ts';
import { modelOf } from '../../workers/models/registry.ts';

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
  const runner = new BatchRunner(modelOf(reference));
  const met = new Map<string, string>();
  const executors = {
    count: 1,
    execute: async (batch: Parameters<BatchRunner['run']>[0]) => {
      const explored = runner.run(batch);
      for (const { signature, text } of explored.witnesses) met.set(signature, text);
      return explored;
    },
  };
  const nobody = { discovered: () => {}, metOn: () => {}, folded: () => {} };
  const plan = { models: [reference], rngSeed, runs, seeds: [] };
  await new Campaign(plan, executors, nobody).run();
  assert.deepEqual(Object.fromEntries(met), {});
}
