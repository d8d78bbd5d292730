/** What may lie in a queue without being a batch, and what a worker has to say of it. */
import type { Redis } from 'ioredis';
import { BATCH_BYTES_MAX } from '../../corpus/exchange/codec.ts';
import type { Batch } from '../../corpus/vocabulary/messages.ts';
import { modelJson, modelOf } from '../../workers/models/registry.ts';
import { modelNamed } from '../support/models.ts';
import { batchOf, fuzzBatch, MODEL, ownPin, pinOf } from './worker-rig.ts';

export interface Garbage {
  readonly name: string;
  /** Of its job. */
  readonly id: string;
  /** Fields of the job's hash; null if it has none. */
  readonly hash: Readonly<Record<string, string>> | null;
  /** Of the report on it; null if none can be made. */
  readonly reason: RegExp | null;
}

/** Straight into Redis, as anybody could who reaches it. `queue`: the prefix of its keys. */
export async function throwIn(client: Redis, queue: string, { id, hash }: Garbage): Promise<void> {
  if (hash !== null) await client.hset(`${queue}:${id}`, hash);
  await client.lpush(`${queue}:wait`, id);
  await client.zadd(`${queue}:marker`, 0, '0');
}

const OWN = modelNamed('punch-without-fault-lock.json');
const HASH = { name: 'fuzz', opts: '{}', timestamp: '1', delay: '0', priority: '0' };

function withData(name: string, data: string, reason: RegExp, hash = {}): Garbage {
  return { name, id: `bad-${name.replaceAll(' ', '-')}`, hash: { ...HASH, data, ...hash }, reason };
}

/** A batch that is wrong in one way. */
function spoilt(
  name: string,
  reason: RegExp,
  spoil: (batch: Batch) => unknown,
  hash: Garbage['hash'] = {},
): Garbage {
  const garbage = withData(name, '', reason);
  const data = JSON.stringify(spoil(batchOf(garbage.id, fuzzBatch(0))));
  return { ...garbage, hash: { ...HASH, data, ...hash } };
}

const DEEP = 20_000;
const OTHER_BUILD = 'f'.repeat(64);

const NO_BATCHES: readonly Garbage[] = [
  withData('empty text', '', /not a batch: it is not JSON/),
  withData('words', 'hello', /not a batch: it is not JSON/),
  withData('half a batch', '{"version":2,"id":"x', /not a batch: it is not JSON/),
  withData('null', 'null', /not a batch: /),
  withData('number', '1e999', /not a batch: /),
  withData('list', '[[]]', /not a batch: /),
  withData('other object', '{"to":"mail"}', /not a batch: /),
  withData('deep nesting', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`, /not a batch: /),
  withData('huge', `"${'x'.repeat(BATCH_BYTES_MAX)}"`, /larger than/),
  withData('control characters', '"\u0000\u001b[2J\u202e"', /not a batch: /),
  withData('options that are no JSON', '{}', /not a batch: /, { opts: '{' }),
  withData('progress that is no JSON', '{}', /not a batch: /, { progress: '{' }),
  withData('hostile options', '{}', /not a batch: /, {
    opts: '{"attempts":0,"delay":9,"backoff":{"type":"custom"},"parent":{"id":1}}',
    rjk: 'repeat:job',
    defa: 'somebody says so',
    stc: '99999999',
  }),
  { name: 'no hash', id: 'bad-no-hash', hash: null, reason: /not a batch: it is not JSON/ },
  { name: 'empty hash', id: 'bad-empty-hash', hash: { x: 'y' }, reason: /not a batch: / },
  {
    name: 'no word',
    id: 'a b\u0007<script>',
    hash: { ...HASH, data: '{}' },
    reason: /not a batch/,
  },
  { name: 'long id', id: 'i'.repeat(5000), hash: { ...HASH, data: '{}' }, reason: /not a batch/ },
  { name: 'id like a key', id: '__proto__', hash: { ...HASH, data: '{}' }, reason: /not a batch/ },
  { name: 'empty id', id: '', hash: { ...HASH, data: '{}' }, reason: null },
];

const ENDLESS = {
  kind: 'sweep',
  scope: { threads: 4, ops: 6, pages: 8, kinds: null },
  ...{ from: 0, to: null, states: 1, statesMax: 1 },
} as const;

const WRONG_BATCHES: readonly Garbage[] = [
  spoilt('old version', /version/, (batch) => ({ ...batch, version: 1 })),
  spoilt('a field more', /nrecognized/, (batch) => ({ ...batch, extra: 1 })),
  spoilt('foreign build', /another build/, (batch) => ({ ...batch, build: OTHER_BUILD })),
  spoilt('build that is none', /build/, (batch) => ({ ...batch, build: 'new' })),
  spoilt('another id', /another id/, (batch) => ({ ...batch, id: 'x0' })),
  spoilt('unknown model', /unknown model "nfs"/, (batch) => ({
    ...batch,
    models: [{ ...pinOf(MODEL), reference: 'nfs' }],
    work: fuzzBatch(0, { model: 'nfs' }),
  })),
  spoilt('changed model', /differs here/, (batch) => ({
    ...batch,
    models: [{ ...pinOf(MODEL), digest: OTHER_BUILD }],
  })),
  spoilt('own model that is none', /format/, (batch) => ({
    ...batch,
    models: [{ ...pinOf(MODEL), reference: 'nfs', json: '{}' }],
    work: fuzzBatch(0, { model: 'nfs' }),
  })),
  spoilt('own model of a built-in name', /built-in/, (batch) => ({
    ...batch,
    models: [{ ...pinOf(MODEL), json: modelJson(modelOf(MODEL)) }],
  })),
  spoilt('own model that is another', /differs here/, (batch) => ({
    ...batch,
    models: [{ ...ownPin(OWN), digest: OTHER_BUILD }],
    work: fuzzBatch(0, { model: OWN.name }),
  })),
  spoilt('model without a pin', /which model/, (batch) => ({ ...batch, models: [] })),
  spoilt('unknown toggle', /no toggle/, (batch) => ({
    ...batch,
    models: [{ ...pinOf(MODEL), reference: `${MODEL}:speed=high` }],
    work: fuzzBatch(0, { model: `${MODEL}:speed=high` }),
  })),
  spoilt('text that is no input', /refused: batch:1:1/, (batch) => ({
    ...batch,
    work: fuzzBatch(0, {
      sources: [{ kind: 'given', texts: ['nonsense'], statesMax: 0, schedules: 1 }],
    }),
  })),
  spoilt('started too often', /^started 10 times without an answer$/, (batch) => batch, {
    ats: '10',
  }),
  spoilt(
    'started too often with a cause',
    /^started 12 times without an answer; memory: executor a.1$/,
    (batch) => batch,
    {
      ats: '12',
      atm: '1',
      failedReason: 'memory: executor a.1',
    },
  ),
  spoilt('no runs', /runs/, (batch) => ({ ...batch, work: fuzzBatch(0, { runs: 0 }) })),
  spoilt('endless scope', /refused: a scope has more than 200000000 workloads/, (batch) => ({
    ...batch,
    work: fuzzBatch(0, { runs: 0, sources: [ENDLESS] }),
  })),
  spoilt('endless runs', /runs/, (batch) => ({ ...batch, work: fuzzBatch(0, { runs: 1e15 }) })),
  spoilt('prototype', /not a batch/, (batch) => ({
    ...batch,
    work: JSON.parse('{"__proto__":{"kind":"fuzz"},"kind":"fuzz"}'),
  })),
];

export const GARBAGE: readonly Garbage[] = [...NO_BATCHES, ...WRONG_BATCHES];
