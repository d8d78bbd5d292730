/**
 * Lists that batches name by a digest, kept for the batches that follow. One that is gone costs nothing but candidates and
 * witnesses that are not new.
 */
import type { PackedList } from '../../corpus/exchange/named-lists.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';

/** Of features, each model has one that is current and one that is on its way out. */
const KEPT = 16;

export class ListCache<List> {
  private readonly exchange: Exchange;
  private readonly unpack: (packed: PackedList) => List | null;
  /** The one asked for last is the last. */
  private readonly kept = new Map<string, List>();

  constructor(exchange: Exchange, unpack: (packed: PackedList) => List | null) {
    this.exchange = exchange;
    this.unpack = unpack;
  }

  /** Undefined if none is named, or if Redis does not have it, or has something else under its name. */
  async get(digest: string | null): Promise<List | undefined> {
    if (digest === null) return undefined;
    const list = this.kept.get(digest) ?? (await this.fetch(digest));
    if (list === null) return undefined;
    this.kept.delete(digest);
    this.kept.set(digest, list);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return list;
  }

  private async fetch(digest: string): Promise<List | null> {
    const bytes = await this.exchange.list(digest).catch(() => null);
    return bytes === null ? null : this.unpack({ digest, bytes });
  }
}
