/** A search that keeps bits of a state looks at what an exhaustive one looks at, and says how much it may have missed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../corpus/vocabulary/random.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { exploreBits } from '../../workers/search/bit-search.ts';
import { BitStates } from '../../workers/search/bit-states.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { generated, signaturesOf } from '../laws/laws.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from './support/search.ts';

const MODEL = 'v43rc-immap-write';
const WORKLOADS = 10;
const STATES = 20_000;
const AMPLE = 1 << 20;

test(`${WORKLOADS} generated workloads: with ample bits it sees every state and every signature`, () => {
  const engine = new Engine(modelOf(MODEL));
  const sought = { statesMax: STATES, all: true };
  let count = 0;
  for (const { name, workload } of generated(RNG_SEED, 'bitstate')) {
    const known = explore(engine, workload, sought);
    if (!known.isComplete) continue;
    const found = exploreBits(engine, workload, sought, AMPLE);
    const { states, transitions, cutBy } = found;
    assert.deepEqual([states, transitions, cutBy], [known.states, known.transitions, null], name);
    const signatures = found.violations.map(({ signature }) => signature).sort();
    // Whether operations end is not asked.
    const asked = signaturesOf(known).filter((one) => !one.startsWith('never-ends'));
    assert.deepEqual(signatures, asked, name);
    assert.equal(found.verdict, asked.length > 0 ? 'violation' : 'unproven', name);
    assert.ok(found.bits.missed < 1, `${found.bits.missed}`);
    if (++count === WORKLOADS) return;
  }
});

test('with few bits it shows nothing that is not there, and stops when half of them are set', () => {
  const engine = new Engine(modelOf(MODEL));
  const workload = seedNamed('standard');
  const sought = { statesMax: Number.POSITIVE_INFINITY, all: true };
  const known = new Set(signaturesOf(explore(engine, workload, { ...sought, statesMax: 1e6 })));
  for (const bytes of [64, 512, 4096]) {
    const { violations, cutBy, bits, states } = exploreBits(engine, workload, sought, bytes);
    for (const { signature } of violations) assert.ok(known.has(signature), signature);
    assert.equal(cutBy, 'table');
    assert.ok(bits.missed > 0, `${bits.missed}`);
    assert.equal(Math.round(bits.hashFactor * states), bytes * 8);
  }
});

test('what is expected to be missed is about what is missed', () => {
  const random = new Random(RNG_SEED).fork('bits');
  const states = new BitStates(40_000);
  const digests = 60_000;
  for (let i = 0; i < digests; i++) states.add(random.next() | 0, random.next() | 0);
  const missed = digests - states.size;
  assert.ok(missed > 1000, `${missed}`);
  assert.ok(Math.abs(states.missed / missed - 1) < 0.1, `${states.missed} for ${missed}`);
});

test('a limit of states makes it inconclusive', () => {
  const engine = new Engine(modelOf('modern-xfs-fixed'));
  const sought = { statesMax: 100, all: true };
  const { verdict, states, cutBy } = exploreBits(engine, seedNamed('standard'), sought, AMPLE);
  assert.deepEqual([verdict, states, cutBy], ['inconclusive', 100, 'states']);
});
