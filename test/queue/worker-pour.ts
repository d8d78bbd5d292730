/** Batches of a single run, by the thousand: what stays behind in Redis and in the worker is what matters. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Batch } from '../../corpus/vocabulary/messages.ts';
import { until } from '../support/patience.ts';
import { batchOf, fuzzBatch, type Rig, SEED_TEXT } from './worker-rig.ts';

const MEMORY_FOLDER = '/dev/shm';
/** In the queue at once. */
const CHUNK = 500;

/** In memory where there is such a folder, so that not the disk is measured, which syncs 100 times a second. */
export function quickFolder(t: TestContext): string {
  let parent = tmpdir();
  try {
    accessSync(MEMORY_FOLDER, constants.W_OK);
    parent = MEMORY_FOLDER;
  } catch {
    // Slower, and as right.
  }
  const folder = mkdtempSync(path.join(parent, 'faultline-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Through the queue, the worker and the reports, which are then taken away, as a coordinator would. */
export async function pour(rig: Rig, from: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += CHUNK) {
    const size = Math.min(CHUNK, count - done);
    await rig.queue.add(Array.from({ length: size }, (_, i) => tiny(from + done + i)));
    const areThere = async (): Promise<boolean> =>
      (await rig.client.hlen(rig.keys.reports)) === size;
    await until(`${size} reports`, areThere);
    await rig.logged();
    await rig.emptied();
  }
}

function tiny(index: number): Batch {
  const sources = [{ kind: 'given', texts: [SEED_TEXT], statesMax: 0, schedules: 1 }] as const;
  return batchOf(`t${index}`, fuzzBatch(index, { runs: 1, sources }));
}

/** But for the reports that it remembers as logged, for a minute. */
export async function redisBytes(rig: Rig): Promise<number> {
  const logged = (await rig.client.memory('USAGE', rig.keys.logged)) ?? 0;
  return Number(/used_memory:(\d+)/.exec(await rig.client.info('memory'))?.[1]) - logged;
}
