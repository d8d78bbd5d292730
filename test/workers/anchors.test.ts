/** A schedule that a person wrote names steps of the model that runs it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Input, Switch } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { unknownLabels } from '../../workers/model/anchors.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const SEED = path.join(PACKAGE_ROOT, 'corpus/seeds/b12-fault-vs-punch.txt');
const INPUT = parseInput(readFileSync(SEED, 'utf8'), SEED);
const MODEL = modelOf('v42-immap-read');

function withLabels(...labels: readonly string[]): Input {
  const switches = labels.map((label): Switch => {
    const op = label === 'end' ? 1 : 0;
    return { thread: 0, op, label, occurrence: 1, to: 1 };
  });
  return { ...INPUT, schedule: { first: 0, switches } };
}

test('the schedule that a run leaves behind names steps of its model', () => {
  const engine = new Engine(MODEL);
  engine.load(INPUT);
  const { schedule } = engine.trace(withLabels('fault/installPte').schedule);
  assert.equal(schedule.switches.length, 1);
  assert.deepEqual(unknownLabels(MODEL, { ...INPUT, schedule }), []);
});

test('an unknown label is a problem of its switch, with the nearest that there is', () => {
  const input = withLabels('fault/installPte', 'fault/instalPte', 'end', 'nonsense', '');
  assert.deepEqual(unknownLabels(MODEL, input), [
    {
      place: { kind: 'switch', index: 1 },
      what: 'model v42-immap-read has no step "fault/instalPte"; the nearest is fault/installPte',
    },
    {
      place: { kind: 'switch', index: 3 },
      what: 'model v42-immap-read has no step "nonsense"',
    },
    { place: { kind: 'switch', index: 4 }, what: 'model v42-immap-read has no step ""' },
  ]);
});
