/** The text form of models: what it means, what it prints, and that what is wrong with it is said all at once. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { checkModel } from '../../workers/kernel/check-model.ts';
import { type Model, type Node, type Path, when } from '../../workers/kernel/path.ts';
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
import { arbByteMutant, intrinsics } from '../corpus/hostile.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const opened = (text: string, setting = ''): Model =>
  modelOfText(text, 'mine.model', setting, LIBRARY);

/** A model that changes XFS. */
const changed = (...lines: readonly string[]): string =>
  ['faultline model 1', 'name mine', 'extends xfs-mmaplock-prezero', ...lines, ''].join('\n');

function problemsOf(text: string): readonly string[] {
  try {
    opened(text);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.problems.map(({ line, column, what }) => `${line}:${column}: ${what}`);
  }
  return [];
}

const flat = (body: Path): readonly string[] =>
  body.flatMap((node): readonly string[] => {
    if ('step' in node) return [node.lock === undefined ? node.step : `${node.step}(${node.lock})`];
    if ('when' in node) return [`if ${node.when}`, ...flat(node.then), ...flat(node.else ?? [])];
    if ('loop' in node) return [`while ${node.loop}`, ...flat(node.body)];
    if ('block' in node) return [`block ${node.block}`, ...flat(node.body)];
    if ('leave' in node) return [`leave ${node.leave}`];
    return 'retry' in node ? [`retry ${node.retry}`] : [`${node.call}()`];
  });
const pathOf = (name: string, text: string): readonly string[] =>
  flat(opened(text).paths[name] ?? []);

test('every built-in model prints whole, reads back as itself, and prints the same again', () => {
  for (const reference of flavours()) {
    const model = modelOf(reference);
    const text = printModel(model);
    const again = modelOfText(text, reference, '', LIBRARY);
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
    assert.ok(lines.length <= 210, `${file}: ${lines.length} lines`);
    const isDerived = /^extends /m.test(text);
    if (isDerived) assert.ok(lines.length <= 95, `${file}: ${lines.length} lines`);
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
    '4:29: toggle policy of v42-immap-read is new or unwritten or prezero, not "never"',
  ]);
});

// biome-ignore format: a table
const WRONG: readonly (readonly [string, string])[] = [
  ['titel x', '4:1: "titel" begins no line of a model; the nearest is title; a path ends with a colon'],
  ['in punch: before zap_pte_range insert checkSize', '4:18: there is no step or part "zap_pte_range"; what stands for it here is clearPte'],
  ['in punch: wrap 3rd removeExtent with down_write(i_mutex)', '4:20: punch has removeExtent only once'],
  ['in collapse: without unmapCows()', '4:22: collapse has unmapCows() 2 times'],
  ['in pnch: without removeExtent', '4:4: there is no path "pnch" to change; the nearest is punch'],
  ['in punch: without from removeExtent to claimRange', '4:40: comes before the place that the range begins with'],
  ['punch: checkSize, if hasPgae: leave out', '4:22: there is no test "hasPgae"; the nearest is hasPage'],
  ['punch: allocBlock(lazy)', '4:8: allocBlock has no flavour "lazy"; there are new, unwritten, prezero'],
  ['punch: clearPte(x)', '4:8: clearPte takes nothing in brackets'],
  ['punch: down_write(pageLock)', '4:19: pageLock is no rwsem: its steps take it'],
  ['punch: down_write(i_mutx)', '4:19: there is no lock "i_mutx"; the nearest is i_mutex'],
  ['punch: checkSize()', '4:8: checkSize is a step: it stands without brackets'],
  ['punch: truncateBody()', '4:8: truncateBody is a part, not a path: it stands without brackets'],
  ['punch: checkSize, leave nowhere', '4:25: missing label: no block "nowhere" encloses this'],
  ['punch:', '4:7: expected a body, on this line or indented below it (`nothing` if it is empty), found the end of the line'],
  ['punch: with down_write: checkSize', '4:13: down_write takes a lock in brackets'],
  ['punch: with copyIn: checkSize', '4:13: copyIn is nothing to take: down_write(LOCK), down_read(LOCK), journal or freeze'],
  ['\tpunch: checkSize', '4:2: is indented with a tab; indent with blanks'],
  ['finds B12 for policy=new', '4:15: mine has no toggle "policy"'],
  ['order mmap_sem -> i_rwsem, i_mmap', '4:7: there is no lock "i_rwsem, i_mmap"'],
  ['finds B12 B999', '4:11: there is no row of the catalogue "B999"'],
  ['order XFS_IOLOCK -> mmap_sem\norder mmap_sem -> page lock -> XFS_IOLOCK', '5:7: closes a cycle: XFS_IOLOCK would come before itself'],
  ['punch: claimRange, then checkSize', '4:20: claimRange answers neither yes nor no, and has no `then` or `else`'],
  ['punch: unmapCows(), then checkSize', '4:21: `then` follows a step that answers yes or no'],
  ['part mine: checkSize\npunch: mine, else claimRange', '5:14: mine is a part and has no `then` or `else`'],
  ['punch: if hasPage: checkSize, else: claimRange', '4:31: on one line it could be of the `if`: put it on a line of its own'],
  ['punch: while not hasPage: checkSize', '4:18: `while` takes a test without `not`'],
  [`punch: ${'if hasPage: '.repeat(60)}checkSize`, '4:488: is nested deeper than 40 on one line'],
  ['in punch: before truncateBody insert checkSize', '4:18: truncateBody is a part, which is in the path step by step; name its steps, or change it: `part truncateBody: …`'],
  ['punch: checkSize\npunch: claimRange', '5:1: punch is defined twice; line 4 has it already'],
  ['part a: checkSize\npart a: claimRange\npunch: a', '5:6: a is defined twice; line 4 has it already'],
  ['pnch: checkSize', '4:1: nothing calls the path pnch; the nearest is punch'],
  ['part trncateBody: checkSize', '4:6: nothing uses the part trncateBody; the nearest is truncateBody'],
  ['part checkSize: claimRange', '4:6: checkSize is a step, and cannot be a part'],
  ['lacks collapse\ncollapse: checkSize', '4:7: the text has a path collapse and says that it lacks it'],
  ['lock inodeLock XFS_MMAPLOCK', '4:6: "XFS_MMAPLOCK" is the name of faultLock already'],
  ['lock new XFS_MMAPLOCK rwsem per file', '4:10: there is a lock "XFS_MMAPLOCK" already'],
  ['toggle x = a | b\nfor x=a, x=b:\n  in punch: at start insert checkSize', '5:10: names x twice; `x=a|b` is either'],
  ['part loop: loop\npunch: loop', '4:12: parts are nested deeper than 16, or one is a part of itself'],
];

test('each mistake is named where it stands, with what was probably meant', () => {
  for (const [line, expected] of WRONG) {
    const [first = ''] = problemsOf(changed(...line.split('\n')));
    assert.ok(first.startsWith(expected), `${line}\n  ${first}\n  ${expected}`);
  }
});

test('all mistakes are named at once, in the order of the lines', () => {
  // A path may be defined once.
  const kinds = ['punch', 'truncate', 'zero', 'collapse', 'insert', 'fallocate', 'fsync', 'msync'];
  const lines = WRONG.slice(0, 12).map(([line]) =>
    line.startsWith('punch:') ? line.replace('punch', kinds.shift() ?? '') : line,
  );
  const places = problemsOf(changed(...lines)).map((problem) => Number(problem.split(':')[0]));
  assert.ok(places.length >= 12, `${places.length}`);
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
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

test('a text that is printed whole has its toggles set', () => {
  const text = printModel(modelOf('v42-immap-read:policy=prezero'));
  const mine = text.replace(/^name .*$/m, 'name mine');
  assert.equal(opened(mine).toggles.policy, 'prezero');
  assert.equal(opened(mine, 'policy=prezero').toggles.policy, 'prezero');
  assert.throws(() => opened(mine, 'policy=new'), /says nothing `for policy=new`/);
});

test('what cannot be is named beside what is unknown', () => {
  const lines = [
    'order XFS_IOLOCK -> nolock',
    'finds B99',
    'fsync: leave out',
    'pwrite: copyIn, retry x',
  ];
  assert.deepEqual(
    problemsOf(changed(...lines)).map((problem) => problem.slice(problem.indexOf(' ') + 1)),
    [
      'there is no lock "nolock"',
      'there is no row of the catalogue "B99"; the nearest is B09',
      'has no visible step: it would end as it begins',
      'missing label: no block "out" encloses this',
      'missing label: no block "x" encloses this',
    ],
  );
});

test('a text is bounded, and names the bound that it passes', () => {
  const long = changed('punch:', ...Array.from({ length: 100_000 }, () => '  checkSize'));
  const deep = changed(
    'punch:',
    ...Array.from({ length: 500 }, (_, i) => `${' '.repeat(i + 1)}if hasPage:`),
  );
  const wide = changed(`punch: ${'checkSize, '.repeat(6000)}checkSize`);
  const doubled = changed(
    ...Array.from({ length: 15 }, (_, i) => `part p${i}: p${i + 1}, p${i + 1}`),
    'part p15: checkSize',
    'punch: p0',
  );
  const settings = changed(
    ...Array.from({ length: 9 }, (_, i) => `toggle t${i} = a | b\nfinds B12 for t${i}=b`),
  );
  assert.match(problemsOf(long)[0] ?? '', /characters, at most 262144/);
  assert.match(problemsOf('x'.repeat(10_000_000))[0] ?? '', /10000000 characters, at most 262144/);
  assert.match(problemsOf(deep)[0] ?? '', /is nested deeper than 40/);
  assert.match(problemsOf(wide)[0] ?? '', /the path has more than 4000 nodes/);
  assert.match(problemsOf(doubled)[0] ?? '', /the path has more than 4000 nodes/);
  assert.match(problemsOf(settings)[0] ?? '', /its toggles have more than 256 settings together/);
});

test('a hostile text is refused with a reason or read, and nothing else', () => {
  // Not the model of 64 settings, each of which is read.
  const texts = MODEL_NAMES.filter((name) => name !== 'v48-entry-lock').map((name) =>
    modelText(name).replace(/^name .*$/m, 'name mine'),
  );
  const before = intrinsics();
  fc.assert(
    fc.property(arbByteMutant(fc.constantFrom(...texts)), (text) => {
      try {
        opened(text);
      } catch (error) {
        assert.ok(error instanceof Refusal, error instanceof Error ? error.stack : String(error));
        assert.ok(error.message.length < 1000, error.message);
      }
    }),
    { seed: RNG_SEED, numRuns: 80 },
  );
  assert.deepEqual(intrinsics(), before);
});
