/** Twenty million runs on each sound model. */
import { test } from 'node:test';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertSilent, SOUND } from './sound.ts';

const RUNS = 20_000_000;

for (const reference of SOUND) {
  test(`${reference}: ${RUNS} runs report nothing`, () => assertSilent(reference, RUNS, RNG_SEED));
}
