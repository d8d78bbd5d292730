/**
 * Lists that many batches share and name by their hash: the features that a campaign has met on a model, and the signatures
 * of which no witness is wanted. So what is new is the same wherever a batch runs, and a batch weighs no more for it.
 */
import { createHash } from 'node:crypto';

/** Of a feature: little endian, in order. */
const BYTES = 4;

export interface PackedList {
  readonly digest: string;
  readonly bytes: Buffer;
}

export function packFeatures(features: Iterable<number>): PackedList {
  const sorted = [...features].sort((a, b) => a - b);
  const bytes = Buffer.alloc(sorted.length * BYTES);
  for (const [i, feature] of sorted.entries()) bytes.writeUInt32LE(feature, i * BYTES);
  return { digest: digestOf(bytes), bytes };
}

/** In memory that executors share; null if the bytes are not those of the digest. */
export function unpackFeatures({ digest, bytes }: PackedList): Uint32Array | null {
  if (bytes.length % BYTES !== 0 || digestOf(bytes) !== digest) return null;
  const features = new Uint32Array(new SharedArrayBuffer(bytes.length));
  for (let i = 0; i < features.length; i++) features[i] = bytes.readUInt32LE(i * BYTES);
  return features;
}

/** @param signatures and buckets: printable ASCII */
export function packSettled(signatures: readonly string[]): PackedList {
  const bytes = Buffer.from(signatures.join('\n'), 'latin1');
  return { digest: digestOf(bytes), bytes };
}

/** Null if the bytes are not those of the digest. */
export function unpackSettled({ digest, bytes }: PackedList): readonly string[] | null {
  return digestOf(bytes) === digest ? bytes.toString('latin1').split('\n') : null;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
