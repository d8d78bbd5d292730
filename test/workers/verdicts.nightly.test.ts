/** The whole page of verdicts: every model, on each value of each of its toggles, over every seed. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { flavours, modelOf } from '../../workers/models/registry.ts';
import { verdictOf, verdictsText } from '../../workers/search/verdict-table.ts';
import { SEEDS, VERDICTS_PAGE } from './support/verdicts.ts';

test('dashboards/docs/verdicts.md says what the search shows', () => {
  const verdicts = flavours().map((reference) => verdictOf(modelOf(reference), SEEDS));
  const text = verdictsText(verdicts);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(VERDICTS_PAGE, text);
  assert.equal(readFileSync(VERDICTS_PAGE, 'utf8'), text, 'UPDATE_GOLDEN=1 writes it anew');
  for (const { model, missing, unexpected } of verdicts) {
    assert.deepEqual({ model, missing, unexpected }, { model, missing: [], unexpected: [] });
  }
});
