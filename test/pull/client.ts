/** A pull in this process, and what is in its destination afterwards. */
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { ApiClient, type ClientBounds, PULL_BOUNDS } from '../../daemon/pull/api-client.ts';
import { type Pulled, type PullOptions, pull } from '../../daemon/pull/puller.ts';

/** Whole findings in a data directory: repros by id. Throws if one is damaged. */
export function setIn(dataDir: string): Readonly<Record<string, string>> {
  const store = new FindingStore(dataDir);
  const { findings, damaged } = store.list();
  if (damaged.length > 0) throw new Error(`damaged: ${JSON.stringify(damaged)}`);
  return Object.fromEntries(findings.map(({ id }) => [id, printRepro(store.record(id).repro)]));
}

export type PullChange = Partial<Omit<PullOptions, 'client'>> & {
  readonly bounds?: Partial<ClientBounds>;
};

export async function pullFrom(
  url: string,
  dest: string,
  change: PullChange = {},
): Promise<Pulled> {
  const { bounds, ...options } = change;
  const client = new ApiClient(new URL(url), { ...PULL_BOUNDS, ...bounds });
  try {
    return await pull({
      client,
      dest,
      filter: { model: undefined, class: undefined },
      since: undefined,
      engine: '0f'.repeat(8),
      isModelDigestRight: ({ modelJson, modelDigest }) => sha256Hex(modelJson) === modelDigest,
      ...options,
    });
  } finally {
    client.close();
  }
}

/** New, improved, unchanged, skipped. */
export function countsOf(pulled: Pulled): readonly number[] {
  const { added, improved, unchanged, skipped } = pulled;
  return [added.length, improved.length, unchanged, skipped.length];
}
