/** What a worker writes into a report: no more than a coordinator takes, and words that it may show. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeReport } from '../../corpus/exchange/codec.ts';
import { FEATURES_VERSION, type FuzzResult } from '../../corpus/vocabulary/messages.ts';
import { reasonText, reportId, reportText } from '../../workers/service/fit-report.ts';
import { MODEL, reportOf, SEED_TEXT } from './worker-rig.ts';

describe('a report', () => {
  const fuzzed: FuzzResult = {
    kind: 'fuzz',
    index: 0,
    model: MODEL,
    runs: 1,
    steps: 1,
    inconclusive: 0,
    featuresVersion: FEATURES_VERSION,
    candidates: Array.from({ length: 100 }, (_, i) => ({ text: SEED_TEXT, features: [i] })),
    witnesses: ['a b', 'c d'].map((signature, run) => {
      return { signature, text: SEED_TEXT, run, scheduler: 'surw' };
    }),
    hits: { 'a b': { count: 1, first: 0 } },
  };

  test('that is too large loses candidates first, then witnesses', () => {
    const whole = reportOf('x', fuzzed);
    assert.equal(reportText(whole), JSON.stringify(whole));
    const sizeWith = (candidates: number, witnesses: number): number => {
      const cut = {
        ...fuzzed,
        candidates: fuzzed.candidates.slice(0, candidates),
        witnesses: fuzzed.witnesses.slice(0, witnesses),
      };
      return JSON.stringify(reportOf('x', cut)).length;
    };
    for (const [candidates, witnesses] of [
      [99, 2],
      [50, 2],
      [0, 2],
      [0, 1],
      [0, 0],
    ] as const) {
      // Room for what is asked for and not for one more.
      const sizeMax = sizeWith(candidates, witnesses) + 9;
      const text = reportText(whole, sizeMax);
      assert.ok(text.length <= sizeMax);
      const { value } = decodeReport(text);
      assert.ok(value?.result.kind === 'fuzz');
      assert.equal(value.result.candidates.length, candidates);
      assert.equal(value.result.witnesses.length, witnesses);
      assert.deepEqual(value.result.hits, fuzzed.hits);
    }
  });

  test('says why in one printable line, under an id that is a word', () => {
    assert.equal(
      reasonText('Error: no\u001b[2J\n  at x (file:///é)\nb\nc\nd'),
      'Error: no\\u{1b}[2J at x (file:///?) b c',
    );
    assert.equal(reasonText('x'.repeat(5000)).length, 1024);
    assert.equal(reportId('b-1/2'), 'b-1/2');
    assert.match(reportId('b 1'), /^q-[0-9a-f]{16}$/);
    assert.notEqual(reportId('b 1'), reportId('b 2'));
  });
});
