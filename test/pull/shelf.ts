/** A coordinator's shelf of findings that tests can fill and improve. */

import type { TestContext } from 'node:test';
import {
  type FindingRecord,
  type PackedRecord,
  packRecord,
} from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { Published } from '../../daemon/campaign/views.ts';
import { MemoryShowing, type Served, serve } from '../http/showing.ts';
import { type Sample, sampleRecord } from '../store/sample.ts';

/** Of the records below, as if this build had not judged them. */
export const ENGINE = 'e0'.repeat(8);
const FIRST_MS = Date.UTC(2026, 10, 5, 12);
const DAY_MS = 86_400_000;

/** Many answers soon after another: how fast a client may ask is tested by itself. */
const FAST = { requestsPerSecond: 100_000 };

export function recordOf(number: number, sample: Omit<Sample, 'signature'> = {}): FindingRecord {
  const signature = `stale-pte fault/step${number}|punch/removeExtent`;
  const record = sampleRecord({ ...sample, signature });
  const modelDigest = sha256Hex(record.repro.modelJson);
  return { ...record, repro: { ...record.repro, modelDigest } };
}

export class Shelf extends MemoryShowing {
  /** Ids whose records were asked for. */
  readonly transfers: string[] = [];
  /** Ids of those that cannot be read just now. */
  readonly unreadable = new Set<string>();
  /** Told of each. */
  transferred: () => void = () => {};
  private readonly rows = new Map<string, { published: Published; packed: PackedRecord }>();
  private last = 0;

  /** A new finding, or a change of the one with its signature; each is published a day after the one before. */
  put(record: FindingRecord): void {
    this.last += 1;
    const { id } = record.finding;
    const publishedMs = this.rows.get(id)?.published.publishedMs ?? FIRST_MS + this.last * DAY_MS;
    const packed = packRecord(record);
    const reproDigest = sha256Hex(packed.repro);
    const { finding } = record;
    const published = {
      revision: this.last,
      publishedMs,
      finding,
      reproDigest,
      notOn: [],
      hits: 1,
      mark: null,
    };
    this.rows.delete(id);
    this.rows.set(id, { published, packed });
  }

  fill(count: number): void {
    for (let number = 0; number < count; number += 1) this.put(recordOf(number));
  }

  override published(): readonly Published[] {
    return [...this.rows.values()].map(({ published }) => published);
  }

  override record(id: string): PackedRecord | undefined {
    this.transfers.push(id);
    this.transferred();
    return this.unreadable.has(id) ? undefined : this.rows.get(id)?.packed;
  }

  /** What a copy of it must be: repros by id. */
  set(): Readonly<Record<string, string>> {
    const rows = [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(rows.map(([id, { packed }]) => [id, packed.repro]));
  }
}

export interface Shop extends Served {
  readonly showing: Shelf;
}

export async function openShop(t: Pick<TestContext, 'after'>, count: number): Promise<Shop> {
  const showing = new Shelf();
  showing.fill(count);
  return { ...(await serve(t, { showing }, FAST)), showing };
}
