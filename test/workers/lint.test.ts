/** Static lock checks: nothing that a run does is missing, sound designs have no problem, and each planted one is seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { EDGES } from '../../workers/kernel/layout.ts';
import { CLASS_COUNT, classBit } from '../../workers/kernel/locks.ts';
import { type LintRule, lint } from '../../workers/model/lint.ts';
import { modelOfText } from '../../workers/model/open.ts';
import { LIBRARY, MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { RandomWalk } from '../../workers/schedulers/random-walk.ts';
import { golden } from '../support/golden.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const SEEDS = readSeeds(PACKAGE_ROOT);
const RUNS = 20;

/** Designs that break no lock rule of their own; what else they get wrong no static check sees. */
const SOUND = [
  ...['boaz-rwlock', 'ext2-dax-sem', 'jul16-opt2-literal', 'jul16-opt2-unmap', 'jul16-opt3-atomic'],
  ...[
    'range-lock-fixed',
    'v45-radix',
    'v48-entry-lock',
    'xfs-mmaplock-prezero',
    'xfs-mmaplock-unwritten',
  ],
];

for (const name of MODEL_NAMES) {
  test(`${name}: every lock that a run asks for under another is in the order that lint says`, () => {
    const model = modelOf(name);
    const engine = new Engine(model);
    const { lockNames } = engine.program;
    const known = new Set(
      lint(model).orders.flatMap(({ edges }) =>
        edges.map(({ held, asked }) => `${held} -> ${asked}`),
      ),
    );
    const random = new Random(RNG_SEED);
    const walk = new RandomWalk(random);
    const missing = new Set<string>();
    for (const { input } of SEEDS) {
      if (engine.lackingIn(input) !== null) continue;
      engine.load(input);
      for (let i = 0; i < RUNS; i++) {
        engine.run(walk);
        for (let asked = 0; asked < CLASS_COUNT; asked++) {
          for (let held = 0; held < CLASS_COUNT; held++) {
            if ((engine.kernel.peek(EDGES + asked) & classBit(held)) === 0) continue;
            const edge = `${lockNames[held]} -> ${lockNames[asked]}`;
            if (!known.has(edge)) missing.add(edge);
          }
        }
      }
    }
    assert.deepEqual([...missing], []);
  });
}

test('designs that break no lock rule have no problem, the others have those that were reviewed', () => {
  const lines = MODEL_NAMES.flatMap((name) => {
    const { problems } = lint(modelOf(name));
    if (SOUND.includes(name)) assert.deepEqual(problems, [], name);
    return [name, ...problems.map(({ rule, label, detail }) => `  ${rule}  ${label}: ${detail}`)];
  });
  golden('lint.txt', `${lines.join('\n')}\n`);
});

// biome-ignore format: a table
const PLANTED: readonly (readonly [LintRule, string, string])[] = [
  ['inversion', 'in punch: wrap all with down_write(XFS_MMAPLOCK)', 'XFS_IOLOCK -> XFS_MMAPLOCK against XFS_MMAPLOCK -> XFS_IOLOCK'],
  ['inversion', 'lock new a_lock rwsem per file\nlock new b_lock rwsem per file\nin punch: at start insert down_write(a_lock), down_write(b_lock), up_write(b_lock), up_write(a_lock)\nin zero: at start insert down_write(b_lock), down_write(a_lock), up_write(a_lock), up_write(b_lock)', 'a_lock -> b_lock against b_lock -> a_lock'],
  ['order', 'in truncate: wrap claimRange with down_read(mmap_sem)', 'XFS_MMAPLOCK -> mmap_sem; `order` says mmap_sem -> XFS_MMAPLOCK'],
  ['nested', 'in zero: wrap claimRange with down_read(XFS_IOLOCK)', 'asks for XFS_IOLOCK and holds one of that class'],
  ['balance', 'in zero: without up_write(XFS_MMAPLOCK)', 'returns with XFS_MMAPLOCK held'],
  ['balance', 'in zero: before claimRange insert up_write(mmap_sem)\nin zero: at start insert down_read(mmap_sem)', 'releases mmap_sem, which is not held so'],
  ['need', 'in punch: without down_write(XFS_MMAPLOCK)', 'needs XFS_MMAPLOCK for write'],
  ['unreachable', 'in punch: at end insert block over: checkSize, leave over, checkCached', 'no way leads to it: mine.model:4:60'],
  ['unreachable', 'part mine: checkSize\nin punch: at end insert block over: mine, leave over, mine', 'no way leads to it: mine.model:5:55'],
];

test('each planted problem is seen, and the base has none', () => {
  for (const [rule, edits, detail] of PLANTED) {
    const text = `faultline model 1\nname mine\nextends xfs-mmaplock-prezero\n${edits}\n`;
    const { problems } = lint(modelOfText(text, 'mine.model', null, LIBRARY));
    const seen = problems.some((one) => one.rule === rule && one.detail.includes(detail));
    assert.ok(seen, `${edits}\n${JSON.stringify(problems, null, 1)}`);
  }
});

test('a part that is used for several cases is no problem where another case does not reach all of it', () => {
  const part = 'part cases:\n  if isWrite: checkCached\n  else: checkSize';
  const uses = ['if', 'unless'].map((word) => `in fault: at start insert ${word} isWrite: cases`);
  const lines = ['faultline model 1', 'name mine', 'extends modern-xfs', part, ...uses, ''];
  const text = lines.join('\n');
  assert.deepEqual(lint(modelOfText(text, 'mine.model', null, LIBRARY)).problems, []);
});
