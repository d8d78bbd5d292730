/** A hundred thousand runs on each sound model; `sound.nightly` has 20 million. */
import { test } from 'node:test';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertSilent, SOUND } from './sound.ts';

for (const reference of SOUND) {
  test(`${reference}: 100 000 runs report nothing`, () =>
    assertSilent(reference, 100_000, RNG_SEED));
}
