/** What is wrong with a text is said all at once, each where it stands, with what was probably meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { modelOfText } from '../../workers/model/open.ts';
import { printModel } from '../../workers/model/print.ts';
import { readSource } from '../../workers/model/read.ts';
import { Report } from '../../workers/model/report.ts';
import type { Source } from '../../workers/model/source.ts';
import { LIBRARY, MODEL_NAMES, modelOf, modelText } from '../../workers/models/registry.ts';
import { arbByteMutant, intrinsics } from '../corpus/hostile.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { changed, flat, opened, problemsOf } from './support/model-texts.ts';

/** Each of them is read, which takes seconds. */
const MANY_SETTINGS = ['v48-entry-lock', 'modern-ext4', 'modern-xfs'];

// biome-ignore format: a table
const WRONG: readonly (readonly [string, string])[] = [
  ['titel x', '4:1: "titel" begins no line of a model; the nearest is title; a path ends with a colon'],
  ['in punch: before zap_pte_range insert checkSize', '4:18: there is no step or part "zap_pte_range"; what stands for it here is clearPte'],
  ['in punch: wrap 3rd removeExtent with down_write(i_mutex)', '4:20: punch has removeExtent only once'],
  ['in collapse: without unmapCows()', '4:22: collapse has unmapCows() 2 times: say which, as in `2nd unmapCows()`; `faultline models xfs-mmaplock-prezero --expanded` has them in order'],
  ['in pnch: without removeExtent', '4:4: there is no path "pnch" to change; the nearest is punch'],
  ['in punch: without from removeExtent to claimRange', '4:40: claimRange comes before removeExtent, where the range begins'],
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
  ['punch: with copyIn: checkSize', '4:13: copyIn is nothing to take: down_write(LOCK), down_read(LOCK), lockRange(RANGE), journal or freeze'],
  ['\tpunch: checkSize', '4:2: is indented with a tab; indent with blanks'],
  ['finds B12 for policy=new', '4:15: model mine has no toggle "policy"; its base xfs-mmaplock-prezero has, always prezero: give mine a line `toggle policy = prezero | new`'],
  ['order mmap_sem -> i_rwsem, i_mmap', '4:7: there is no lock "i_rwsem, i_mmap"; there are XFS_IOLOCK, mmap_sem, XFS_MMAPLOCK,'],
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
  ['comment why\n  in punch: without removeExtent', '5:3: goes on with the line above, below which it is indented: begin it further left'],
  ['set shift = 4.4', '4:5: model mine has no toggle "shift"; its base xfs-mmaplock-prezero has: write `extends xfs-mmaplock-prezero:shift=4.4`, or give mine a line `toggle shift = purge | 4.4` to choose it'],
  ['set shift = 5.0', '4:5: model mine has no toggle "shift"; its base xfs-mmaplock-prezero has, and it can be: purge, 4.4'],
  ['finds B12 for fsync_tag=x', '4:15: model mine has no toggle "fsync_tag"; it has none'],
  ['toggle a = x | y\nset a = z', '5:9: toggle a of model mine cannot be "z"; it can be: x, y'],
  ['toggle a = x | y\nset a = y\nset a = x', '6:5: a is set twice'],
  ['toggle a = x | x', '4:16: x is there twice'],
  ['toggle a = x | y\nfor a=y:\nin punch: without removeExtent', '5:9: expected what holds only then, indented below it'],
  ['in punch: change if hasRange to toString', '4:33: there is no test "toString"'],
  ['punch: if constructor: checkSize', '4:11: there is no test "constructor"'],
  ['in fault: replace from 1st getBlock to 2nd getBlock by getBlock', '4:44: 2nd getBlock is in another branch than 1st getBlock, where the range begins'],
  ['in pwrite: after 1st checkCached insert checkSize', '4:22: `then` or `else` behind it would ask what is inserted: name the `if`'],
  ['lock foo bar', '4:6: there is no class of locks "foo"'],
  ['lock new foo rwsem per inode', '4:24: is not file, mm or none'],
  ['punch: xfs_ilock', '4:8: there is no step or part "xfs_ilock"; what stands for it here is down_write(LOCK)'],
  ['pwrite: up_write(XFS_MMAPLOCK), checkSize', '4:9: up_write(XFS_MMAPLOCK) releases XFS_MMAPLOCK, which nothing in pwrite takes before: take it with down_write(XFS_MMAPLOCK), or leave this out'],
  ['pwrite: checkSize, up_read(faultLock)', '4:20: up_read(faultLock) releases XFS_MMAPLOCK, which nothing in pwrite takes before: take it with down_read(XFS_MMAPLOCK), downgrade_write(XFS_MMAPLOCK), or leave this out'],
  ['pwrite: checkSize, unlockEntry(keep)', '4:20: unlockEntry(keep) releases entryLock, which nothing in pwrite takes before: take it with lockEntry,'],
  ['pwrite: checkSize, unlockRange(page)', '4:20: unlockRange(page) releases rangeLock, which nothing in pwrite takes before: take it with lockRange(page), or'],
  ['pwrite: checkSize, sbEndPagefault', '4:20: sbEndPagefault releases freeze, which nothing in pwrite takes before: take it with sbStartPagefault, or'],
  ['in punch: without down_write(XFS_MMAPLOCK), up_write(XFS_IOLOCK)', '4:43: expected the end of the line'],
  ['in zero: replace from 1st down_write(XFS_IOLOCK) to 1st down_write(XFS_MMAPLOCK) by checkSize', '4:4: up_write(XFS_MMAPLOCK) releases XFS_MMAPLOCK, which nothing in zero takes before'],
  ['fault: copyOut(page)', '4:8: copyOut(page) may fault, and a fault cannot fault again: leave it out'],
  ['pwrite: checkSize, while more: firstPage', '4:26: a round of `while more` needs no visible step: it could spin for ever'],
  ['pwrite: checkSize, block a: block b: leave c', '4:44: missing label: no block "c" encloses this; blocks around it: a, b; the nearest is a'],
  ['in punch: before allocBlock(prezero) insert checkSize', '4:18: punch has no allocBlock(prezero); pwrite, fault have: `in pwrite: …`'],
  ['in fault: before allocBlock(new) insert checkSize', '4:18: fault has no allocBlock(new); it has allocBlock(policy)'],
  ['in punch: without down_read(XFS_MMAPLOCK)', '4:19: punch has no down_read(XFS_MMAPLOCK); it has down_write(XFS_MMAPLOCK), up_write(XFS_MMAPLOCK)'],
  ['in punch: without unlockEntry(keep)', '4:19: punch has no unlockEntry(keep); no path has; `faultline models xfs-mmaplock-prezero --expanded` has all of them'],
  ['in punch: before 2th claimRange insert checkSize', '4:18: 2th is written 2nd'],
  ['in punch: before 1th claimRange insert checkSize', '4:18: 1th is written 1st'],
  ['in punch: before 11st claimRange insert checkSize', '4:18: 11st is written 11th'],
  ['extends pagecache', '4:9: a model extends one other, and line 3 has `extends xfs-mmaplock-prezero`: leave one out'],
  ['toggle x = A', '4:12: expected a value of a-z, 0-9, dots and dashes, found "A"'],
  ['toggle x = a | b\nfinds B12 for x = c', '5:19: toggle x of model mine cannot be "c"; it can be: a, b'],
  ['clean B12-B14', '4:7: "B12-B14" is no row of the catalogue: write each by its id, as in B12 B13'],
  ['in truncateBody: without removeExtent', '4:4: there is no path "truncateBody" to change; it is a part: change it by `part truncateBody: …`'],
  ['in punch: change if more to noted', '4:21: punch has no if more; it has while more'],
  ['in punch: change removeExtent to noted', '4:18: removeExtent is no `if` or `while`, and has no test to change'],
  ['punch: if !hasRange: checkSize', '4:11: `!` is written `not`, or `unless` for `if not`'],
  ['punch: while (more): removeExtent', '4:14: a test stands without brackets'],
  ['punch: if noted or grows: checkSize', '4:20: tests are joined by `and` alone: write an `if` for each'],
  ['in punch: before 2 claimRange insert checkSize', '4:18: 2 is no number of a place: write 1st, 2nd, 3rd'],
  ['part punch: checkSize', '4:6: nothing uses the part punch; a path is written `punch:`'],
  ['lacks collapse\nin collapse: without claimRange', '5:4: there is no path "collapse" to change; mine lacks it'],
  ['punch: inode_lock, checkSize', '4:8: there is no step or part "inode_lock"; what stands for it here is down_write(XFS_IOLOCK)'],
  ['lacks pwrite', '4:7: no operation that a model may lack is called "pwrite"; there are punch, collapse,'],
  ['needs removeExtnt: XFS_IOLOCK W because x', '4:7: there is no step or part "removeExtnt"; the nearest is removeExtent'],
  ['needs unlockEntry(kep): XFS_IOLOCK W because x', '4:7: unlockEntry has no flavour "kep"'],
  ['part loop: loop\npunch: loop', '4:12: parts are nested deeper than 16, or one is a part of itself'],
];

test('each mistake is named where it stands, with what was probably meant', () => {
  for (const [line, expected] of WRONG) {
    const [first = ''] = problemsOf(changed(...line.split('\n')));
    assert.ok(first.startsWith(expected), `${line}\n  ${first}\n  ${expected}`);
  }
});

// biome-ignore format: a table
const WRONG_REFERENCES: readonly (readonly [string, string])[] = [
  [':', ': has no toggle behind its colon; type REF alone, or REF:TOGGLE=VALUE'],
  [':,', ':, has no toggle behind its colon; type REF alone'],
  [':reflink=on,', ':reflink=on, has a comma without a toggle before or behind it; type REF:reflink=on'],
  [':,reflink=on', ':,reflink=on has a comma without a toggle before or behind it; type REF:reflink=on'],
  [':reflink=on,,inv2=new', 'behind it; type REF:reflink=on,inv2=new'],
  [':reflink=on,reflink=off', 'REF sets toggle reflink twice, to on and to off; type REF:reflink=on or REF:reflink=off'],
  [':reflink=on,inv2=new, reflink=on', 'REF sets toggle reflink twice, to on both times; type REF:reflink=on'],
  [':=on', ':=on names no toggle before its "="; type REF:TOGGLE=on'],
  [':reflink', 'toggle reflink of model NAME is given no value; it can be: off, on'],
  [':reflink=', 'toggle reflink of model NAME is given no value; it can be: off, on'],
  [':reflink=maybe', 'toggle reflink of model NAME cannot be "maybe"; it can be: off, on'],
  [':refink=on', 'model NAME has no toggle "refink"; its toggles: '],
  [':toString=on', 'model NAME has no toggle "toString"; its toggles: '],
];

/** A text whose only toggle is one of its base. */
const CHOOSING =
  'faultline model 1\nname mine\nextends modern-xfs\ntoggle reflink = off | on\ntoggle inv2 = new | always\n';

test('what a reference sets is refused with the toggle and what to type, built in, of a file and in `extends`', () => {
  for (const [setting, expected] of WRONG_REFERENCES) {
    const as = (reference: string, name: string): string =>
      expected.replaceAll('REF', reference).replaceAll('NAME', name);
    const refused = { name: 'Refusal', exit: 2 };
    const says = (said: string) => (error: Refusal) => {
      assert.ok(error.message.includes(said), `${setting}\n  ${error.message}\n  ${said}`);
      assert.deepEqual({ name: error.name, exit: error.exit }, refused);
      return true;
    };
    assert.throws(() => modelOf(`modern-xfs${setting}`), says(as('modern-xfs', 'modern-xfs')));
    assert.throws(() => opened(CHOOSING, setting.slice(1)), says(as('mine.model', 'mine')));
    const derived = `faultline model 1\nname mine\nextends modern-xfs${setting}\n`;
    assert.throws(() => opened(derived), says(as('modern-xfs', 'modern-xfs').trimEnd()));
    assert.match(problemsOf(derived)[0] ?? '', /^3:9: /);
  }
});

test('a toggle that only a base has is refused with that base and what to type', () => {
  const derived = (base: string): string => `faultline model 1\nname mine\nextends ${base}\n`;
  const has = 'its base modern-xfs has: write `extends modern-xfs:';
  // biome-ignore format: a table
  const rows: readonly (readonly [string, string, string])[] = [
    ['modern-xfs', 'reflink=on', `${has}reflink=on\`, or give mine a line \`toggle reflink = off | on\` to choose it`],
    ['modern-xfs:inv2=always,reflink=on', 'reflink=off', `${has}inv2=always,reflink=off\`, or give mine a line \`toggle reflink = on | off\` to choose it`],
    ['modern-xfs', 'reflink=maybe', 'its base modern-xfs has, and it can be: off, on'],
    ['modern-cow-noinval', 'reflink=on', 'modern-xfs, which modern-xfs-fixed extends, has: write `extends modern-xfs:reflink=on` in place of modern-cow-noinval'],
    ['modern-cow-noinval', 'relink=on', 'it has none'],
  ];
  for (const [base, setting, remedy] of rows) {
    const message = `model mine has no toggle "${setting.split('=')[0]}"; ${remedy}`;
    assert.throws(() => opened(derived(base), setting), { message, exit: 2 });
  }
  const message = /its base modern-xfs has: type modern-xfs:.*reflink=on$/;
  assert.throws(() => modelOf('modern-xfs-fixed:reflink=on'), { message, exit: 2 });
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

test('a base that is not there is named, with how one is written', () => {
  const bases: readonly (readonly [string, string])[] = [
    ['modern-xsf', 'there is no model "modern-xsf"; the nearest is modern-xfs'],
    [
      'other',
      'there is no model "other"; `faultline models` lists those built in, and a file is named',
    ],
    ['./other.model', 'there is no file "./other.model" as seen from this one'],
    [
      'modern-xfs reflink=on',
      '"modern-xfs reflink=on" is no model: a text extends one, whose toggles stand behind a colon',
    ],
    ['modern-xfs, pagecache', '"modern-xfs, pagecache" is no model: a text extends one'],
  ];
  for (const [base, expected] of bases) {
    const [first = ''] = problemsOf(`faultline model 1\nname mine\nextends ${base}\n`);
    assert.ok(first.startsWith(`3:9: ${expected}`), first);
  }
  const path =
    'faultline model 1\nname mine\nextends modern-xfs\nin reflink: without shareExtent\n';
  const expected = '4:4: there is no path "reflink" to change; modern-xfs has it with reflink=on';
  assert.deepEqual(problemsOf(path), [expected]);
});

test('a text without a base is told of it, and a text that is printed whole is a base', () => {
  const alone = 'faultline model 1\nname mine\nin punch: without removeExtent\n';
  assert.match(problemsOf(alone).join('\n'), /^3:4: there is no path "punch" to change/m);
  const none = 'faultline model 1\nname mine\ntitle none\n';
  assert.match(problemsOf(none)[0] ?? '', /^2:6: names no base, and lacks what every model needs/);
  const whole = printModel(modelOf('xfs-mmaplock-prezero')).replace(/^name .*$/m, 'name whole');
  const texts: Readonly<Record<string, string>> = {
    'whole.model': whole,
    'a.model': 'faultline model 1\nname a\nextends b.model\n',
    'b.model': 'faultline model 1\nname b\nextends a.model\n',
  };
  const find = (name: string): Source | null =>
    texts[name] === undefined ? null : readSource(texts[name], new Report(name));
  const library = { ...LIBRARY, find };
  const derived =
    'faultline model 1\nname mine\nextends whole.model\nin punch: without down_write(XFS_MMAPLOCK)';
  const model = modelOfText(derived, 'mine.model', null, library);
  assert.ok(!flat(model.paths.punch ?? []).includes('downWrite(faultLock)'));
  assert.throws(
    () => modelOfText(texts['a.model'] ?? '', 'a.model', null, library),
    /a.model:3:9: extends itself, by way of b.model/,
  );
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
      'there is no lock "nolock"; there are XFS_IOLOCK, mmap_sem, XFS_MMAPLOCK, i_mmap_rwsem, page lock, entryLock, XFS_ILOCK, log reservation, rangeLock, freeze',
      'there is no row of the catalogue "B99"; the nearest is B09',
      'has no visible step: it would end as it begins; workers/README.md lists visible steps',
      'missing label: no block "out" encloses this; put `block out:` around it',
      'missing label: no block "x" encloses this; put `block x:` around it',
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
  assert.match(problemsOf(long)[0] ?? '', /characters, at most 262144/);
  assert.match(problemsOf('x'.repeat(10_000_000))[0] ?? '', /10000000 characters, at most 262144/);
  assert.match(problemsOf(deep)[0] ?? '', /is nested deeper than 40/);
  assert.match(problemsOf(wide)[0] ?? '', /the path has more than 4000 nodes/);
  assert.match(problemsOf(doubled)[0] ?? '', /the path has more than 4000 nodes/);
});

test('of many toggles each two are read together, and the setting that is asked for', () => {
  const toggles = Array.from(
    { length: 9 },
    (_, i) => `toggle t${i} = a | b\nfinds B12 for t${i}=b`,
  );
  const wrongWith = (...names: readonly string[]): string => {
    const conditions = names.map((name, i) => `${' '.repeat(i + 1)}for ${name}=b:`);
    const wrong = `${' '.repeat(names.length + 1)}leave nowhere`;
    return changed(...toggles, 'punch:', ...conditions, wrong, ' checkSize');
  };
  assert.deepEqual(problemsOf(changed(...toggles)), []);
  assert.match(problemsOf(wrongWith('t1', 't8'))[0] ?? '', /no block "nowhere".*t1=b.*t8=b\)/);
  const three = wrongWith('t0', 't4', 't8');
  assert.deepEqual(problemsOf(three), []);
  assert.throws(() => opened(three, 't0=b,t4=b,t8=b'), /no block "nowhere" encloses this/);
});

test('a hostile text is refused with a reason or read, and nothing else', () => {
  const texts = MODEL_NAMES.filter((name) => !MANY_SETTINGS.includes(name)).map((name) =>
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
