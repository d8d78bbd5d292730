/**
 * The feature numbers that fuzz batches name by a digest, kept for the batches that follow. What is gone costs nothing
 * but candidates that are not new.
 */

import { unpackFeatures } from '../../corpus/exchange/features.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';

/** Each model has one that is current and one that is on its way out. */
const KEPT = 16;

export class FeatureCache {
  private readonly exchange: Exchange;
  /** The one asked for last is the last. */
  private readonly kept = new Map<string, Uint32Array>();

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** In memory that executors share. Undefined if Redis does not have it, or something else under its name. */
  async get(digest: string): Promise<Uint32Array | undefined> {
    const features = this.kept.get(digest) ?? (await this.fetch(digest));
    if (features === undefined) return undefined;
    this.kept.delete(digest);
    this.kept.set(digest, features);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return features;
  }

  private async fetch(digest: string): Promise<Uint32Array | undefined> {
    const bytes = await this.exchange.features(digest).catch(() => null);
    const features = bytes === null ? null : unpackFeatures(digest, bytes);
    if (features === null) return undefined;
    const shared = new Uint32Array(new SharedArrayBuffer(features.byteLength));
    shared.set(features);
    return shared;
  }
}
