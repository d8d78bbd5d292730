/** Every row from seeds: each has a scenario, and the portfolio of a campaign misses none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectRow } from '../../workers/bench/detect/detect.ts';
import { figuresOf } from '../../workers/bench/detect/samples.ts';
import { claimsOf } from '../../workers/bench/detect/scenarios.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { SEEDS } from './support/verdicts.ts';

/** Shown by one schedule in some thousand (`bench detect --rows B39`): a trial of 10 000 may miss it. */
const RARE = ['B39'];

test('claims: the default of a model, and a toggle where it alone claims the row', () => {
  const claims = claimsOf(null);
  const models = (id: string) => claims.find(({ row }) => row.id === id)?.models ?? [];
  assert.ok(
    models('B12').every(({ name, toggles, options }) => {
      const isDefault = Object.entries(options).every(([key, [first]]) => toggles[key] === first);
      return isDefault || !modelOf(name).expect.find.includes('B12');
    }),
  );
  assert.ok(models('B19').length > 0);
  assert.ok(claims.every(({ row }) => row.id !== 'CANARY'));
});

test('from seeds: every row has a scenario, and no trial of the portfolio misses in 10 000 schedules', async () => {
  const options = { schedulers: ['portfolio'], trials: 4, schedulesMax: 10_000, rngSeed: 1 };
  for (const claim of claimsOf(null)) {
    const { row, places, samples } = await detectRow(claim, SEEDS, options);
    assert.ok(places.length > 0, `${row}: shown by no seed`);
    if (RARE.includes(row)) continue;
    assert.deepEqual(
      samples.map((sample) => figuresOf(sample).misses),
      [0],
      row,
    );
  }
});
