/** A model is refused before anything runs it, with the place and the reason; the built-in ones pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FileProblem, Refusal } from '../../corpus/vocabulary/errors.ts';
import { openJson } from '../../corpus/vocabulary/json-text.ts';
import type { Node } from '../../workers/kernel/path.ts';
import { block, call, leave, loop, retry, step, when } from '../../workers/kernel/path.ts';
import { STEPS } from '../../workers/kernel/step-registry.ts';
import { checkModel } from '../../workers/model/check-model.ts';
import { compile } from '../../workers/model/compile.ts';
import { MODEL_NAMES, modelJson, modelOf } from '../../workers/models/registry.ts';
import { arbByteMutant, assertBounded, assertPlaces, intrinsics } from '../corpus/hostile.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { allReferences } from './support/search.ts';

/** A model as a file holds it; whatever a test does to it is allowed. */
type Draft = Record<string, unknown> & {
  toggles: Record<string, unknown>;
  paths: Record<string, Node[]>;
};

function draft(name = 'v42-immap-read'): Draft {
  return JSON.parse(modelJson(modelOf(name)));
}

function refusalOf(value: unknown): string {
  try {
    checkModel(value, 'mine.json');
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.message;
  }
  return assert.fail('it was accepted');
}

function problemsOf(value: unknown): readonly FileProblem[] {
  try {
    checkModel(value, 'mine.json');
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.problems;
  }
  return [];
}

const nested = (depth: number): Node =>
  depth === 0 ? step('nextPage') : block('deep', [nested(depth - 1)]);
const firstOf = (model: Draft, path: string): Node[] => model.paths[path] ?? assert.fail(path);
/** Puts nodes at the beginning of a path. */
const plant =
  (...nodes: Node[]) =>
  (model: Draft): void => {
    firstOf(model, 'punch').unshift(...nodes);
  };
const set =
  (field: string, value: unknown) =>
  (model: Draft): void => {
    model[field] = value;
  };
const strange = (fields: object): Node => fields as Node;

const PLANTED: readonly (readonly [string, (model: Draft) => void, RegExp])[] = [
  ['an unknown field', set('lokcs', {}), /^mine.json: model: .*"lokcs"; the nearest is locks$/],
  ['a missing field', (model) => delete model.order, /the field "order" is missing/],
  ['a wrong type', set('durability', 'yes'), /durability: is neither true nor false/],
  ['a wrong type of a list', set('order', 'a -> b'), /order: is not a list/],
  ['an unknown format', set('format', 'one'), /format: must be 1/],
  ['a newer format', set('format', 2), /^mine.json: format model 2 is newer than model 1/],
  ['what is not data', set('title', undefined), /model: undefined is not data/],
  ['depth', plant(nested(20)), /model: nested deeper than 32/],
  ['size', set('comment', 'x'.repeat(1001)), /comment: 1001 characters, at most 1000/],
  ['much of it', plant(...Array<Node>(4000).fill(step('nextPage'))), /characters, at most 65536/],
  ['many rows', plant(...Array<Node>(300).fill(call('punch2'))), /at most 2000/],
  ['a name', set('name', 'My model'), /name: "My model" does not fit/],
  ['an unprintable title', set('title', 'a\u202eb'), /title: has a character that cannot be/],
  ['a foreign lock name', set('locks', { mmapSem: 'verrou \u00e9' }), /locks.mmapSem: .*ASCII/],
  ['an unknown lock', set('locks', { mapSem: 'x' }), /no lock "mapSem"; the nearest is mmapSem/],
  ['an order of nothing', set('order', ['mmapSem']), /order\[0\]: is no chain/],
  [
    'a lock more than held counts have room for',
    set(
      'ownLocks',
      'abcdefg'.split('').map((name) => ({ name, per: 'file' })),
    ),
    /ownLocks: 10 built-in classes and 7 own ones are more than the 16/,
  ],
  [
    'a lock of its own that is built in',
    set('ownLocks', [{ name: 'mmapSem', per: 'mm' }]),
    /ownLocks\[0\].name: is the name of a built-in class/,
  ],
  [
    'a lock of its own per what there is not',
    set('ownLocks', [{ name: 'niLock', per: 'page' }]),
    /ownLocks\[0\].per: is not file, mm or none/,
  ],
  [
    'a need of an unknown step',
    set('needs', [{ step: 'setSize.rise', lock: 'inodeLock', mode: 'W', source: 'fs.h' }]),
    /needs\[0\].step: there is no step "setSize.rise"; the nearest is setSize.raise/,
  ],
  [
    'a need of an unknown lock',
    set('needs', [{ step: 'setSize', lock: 'inodLock', mode: 'W', source: 'fs.h' }]),
    /needs\[0\].lock: there is no lock "inodLock"; the nearest is inodeLock/,
  ],
  [
    'a need in no mode',
    set('needs', [{ step: 'setSize', lock: 'inodeLock', mode: 'X', source: 'fs.h' }]),
    /needs\[0\].mode: is neither R nor W/,
  ],
  ['a path name', (model) => (model.paths['a b'] = []), /paths: the name "a b" does not fit/],
  ['a catalogue row', set('expect', { find: ['b1'], clean: [] }), /expect.find\[0\]: "b1"/],
  [
    'a row on both sides',
    set('expect', { find: ['B01'], clean: ['B01'] }),
    /expect.clean\[0\]: "B01" is there twice/,
  ],
  ['a toggle of no option', (m) => (m.toggles.wake = 'one'), /toggles.wake: is not declared/],
  ['a toggle value', (m) => (m.toggles.policy = 'old'), /toggles.policy: is not new or unwritten/],
  ['a missing toggle', (model) => delete model.toggles.policy, /toggle "policy" has no value/],
  ['an option of nothing', set('options', { policy: [] }), /options.policy: has no value/],
  [
    'a node of no kind',
    plant(strange({ go: 'on' })),
    /punch\[0\]: is no node: it has none of step/,
  ],
  ['a node of two kinds', plant(strange({ step: 'note', call: 'unmap' })), /no field "call"/],
  ['an unknown step', plant(step('lockPge')), /no step "lockPge"; the nearest is lockPage/],
  ['a name from a prototype', plant(step('toString')), /no step "toString"/],
  ["the machine's own step", plant(step('access')), /no step "access"/],
  ['an unknown test', plant(when('isHol', [])), /no test "isHol"; the nearest is isHole/],
  ['a missing lock', plant(step('downRead')), /punch\[0\]: downRead names no lock/],
  ['a superfluous lock', plant({ step: 'note', lock: 'mmapSem' }), /note takes no lock by name/],
  ['a lock that is no rwsem', plant(strange({ step: 'downRead', lock: 'journal' })), /"journal"/],
  ['a label of a local step', plant(step('note', 'x')), /local step: it has no label/],
  ['an unknown path', plant(call('drip')), /punch\[0\]: calls "drip", and there is no such path/],
  ['recursion', (m) => firstOf(m, 'unmap').push(call('drop')), /calls itself: .*unmap -> drop/],
  [
    'a missing label',
    plant(leave('out')),
    /punch\[0\]: missing label: no block "out" encloses this/,
  ],
  [
    'a label of the caller',
    (model) => {
      model.paths.sub = [leave('here')];
      plant(block('here', [call('sub')]))(model);
    },
    /paths.sub\[0\]: missing label: no block "here"/,
  ],
  ['an unbound loop', plant(loop('more', [step('nextPage')])), /punch\[0\]: .*could spin for ever/],
  [
    'a loop that can go round in silence',
    plant(loop('more', [when('isHole', [step('setSize')])])),
    /punch\[0\]: a round of `while more` needs/,
  ],
  [
    'a retry in silence',
    plant(block('again', [when('isHole', [retry('again')], [step('setSize'), retry('again')])])),
    /punch\[0\].body\[0\].then\[0\]: retries "again" without a visible step/,
  ],
  [
    'a release',
    (model) => {
      model.paths.sub = [{ step: 'upRead', lock: 'faultLock' }];
      plant(when('isHole', [], [call('sub')]))(model);
    },
    /paths.sub\[0\]: upRead\(faultLock\) releases faultLock, which nothing in punch takes before/,
  ],
  ['a page release', plant(step('unlockPage')), /unlockPage releases pageLock/],
  ['an entry release', plant(step('unlockEntry')), /unlockEntry releases entryLock/],
  ['a handle release', plant(step('journalStop')), /journalStop releases journal/],
  ['a freeze release', plant(step('sbEndPagefault')), /sbEndPagefault releases freeze/],
  [
    'a downgrade',
    plant({ step: 'downgradeWrite', lock: 'faultLock' }),
    /downgradeWrite\(faultLock\) releases faultLock/,
  ],
  ['a missing entry', (model) => delete model.paths.fsync, /paths: the path "fsync" is missing/],
  [
    'an optional entry under a wrong name',
    (model) => {
      model.paths.zeero = model.paths.zero ?? [];
      delete model.paths.zero;
    },
    /paths: the path "zero" is missing, and "zeero" is no operation/,
  ],
  ['a load of its own', (model) => (model.paths.load = []), /paths.load: .* has no path/],
  [
    'an empty operation',
    (m) => (m.paths.commit = [step('note')]),
    /paths.fsync: has no visible step/,
  ],
  ['a fault in a fault', (m) => firstOf(m, 'fault').unshift(step('copyIn')), /cannot fault again/],
];

for (const [name, spoil, message] of PLANTED) {
  test(`refused: ${name}`, () => {
    const model = draft();
    model.paths.punch2 = Array<Node>(10).fill(step('setSize'));
    spoil(model);
    assert.match(refusalOf(model), message);
  });
}

test('all that is wrong in the file of a model is refused together, with its places', () => {
  const model = draft();
  Object.assign(model, { lokcs: {}, durability: 'yes' });
  plant(step('lockPge'), strange({ go: 'on' }), when('isHol', [step('downRead')]))(model);
  const text = JSON.stringify(model, null, 1);
  const { value, spotOf } = openJson(text, 'mine.json', 'MODEL_INVALID');
  assert.throws(
    () => checkModel(value, 'mine.json', spotOf),
    (error: Refusal) => {
      const found = error.problems.map(({ line, where }) => {
        return [where, text.split('\n')[(line ?? 0) - 1]?.trim().replace(/ .*/, '')];
      });
      assert.deepEqual(found, [
        ['durability', '"durability":'],
        ['paths.punch[0]', '{'],
        ['paths.punch[1]', '{'],
        ['paths.punch[2]', '{'],
        ['paths.punch[2].then[0]', '{'],
        ['model', '"lokcs":'],
      ]);
      assert.match(error.message, /^mine\.json:\d+:\d+: durability: is neither/);
      return true;
    },
  );
});

test('what paths do together is refused together, each place once', () => {
  const model = draft();
  model.paths.sub = [leave('here'), loop('more', [step('nextPage')])];
  for (const path of ['punch', 'truncate', 'zero']) firstOf(model, path).unshift(call('sub'));
  plant(block('again', [retry('again')]), step('unlockPage'))(model);
  delete model.paths.pread;
  const problems = problemsOf(model).map(({ where, what }) => `${where}: ${what}`);
  assert.equal(problems.length, 5, problems.join('\n'));
  for (const where of ['paths', 'paths.sub[0]', 'paths.sub[1]', 'paths.punch[0].body[0]']) {
    assert.equal(problems.filter((one) => one.startsWith(`${where}: `)).length, 1, where);
  }
});

test('a path with a mistake does not hide those of operations that do not call it', () => {
  const model = draft();
  plant(step('lockPge'))(model);
  firstOf(model, 'zero').unshift(leave('out'), step('unlockPage'));
  firstOf(model, 'insert').unshift(call('insert'), leave('out'));
  const places = problemsOf(model).map(({ where }) => where);
  assert.deepEqual(places, ['paths.punch[0]', 'paths.insert[0]', 'paths.zero[0]', 'paths.zero[1]']);
});

test('many problems are counted, not listed', () => {
  const model = draft();
  model.paths.punch = Array<Node>(2000).fill(strange({ step: 'lockPge' }));
  const problems = problemsOf(model);
  assert.equal(problems.length, 20);
});

test('refused: what is no object at all', () => {
  for (const value of [null, 1, 'model', [], true, undefined]) refusalOf(value);
});

test('calls that double at every level are counted before they are inlined', () => {
  const model = draft();
  for (let i = 0; i < 8; i++) {
    const next = i === 7 ? step('setSize') : call(`level${i + 1}`);
    model.paths[`level${i}`] = Array<Node>(40).fill(next);
  }
  plant(call('level1'))(model);
  assert.match(refusalOf(model), /rows with calls inlined/);
  firstOf(model, 'level7').push(call('level8'));
  model.paths.level8 = [call('level9')];
  model.paths.level9 = [call('unmap')];
  assert.match(refusalOf(model), /nested deeper than 8/);
});

test('every built-in model passes in every combination of its toggles, and as a file; no step is in none', () => {
  const unused = new Set(STEPS.keys());
  for (const reference of allReferences()) {
    const model = modelOf(reference);
    assert.equal(checkModel(model, reference), model);
    checkModel(JSON.parse(modelJson(model)), reference);
    for (const name of compile(model).step) unused.delete(name);
  }
  assert.deepEqual([...unused], []);
});

/** A place in a value, drawn as a list of numbers, gets another value, or loses the one it has. */
function mutateAt(root: unknown, way: readonly number[], value: unknown, drops: boolean): void {
  let at = root;
  for (const [depth, number] of way.entries()) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    const key = keys[number % Math.max(1, keys.length)] ?? '0';
    const parts = at as Record<string, unknown>;
    if (depth < way.length - 1 && typeof parts[key] === 'object') at = parts[key];
    else {
      if (drops) delete parts[key];
      else parts[key] = structuredClone(value);
      return;
    }
  }
}

test('a spoilt model is a model or a refusal, and what is accepted compiles', () => {
  const words = fc.constantFrom<unknown>(
    ...['unmap', 'downRead', 'lockPage', 'isHole', 'out', 'again', 'mmapSem', 'journalStart', ''],
    ...[[], {}, null, 7, true, [{ step: 'note' }], { call: 'fault' }, { retry: 'again' }],
  );
  const way = fc.array(fc.nat(40), { minLength: 1, maxLength: 12 });
  const change = fc.tuple(way, fc.oneof(words, fc.jsonValue()), fc.boolean());
  let accepted = 0;
  const property = fc.property(
    fc.constantFrom(...MODEL_NAMES),
    fc.array(change, { minLength: 1, maxLength: 3 }),
    (name, changes) => {
      const model = draft(name);
      for (const [where, value, drops] of changes) mutateAt(model, where, value, drops);
      try {
        const text = JSON.stringify(model);
        compile(checkModel(JSON.parse(text), 'spoilt'));
        accepted++;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    },
  );
  fc.assert(property, { seed: RNG_SEED | 0, numRuns: 1000 });
  assert.ok(accepted > 10, `${accepted} were accepted`);
});

test('the file of a model with bytes changed is a model or a refusal with a place', () => {
  const before = intrinsics();
  const texts = fc.constantFrom(...MODEL_NAMES).map((name) => JSON.stringify(draft(name), null, 1));
  const seen = { value: 0, refusal: 0 };
  const property = fc.property(arbByteMutant(texts), (text) => {
    try {
      const { value, spotOf } = openJson(text, 'bytes.json', 'MODEL_INVALID');
      checkModel(value, 'bytes.json', spotOf);
      seen.value++;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code !== 'FORMAT_NEWER') assertPlaces(text, error);
      seen.refusal++;
    }
  });
  fc.assert(property, { seed: RNG_SEED | 0, numRuns: 300 });
  assert.ok(seen.refusal > 50, JSON.stringify(seen));
  assert.deepEqual(intrinsics(), before);
});

const numbered = (count: number, of: (i: number) => unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`name${i}`, of(i)]));
const many = <T>(count: number, of: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => of(i));

/** Models made to be slow: how large, and what is done so often. */
// biome-ignore format: a table
const SLOW: Readonly<Record<string, readonly [number, (count: number) => (model: Draft) => void]>> = {
  'unknown steps': [1500, (count) => plant(...many(count, (i) => step(`lockPge${i}`)))],
  'unknown calls': [1500, (count) => plant(...many(count, (i) => call(`unmp${i}`)))],
  'unknown tests': [1000, (count) => plant(...many(count, (i) => when(`isHol${i}`, [])))],
  'strange nodes': [1500, (count) => plant(...many(count, (i) => strange({ [`go${i}`]: 1 })))],
  'leaves of nothing': [1500, (count) => plant(...many(count, () => leave('out')))],
  'empty loops': [600, (count) => plant(...many(count, () => loop('more', [])))],
  'blocks in blocks': [100, (count) => plant(...many(count, () => nested(12)), leave('deep'))],
  options: [2000, (count) => set('options', numbered(count, () => ['a', 'b']))],
  toggles: [2000, (count) => set('toggles', numbered(count, (i) => `value${i}`))],
  fields: [2000, (count) => (model) => Object.assign(model, numbered(count, (i) => i))],
  'paths that call each other': [500, (count) => (model) => {
    for (let i = 0; i < count; i++)
      model.paths[`p${i}`] = [call(`p${(i * 7) % count}`), call(`p${i + 1}`)];
  }],
  'one value of an option': [5000, (count) => set('options', { policy: many(count, () => 'new') })],
};

for (const [name, [count, spoil]] of Object.entries(SLOW)) {
  test(`refused in bounded time: ${name}`, () => {
    const refused = (size: number): void => {
      const model = draft('canary');
      spoil(size)(model);
      const { value, spotOf } = openJson(JSON.stringify(model), 'slow.json', 'MODEL_INVALID');
      assert.throws(() => checkModel(value, 'slow.json', spotOf), { code: 'MODEL_INVALID' });
    };
    assertBounded(refused, count, name);
  });
}
