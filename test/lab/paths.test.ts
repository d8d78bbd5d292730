/** `lab conform REF`: what is planted in a trace is found, in both spellings; what is not compared has a reason. */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { checkInput } from '../../corpus/vocabulary/validate.ts';
import { FILE_SYSTEM_NAMES } from '../../deploy/lab/file-systems.ts';
import { comparePaths, type PathsConformed, type Traced } from '../../deploy/lab/paths/compare.ts';
import { everyPlayed, nameOf, readTraces } from '../../deploy/lab/paths/folder.ts';
import { hugeWorkload } from '../../deploy/lab/paths/huge.ts';
import { inputOf, OPERATIONS, STATES } from '../../deploy/lab/paths/operations.ts';
import { reasonNotCompared } from '../../deploy/lab/paths/reasons.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { faultlineHere } from '../cli/faultline.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'test/kernel-6.1/traces');
const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-paths-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const PUNCHED = readTraces(FOLDER, 'ext4').filter(({ played }) => nameOf(played) === 'punch-dirty');

function compare(
  reference: string,
  change: (events: readonly string[]) => readonly string[],
): PathsConformed {
  const traces: readonly Traced[] = PUNCHED.map(({ played, events }) => ({
    played,
    events: change(events),
  }));
  return comparePaths(compile(modelOf(reference)), 'ext4', traces);
}

test('a trace that nothing was planted in conforms', () => {
  const { compared, differences } = compare('modern-ext4', (events) => events);
  assert.equal(compared, 1);
  assert.deepEqual(differences, []);
});

test('a lock that the kernel does not take: the model’s step is named', () => {
  const taken = 'down_write invalidate_lock';
  const { differences } = compare('modern-ext4', (events) =>
    events.filter((line) => line.trim() !== taken),
  );
  assert.deepEqual(
    differences.map(({ model }) => model),
    [{ event: 'down_write faultLock', own: 'punch/downWrite(faultLock)' }],
  );
});

test('a flush that the model does not have: the line of the trace is named', () => {
  const { differences } = compare('modern-ext4', (events) => [...events, 'dax_flush']);
  const [one] = differences;
  assert.deepEqual(one?.kernel, { event: 'FLUSH', own: 'dax_flush' });
  assert.equal(one?.model, null);
});

test('a change of the page that comes late', () => {
  const change = '* pte b1 ro -> none';
  const { differences } = compare('modern-ext4', (events) => {
    const without = events.filter((line) => line.trim() !== change);
    assert.equal(without.length, events.length - 1);
    return [...without, change];
  });
  assert.deepEqual(
    differences.map(({ model }) => model?.event),
    ['pte b ro -> none'],
  );
});

test('XFS reads a block of metadata on its way: no page is copied', () => {
  const [of] = readTraces(FOLDER, 'xfs').filter(({ played }) => nameOf(played) === 'pwrite-hole');
  assert.ok(of !== undefined);
  const allocates = 'xfs_bmapi_write';
  const events = of.events.flatMap((line) =>
    line.trim() === allocates ? [line, 'copy_mc_to_kernel'] : [line],
  );
  assert.equal(events.length, of.events.length + 1);
  const { differences } = comparePaths(compile(modelOf('modern-xfs')), 'xfs', [{ ...of, events }]);
  assert.deepEqual(differences, []);
});

test('a model without the lock differs from the kernel as traced', () => {
  assert.equal(compare('modern-nobreak', (events) => events).differences.length, 1);
});

test('every operation in every state is an input; what no model has says why', () => {
  const reasons = new Set<string>();
  for (const fs of FILE_SYSTEM_NAMES) {
    for (const played of everyPlayed(fs)) {
      const [operation, state] = played;
      const [traced, start] = [OPERATIONS[operation], STATES[state]];
      const reason = reasonNotCompared(fs, played);
      if (reason !== null) reasons.add(reason);
      if (traced === undefined || start === undefined) {
        assert.ok(hugeWorkload(operation, state) !== null && reason !== null, nameOf(played));
      } else assert.equal(checkInput(parseInput(inputOf(traced, start), nameOf(played))), null);
    }
  }
  assert.equal(reasons.size, 3);
});

test('lab conform REF --traces DIR: 0 where the paths conform, 1 and both spellings where not', async () => {
  const mine = path.join(scratch, 'mine');
  mkdirSync(path.join(mine, 'ext4'), { recursive: true });
  const file = path.join(mine, 'ext4/punch-dirty.txt');
  cpSync(path.join(FOLDER, 'ext4/punch-dirty.txt'), file);
  const args = ['lab', 'conform', 'modern-ext4', '--traces', mine];
  const good = await faultlineHere(args, scratch);
  assert.equal(good.exit, 0, good.stderr);
  assert.equal(good.stdout.trim(), `ext4 of ${mine} against modern-ext4: 1 path, no difference`);
  writeFileSync(file, readFileSync(file, 'utf8').replace('down_write invalidate_lock\n', ''));
  const bad = await faultlineHere(args, scratch);
  assert.equal(bad.exit, 1);
  assert.match(bad.stdout, /^punch of a page that is dirty:$/m);
  assert.match(
    bad.stdout,
    /^ {2}model {3}down_write faultLock {3}\(punch\/downWrite\(faultLock\)\)$/m,
  );
});

test('what is not there is refused, and the names that there are are said', async () => {
  const asked = [
    [['trace', 'pucnh'], /no operation is called pucnh; operations: load, store,/],
    [
      ['trace', 'punch', 'shared', '--fs', 'ext4'],
      /punch is not recorded on a page that is shared; states: hole,/,
    ],
    [['conform', '--traces', path.join(scratch, 'none')], /there are no traces in .*none\/ext4/],
  ] as const;
  for (const [args, says] of asked) await refused(args, says);
});

async function refused(args: readonly string[], says: RegExp): Promise<void> {
  const { exit, stderr } = await faultlineHere(['lab', ...args], scratch);
  assert.equal(exit, 2, stderr);
  assert.match(stderr, says);
  assert.match(stderr, new RegExp(`^hint: see .faultline lab ${args[0]} --help.$`, 'm'));
}

test('a flag that does nothing is refused', async () => {
  const seed = path.join(PACKAGE_ROOT, 'corpus/seeds/b12-fault-vs-punch.txt');
  const older = 'test/golden/older/findings';
  const [id = ''] = readdirSync(path.join(PACKAGE_ROOT, older));
  const asked = [
    ['conform --here . --fs xfs', /--fs does nothing beside --here: leave it out/],
    ['conform --here . --kernel k --modules m', /--kernel and --modules do nothing beside --here/],
    ['conform --here . --accel tcg', /--accel does nothing beside --here/],
    ['conform modern-ext4 --here .', /--here does nothing beside REF/],
    ['conform modern-ext4 --model modern-xfs', /--model does nothing beside REF/],
    ['conform modern-ext4 --ops 7', /--ops does nothing beside REF/],
    ['conform --paths --ops 7', /--ops does nothing beside --paths/],
    ['conform --traces . --accel kvm', /--accel does nothing beside --traces/],
    [`force ${seed} --without fsync:i_rwsem`, /--without fsync:i_rwsem does nothing: no thread/],
    [
      `force ${path.join(PACKAGE_ROOT, older, id, 'repro.txt')} --model modern-xfs`,
      /--model does nothing beside .*repro.txt, which names its model/,
    ],
  ] as const;
  for (const [line, says] of asked) await refused(line.split(' '), says);
});

test('a line that is none of a trace is refused with file, line and text', async () => {
  const kept = readFileSync(path.join(FOLDER, 'ext4/punch-dirty.txt'), 'utf8');
  const [head = '', ...events] = kept.split('\n');
  const asked = [
    [[head, 'garbage in here', ...events], /punch-dirty.txt:2: "garbage in here" is no event/],
    [[head, ...events, 'dax flush'], /punch-dirty.txt:\d+: "dax flush" is no event of a trace/],
    [[...events], /punch-dirty.txt:1: "down_write i_rwsem" begins no trace/],
    [[head, 'same events as punch-hole'], /has the events of punch-hole, which is not there/],
    [[head, 'same events as punch-dirty'], /which names another one itself, punch-dirty/],
    [[head, 'same events as punch-dirty', 'x'], /punch-dirty.txt:3: "x" is no event/],
  ] as const;
  const mine = path.join(scratch, 'garbage');
  mkdirSync(path.join(mine, 'ext4'), { recursive: true });
  for (const [lines, says] of asked) {
    writeFileSync(path.join(mine, 'ext4/punch-dirty.txt'), lines.join('\n'));
    await refused(['conform', 'modern-ext4', '--traces', mine], says);
  }
});
