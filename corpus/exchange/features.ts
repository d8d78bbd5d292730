/**
 * The features that a campaign has met on a model, as they lie in Redis: four bytes each, little endian, in order. A batch
 * names them by their hash, so that what it means to be new is the same wherever it runs.
 */
import { createHash } from 'node:crypto';

const BYTES = 4;

export interface PackedFeatures {
  readonly digest: string;
  readonly bytes: Buffer;
}

export function packFeatures(features: Iterable<number>): PackedFeatures {
  const sorted = [...features].sort((a, b) => a - b);
  const bytes = Buffer.alloc(sorted.length * BYTES);
  for (const [i, feature] of sorted.entries()) bytes.writeUInt32LE(feature, i * BYTES);
  return { digest: digestOf(bytes), bytes };
}

/** Null if the bytes are not those of the digest. */
export function unpackFeatures(digest: string, bytes: Buffer): Uint32Array | null {
  if (bytes.length % BYTES !== 0 || digestOf(bytes) !== digest) return null;
  const features = new Uint32Array(bytes.length / BYTES);
  for (let i = 0; i < features.length; i++) features[i] = bytes.readUInt32LE(i * BYTES);
  return features;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
