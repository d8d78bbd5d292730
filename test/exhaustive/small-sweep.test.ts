/**
 * Every interleaving of every workload of the small sweep, on the four models: each finds its bugs that fit
 * into one page and one operation against one or two, and nothing that it does not expect.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { knownAs } from '../../corpus/vocabulary/catalogue.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { golden } from '../support/golden.ts';
import { type Swept, sweptText } from './sweep.ts';
import { sweepAll } from './sweep-threads.ts';

const V42 = 'B09 B10 B11 B12 B14 B15 B16 B17 B33 B34 B51 B55';

/** What fits, all of it and nothing else. B28 needs three threads, and so does the deadlock of B04. */
const FITS: Readonly<Record<string, string>> = {
  'v42-immap-read': `${V42} F01`,
  'v43rc-immap-write': `B01 B02 B03 B04 ${V42} B13 B50`,
  'xfs-mmaplock-prezero': 'B10 B11',
  'v48-entry-lock': 'B11 B18 B20 B53 B56',
};
const MODELS = Object.keys(FITS);

let swept: readonly Swept[] = [];
before(async () => {
  swept = await sweepAll(MODELS);
});

for (const [i, model] of MODELS.entries()) {
  const result = (): Swept => swept[i] ?? assert.fail('not swept');

  test(`${model}: shows what it is expected to, and nothing else`, () => {
    assert.equal(Object.values(result().surprises).join('\n'), '');
    const { clean } = modelOf(model).expect;
    const ids = Object.keys(result().hits).map((signature) => knownAs(signature)?.id ?? 'new');
    assert.deepEqual(
      ids.filter((id) => clean.includes(id)),
      [],
    );
  });

  test(`${model}: every interleaving was judged, and each bug that fits is found`, () => {
    assert.equal(result().inconclusive, 0);
    const ids = Object.keys(result().hits).map((signature) => knownAs(signature)?.id ?? 'new');
    assert.deepEqual([...new Set(ids)].sort(), (FITS[model] ?? '').split(' ').sort());
  });

  test(`${model}: the counts are those that were reviewed`, () => {
    golden(`exhaustive/${model}.txt`, sweptText(result()));
  });
}
