/** Disguises of a bug, each of which has to keep its id. */
import assert from 'node:assert/strict';
import { rowOf } from '../../../corpus/vocabulary/catalogue.ts';
import { EMPTY_SCHEDULE, type Workload } from '../../../corpus/vocabulary/input.ts';
import { Random } from '../../../corpus/vocabulary/random.ts';
import { printInput } from '../../../corpus/vocabulary/text.ts';
import { checkInput } from '../../../corpus/vocabulary/validate.ts';
import { classOfSignature } from '../../../corpus/vocabulary/verdict.ts';
import { modelOf } from '../../../workers/models/registry.ts';
import { hunt } from '../../../workers/reproduce/hunt.ts';
import { Engine } from '../../../workers/run/engine.ts';
import { explore } from '../../../workers/search/exhaustive.ts';
import { RNG_SEED } from '../../support/rng-seed.ts';
import { disguised } from './disguise.ts';
import { seedNamed } from './search.ts';

export interface Bug {
  readonly id: string;
  readonly model: string;
  readonly seed: string;
  readonly signature: string;
}

/** Each of these bugs needs fewer. */
const PREEMPTIONS_MAX = 3;
/** Of the search for one of them, noise and all. */
const STEPS_MAX = 5_000_000;
/** States of a disguise that are looked through for what its plain form has not. */
const STATES_OF_OTHERS = 20_000;
const STATES_OF_PLAIN = 200_000;

// biome-ignore format: a table
export const BUGS: readonly Bug[] = [
  { id: 'B12', model: 'v42-immap-read', seed: 'b12-fault-vs-punch', signature: 'unfenced punch' },
  { id: 'B10', model: 'xfs-mmaplock-prezero', seed: 'b10-load-vs-store', signature: 'zero-page fault' },
  { id: 'B20', model: 'v48-entry-lock', seed: 'b20-dropped-entry-writable-pte', signature: 'durability writable-entry pwrite/dropEntry' },
  { id: 'B01', model: 'v43rc-immap-write', seed: 'b01-store-vs-load', signature: 'lock-self iMmapRwsem:W->W' },
  { id: 'B02', model: 'v43rc-immap-write', seed: 'b02-load-vs-load', signature: 'bad-release iMmapRwsem:W fault/upWrite(iMmapRwsem)' },
  { id: 'B03', model: 'v43rc-immap-write', seed: 'b03-mkwrite-vs-store', signature: 'lock-cycle iMmapRwsem pageLock' },
  { id: 'B09', model: 'v42-immap-read', seed: 'b09-store-vs-store', signature: 'lost-write line access|fault/clearBlock' },
  { id: 'B13', model: 'v43rc-immap-write', seed: 'b13-store-vs-truncate-cached', signature: 'beyond-eof truncate' },
  { id: 'B28', model: 'v48-entry-lock:wake=one', seed: 'b28-three-loads-of-a-hole', signature: 'lost-wakeup entryLock' },
  { id: 'B33', model: 'v42-immap-read', seed: 'b33-crash-before-zeroing', signature: 'crash-exposure fault/allocBlock' },
  { id: 'B34', model: 'v42-immap-read', seed: 'b34-leftover-block-exposed', signature: 'stale-data leftover fault/allocBlock' },
  { id: 'B44', model: 'range-lock-rfc', seed: 'b44-store-over-zero-page', signature: 'lock-self rangeLock' },
  { id: 'B47', model: 'range-lock-rfc', seed: 'b47-private-store-unlocks', signature: 'bad-release rangeLock fault/unlockRange' },
  { id: 'B42', model: 'pagecache:flush=early', seed: 'b42-pwrite-between-flush-and-lock', signature: 'lost-write dirty-page collapse|pwrite/copyIn' },
  { id: 'B43', model: 'pagecache', seed: 'b43-pread-vs-punch', signature: 'stale-page punch' },
  { id: 'B50', model: 'v43rc-immap-write', seed: 'b50-store-vs-revoke-cached', signature: 'pte-after-revoke' },
];

function shownBy(engine: Engine, workload: Workload, statesMax: number): readonly string[] {
  const found = explore(engine, workload, { statesMax, all: true });
  return found.violations.map(({ signature }) => signature);
}

/** Each shows the bug, and nothing that its plain form does not show. @returns how many of them differ */
export function assertDisguisesKeep({ id, model, seed, signature }: Bug, count: number): number {
  const engine = new Engine(modelOf(model));
  const plain = seedNamed(seed);
  const own = shownBy(engine, plain, STATES_OF_PLAIN);
  assert.ok(own.includes(signature), own.join('\n'));
  assert.equal(rowOf(signature)?.id, id);
  const worst = classOfSignature(signature);
  const wanted = worst === null ? signature : { signature, class: worst };
  const texts = new Set<string>();
  for (let i = 0; i < count; i++) {
    const workload = disguised(plain, new Random(RNG_SEED, i));
    const input = { ...workload, schedule: EMPTY_SCHEDULE };
    const text = printInput(input);
    assert.equal(checkInput(input), null);
    if (texts.has(text)) continue;
    texts.add(text);
    const range = { from: 0, to: PREEMPTIONS_MAX, stepsMax: STEPS_MAX };
    const isShown = [wanted, signature].some(
      (one) => hunt(engine, input, one, range).traced !== null,
    );
    assert.ok(isShown, `no ${signature} with ${PREEMPTIONS_MAX} preemptions in\n${text}`);
    for (const one of shownBy(engine, workload, STATES_OF_OTHERS)) {
      assert.ok(own.includes(one), `${one} is not in the plain form\n${text}`);
    }
  }
  return texts.size;
}
