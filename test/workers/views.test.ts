/** Readings of runs and models, as text that is reviewed like code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateWorkload } from '../../corpus/breeding/generate.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import type { ViolationClass } from '../../corpus/vocabulary/verdict.ts';
import { printModel } from '../../workers/model/print.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { stepOf } from '../../workers/reproduce/hunt.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { renderColumns } from '../../workers/views/columns.ts';
import { renderListing } from '../../workers/views/listing.ts';
import { renderLockdep, renderOrder } from '../../workers/views/lock-views.ts';
import { isColumns, readColumns } from '../../workers/views/read-columns.ts';
import { golden } from '../support/golden.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed, simplestRun, Wanderer } from './support/search.ts';

const DRAWN: readonly (readonly [string, string, ViolationClass, string])[] = [
  ['v42-immap-read', 'b12-fault-vs-punch', 'stale-pte', 'unfenced punch'],
  ['v43rc-immap-write', 'b03-mkwrite-vs-store', 'deadlock', 'lock-cycle iMmapRwsem pageLock'],
  ['v48-entry-lock', 'b18-lost-dirty-tag', 'durability', 'durability dirty-entry pwrite/dropEntry'],
];

for (const [model, seed, symptom, signature] of DRAWN) {
  test(`${signature} on ${model}, in columns`, () => {
    const input = seedNamed(seed);
    const traced = simplestRun(model, input, symptom, 3000);
    assert.ok(stepOf(traced, signature) > 0, signature);
    const drawn = { ...input, schedule: traced.schedule };
    const subject = subjectOn(modelOf(model), drawn, signature);
    golden(`columns-${seed}.txt`, renderColumns(modelOf(model), drawn, traced, subject));
  });
}

const CYCLES = [
  ['v43rc-immap-write', 'b03-mkwrite-vs-store', 'lock-cycle iMmapRwsem pageLock'],
  ['v42-immap-read', 'b51-page-lock-vs-handle', 'lock-cycle journal pageLock'],
] as const;

for (const [name, seed, signature] of CYCLES) {
  test(`${signature} on ${name}, as lockdep reports it and as an order`, () => {
    const model = modelOf(name);
    const input = seedNamed(seed);
    const found = explore(new Engine(model), input, { statesMax: 1e6, all: true });
    const { traced } = found.violations.find((one) => one.signature === signature) ?? assert.fail();
    const report = renderLockdep(model, input, traced, signature);
    golden(`lockdep-${seed}.txt`, report ?? assert.fail('no cycle'));
    golden(`order-${seed}.txt`, renderOrder(model, input, traced));
    assert.equal(renderLockdep(model, input, traced, 'unfenced punch'), null);
  });
}

/** The designs that others derive from, and one that does. */
const DESIGNS = [
  'v42-immap-read',
  'v43rc-immap-write',
  'xfs-mmaplock-prezero',
  'v48-entry-lock',
  'canary',
];

test('columns come back from a mail: quoted, blanks collapsed, lines broken anew', () => {
  const rng = new Random(RNG_SEED, 37);
  for (const name of DESIGNS) {
    const model = modelOf(name);
    const engine = new Engine(model);
    for (let i = 0; i < 20; i++) {
      const input = { ...generateWorkload(rng), schedule: EMPTY_SCHEDULE };
      engine.load(input);
      const wanderer = new Wanderer(rng, 3);
      engine.run(wanderer);
      const traced = engine.traceChoices([...wanderer.choices]);
      const mail = renderColumns(model, input, traced, null)
        .split('\n')
        .map((line) => `> ${line.replaceAll(/ +/g, ' ')}`)
        .join('\n');
      assert.ok(isColumns(mail));
      const read = readColumns(mail, 'mail');
      assert.ok('choices' in read, mail);
      assert.equal(read.model, name);
      assert.equal(printInput({ ...input, ...read.workload }), printInput(input));
      assert.equal(engine.traceChoices(read.choices).digest, traced.digest);
      const gap = readColumns(mail.replace(/^> +2\*? .*$/m, '>'), 'mail');
      assert.ok(traced.rows.length < 3 || ('expected' in gap && gap.expected === 'step 2'), mail);
    }
  }
});

test('columns of any run are narrow, plain, and every line of the table has number and actor', () => {
  const rng = new Random(RNG_SEED, 31);
  for (const name of DESIGNS) {
    const model = modelOf(name);
    const engine = new Engine(model);
    for (let i = 0; i < 60; i++) {
      const input = { ...generateWorkload(rng), schedule: EMPTY_SCHEDULE };
      engine.load(input);
      const wanderer = new Wanderer(rng, 3);
      engine.run(wanderer);
      const traced = engine.traceChoices([...wanderer.choices]);
      const text = renderColumns(model, input, traced, null);
      const table = text.split('\n\n')[1]?.split('\n').slice(1) ?? [];
      assert.ok(
        text.split('\n').every((line) => /^[ -~]{0,72}$/.test(line)),
        text,
      );
      assert.ok(
        table.every((line) => /^ *(?:\d+|op|\.\.)[*]?[ |]+(?:T\d|<--)/.test(line)),
        text,
      );
      assert.equal(table.filter((line) => /^ *\d+[ |]+T/.test(line)).length, traced.rows.length);
    }
  }
});

for (const name of DESIGNS) {
  test(`${name} as a table and as pseudo-code`, () => {
    golden(`listing-${name}.txt`, renderListing(modelOf(name)));
    golden(`model-${name}.txt`, printModel(modelOf(name)));
  });
}
