/** The text form of models: what it means, what it prints, and that what is wrong with it is said all at once. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { type Node, type Path, when } from '../../workers/kernel/path.ts';
import { checkModel } from '../../workers/model/check-model.ts';
import { modelOfText } from '../../workers/model/open.ts';
import { printModel } from '../../workers/model/print.ts';
import {
  flavours,
  LIBRARY,
  MODEL_NAMES,
  modelJson,
  modelOf,
  modelText,
} from '../../workers/models/registry.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { changed, flat, opened, pathOf, problemsOf } from './support/model-texts.ts';

test('every built-in model prints whole, reads back as itself, and prints the same again', () => {
  for (const reference of flavours()) {
    const model = modelOf(reference);
    const text = printModel(model);
    const again = modelOfText(text, reference, null, LIBRARY);
    assert.equal(modelJson(again), modelJson(model), reference);
    assert.equal(printModel(again), text, reference);
    const wide = text.split('\n').filter((line) => line.length > 100);
    assert.deepEqual(wide, [], reference);
  }
});

test('texts of built-in models are short, narrow, and say where they were read', () => {
  const folder = path.join(PACKAGE_ROOT, 'workers/models');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.model'))) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const lines = text.split('\n');
    assert.ok(
      lines.every((line) => line.length <= 100),
      file,
    );
    assert.ok(lines.length <= 225, `${file}: ${lines.length} lines`);
    const isDerived = /^extends /m.test(text);
    // Of the two of 6.1 every path differs.
    const isBase = !isDerived || file === 'modern-xfs.model';
    if (!isBase) assert.ok(lines.length <= 95, `${file}: ${lines.length} lines`);
    assert.match(text, /^(?:from|comment) /m, file);
  }
  for (const name of MODEL_NAMES)
    assert.match(modelText(name), new RegExp(`^name    ${name}$`, 'm'));
});

/** Bodies of any shape, which need not make sense. */
const { body: arbBody } = fc.letrec<{ body: Node[] }>((tie) => {
  const leaf = fc.constantFrom<Node>(
    { step: 'checkSize' },
    { step: 'getBlock' },
    { step: 'allocBlockNew' },
    { step: 'journalStart' },
    { step: 'journalStop' },
    { step: 'downWrite', lock: 'inodeLock' },
    { step: 'upWrite', lock: 'inodeLock' },
    { step: 'nextPage' },
    { call: 'unmap' },
    { leave: 'outer' },
    { leave: 'inner' },
  );
  const block = (name: string) => tie('body').map((body): Node => ({ block: name, body }));
  const branch = fc
    .tuple(fc.constantFrom('answerIsNo', 'answerIsYes', 'hasPage'), tie('body'), tie('body'))
    .map(([name, yes, no]) => (no.length === 0 ? when(name, yes) : when(name, yes, no)));
  const loop = tie('body').map(
    (body): Node => ({ loop: 'more', body: [{ step: 'findSlot' }, ...body] }),
  );
  const node = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    branch,
    loop,
    block('inner'),
  );
  return { body: fc.array(node, { maxLength: 5 }) };
});

test('what a model prints reads back as the same model, whatever its paths are', () => {
  const base = modelOf('v42-immap-read');
  let read = 0;
  fc.assert(
    fc.property(arbBody, (body) => {
      const punch: Path = [
        { step: 'claimRange' },
        { block: 'outer', body: [{ step: 'checkSize' }, ...body] },
      ];
      const model = { ...base, name: 'mine', paths: { ...base.paths, punch } };
      try {
        checkModel(JSON.parse(modelJson(model)), 'mine');
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
        return;
      }
      read += 1;
      assert.equal(modelJson(opened(printModel(model))), modelJson(model), printModel(model));
    }),
    { seed: RNG_SEED, numRuns: 400 },
  );
  assert.ok(read > 40, `${read} of 400 make sense`);
});

test('what `with` takes is given back at its end and before every way out of it', () => {
  const body = [
    'punch:',
    '  block out:',
    '    with down_write(XFS_IOLOCK):',
    '      block inner:',
    '        with journal:',
    '          checkSize, else leave out',
    '          if hasFailed: leave inner',
    '        claimRange',
  ];
  assert.deepEqual(pathOf('punch', changed(...body)), [
    'block out',
    'downWrite(inodeLock)',
    'block inner',
    'journalStart',
    'checkSize',
    'if answerIsNo',
    'journalStop',
    'upWrite(inodeLock)',
    'leave out',
    'if hasFailed',
    'journalStop',
    'leave inner',
    'journalStop',
    'claimRange',
    'upWrite(inodeLock)',
  ]);
});

// biome-ignore format: a table
const EDITS: readonly (readonly [string, readonly string[]])[] = [
  ['before 1st downWrite insert checkSize', []],
  ['before claimRange insert checkSize', ['downWrite(inodeLock)', 'downWrite(faultLock)', 'checkSize', 'claimRange', 'setSize', 'upWrite(faultLock)', 'upWrite(inodeLock)']],
  ['after setSize insert with journal: checkSize', ['downWrite(inodeLock)', 'downWrite(faultLock)', 'claimRange', 'setSize', 'journalStart', 'checkSize', 'journalStop', 'upWrite(faultLock)', 'upWrite(inodeLock)']],
  ['at start insert checkSize', ['checkSize', 'downWrite(inodeLock)', 'downWrite(faultLock)', 'claimRange', 'setSize', 'upWrite(faultLock)', 'upWrite(inodeLock)']],
  ['replace down_write(XFS_MMAPLOCK) by down_read(XFS_MMAPLOCK)', ['downWrite(inodeLock)', 'downRead(faultLock)', 'claimRange', 'setSize', 'upRead(faultLock)', 'upWrite(inodeLock)']],
  ['replace down_write(XFS_MMAPLOCK) by checkSize', ['downWrite(inodeLock)', 'checkSize', 'claimRange', 'setSize', 'upWrite(inodeLock)']],
  ['without down_write(XFS_MMAPLOCK)', ['downWrite(inodeLock)', 'claimRange', 'setSize', 'upWrite(inodeLock)']],
  ['without up_write(XFS_MMAPLOCK)', ['downWrite(inodeLock)', 'downWrite(faultLock)', 'claimRange', 'setSize', 'upWrite(inodeLock)']],
  ['replace from claimRange to setSize by checkSize', ['downWrite(inodeLock)', 'downWrite(faultLock)', 'checkSize', 'upWrite(faultLock)', 'upWrite(inodeLock)']],
  ['wrap from claimRange to setSize with down_read(mmap_sem)', ['downWrite(inodeLock)', 'downWrite(faultLock)', 'downRead(mmapSem)', 'claimRange', 'setSize', 'upRead(mmapSem)', 'upWrite(faultLock)', 'upWrite(inodeLock)']],
  ['wrap all with freeze', ['sbStartPagefault', 'downWrite(inodeLock)', 'downWrite(faultLock)', 'claimRange', 'setSize', 'upWrite(faultLock)', 'upWrite(inodeLock)', 'sbEndPagefault']],
];

test('each edit does to a path what it says', () => {
  const base = [
    'fallocate: with down_write(XFS_IOLOCK): with down_write(XFS_MMAPLOCK): claimRange, setSize',
  ];
  const own = ['faultline model 1', 'name base', 'extends xfs-mmaplock-prezero', ...base].join(
    '\n',
  );
  for (const [edit, expected] of EDITS) {
    const text = `${own}\nin fallocate: ${edit}\n`;
    if (expected.length === 0)
      assert.match(problemsOf(text)[0] ?? '', /is written down_write\(LOCK\)/);
    else assert.deepEqual(pathOf('fallocate', text), expected, edit);
  }
});

test('toggles select edits and branches, and a base that has them is given them', () => {
  const text = [
    'faultline model 1',
    'name mine',
    'extends v42-immap-read',
    'toggle policy = unwritten | prezero',
    'toggle fence = off | on',
    'for fence=on:',
    '  in punch: wrap all with down_write(i_mmap_rwsem)',
    'finds B12 for fence=off',
    'clean B12 for fence=on',
  ].join('\n');
  const [off, on] = [opened(text), opened(text, 'fence=on,policy=prezero')];
  assert.deepEqual(
    [off.expect, on.expect].map(({ find }) => find),
    [['B12'], []],
  );
  assert.deepEqual(off.toggles, { policy: 'unwritten', fence: 'off' });
  assert.ok(flat(off.paths.pwrite ?? []).includes('allocBlockUnwritten'));
  assert.ok(flat(on.paths.pwrite ?? []).includes('allocBlockPrezero'));
  assert.equal(flat(on.paths.punch ?? [])[0], 'downWrite(iMmapRwsem)');
  assert.throws(() => opened(text, 'fence=maybe'), /fence.*maybe/);
  assert.deepEqual(problemsOf(text.replace('prezero', 'never')), [
    '4:29: toggle policy of model v42-immap-read cannot be "never"; it can be: new, unwritten, prezero',
  ]);
});

test('a test is changed, and turned where `not` or `unless` says so', () => {
  const path = ['fallocate:', '  if hasPage:', '    checkSize', '  else:', '    claimRange'];
  const yes = ['if hasFailed', 'checkSize', 'claimRange'];
  const no = ['if hasFailed', 'claimRange', 'checkSize'];
  const turns = [
    ['change if hasPage to hasFailed', yes],
    ['change if hasPage to not hasFailed', no],
    ['change unless hasPage to hasFailed', no],
    ['change unless hasPage to not hasFailed', yes],
  ] as const;
  for (const [edit, expected] of turns) {
    const text = changed(...path, `in fallocate: ${edit}`);
    assert.deepEqual(pathOf('fallocate', text), expected, edit);
  }
});
