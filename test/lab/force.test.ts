/**
 * What `lab force` makes of a finding before a machine is there, and of what a machine says: the table of probes, the
 * steps of a gate, runs that leave something to see, amputations, verdicts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FILE_SYSTEM_NAMES } from '../../deploy/lab/file-systems.ts';
import { PROBES, placeOf, rowOf } from '../../deploy/lab/force/probes.ts';
import { readingsOf } from '../../deploy/lab/force/readings.ts';
import { verdictOf } from '../../deploy/lab/force/verdict.ts';
import { parseWithout } from '../../deploy/lab/force/without.ts';
import { STEPS } from '../../workers/kernel/step-registry.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { readyFor } from './ready.ts';

/** B12 on a punch that takes no invalidate_lock. */
const PUNCH = readyFor('b12-fault-vs-punch', 'modern-ext4', 'ext4', [
  parseWithout('punch:invalidate_lock'),
]);

test('every step has a row, and a row that says why where a thread is not held exactly', () => {
  const named = new Set(Object.keys(PROBES).map((key) => key.split(' ')[0] ?? ''));
  assert.deepEqual(
    [...STEPS.keys()].filter((step) => !named.has(step)),
    [],
  );
  assert.deepEqual(
    [...named].filter((step) => !STEPS.has(step)),
    [],
  );
  for (const [step, row] of Object.entries(PROBES)) {
    if (row.how === 'exactly') assert.ok(row.before !== undefined || row.after !== undefined, step);
    else assert.ok((row.why ?? '') !== '', step);
  }
});

test('every step that a model of 6.1 runs has a row of its lock, on each file system', () => {
  for (const reference of ['modern-ext4', 'modern-xfs:reflink=on,swap=on']) {
    const { step, lock, label } = compile(modelOf(reference));
    const ats = step.flatMap((name, i) => {
      const call = label[i]?.split('/').at(-2) ?? '';
      return STEPS.has(name) ? [{ step: name, lock: lock[i] ?? '', call, previous: '' }] : [];
    });
    for (const one of ats) {
      assert.notEqual(rowOf(one), undefined, `${one.step} ${one.lock}`);
      for (const fs of FILE_SYSTEM_NAMES) {
        for (const side of ['before', 'after'] as const)
          assert.match(placeOf(one, side, fs) ?? '<none', /^[<>]\w+(?:\(\w+\))?$/);
      }
    }
  }
});

test('F02: the store stands between its block and the unmap, while the write and a load run', () => {
  const { steps } = readyFor('f02-pwrite-beside-write-fault', 'modern-ext4', 'ext4');
  assert.match(steps, /([AB]):\|([<>]\w+(?:\(\w+\))?),.*[AB]:\|<__x64_sys_write,\1:\2/);
});

test('B15 on XFS, which purges twice: a run is taken whose stale pte is there at the end', () => {
  const without = [parseWithout('collapse:invalidate_lock')];
  const { steps, cuts } = readyFor('b15-fault-vs-collapse', 'modern-xfs', 'xfs', without);
  assert.match(steps, /truncate_inode_pages_range/);
  assert.equal(cuts, 'B:write=invalidate_lock');
});

test('an amputation names a thread of the operation; ext4 asks for the lock once more', () => {
  assert.equal(PUNCH.cuts, 'B:write=invalidate_lock,B:fn=ext4_break_layouts');
  const call = parseWithout('fsync:dax_flush()');
  assert.deepEqual(call, { op: 'fsync', name: 'dax_flush', isCall: true });
  for (const bad of ['punch', 'punch:no_lock', 'nothing:i_rwsem', 'punch:a b()'])
    assert.throws(() => parseWithout(bad), /OPERATION:LOCK/, bad);
});

test('what program and gate say becomes a verdict', () => {
  const said = (area: string, ...gate: readonly string[]): string =>
    [
      'after A size 4096 dax',
      'after A line      0  2048',
      'after A pread     0     0',
      `after A P0.a0  ${area}`,
      '@status 0',
      ...gate,
    ].join('\n');
  const all = PUNCH.plan.steps.map((_, i) => `done ${i} A:x flushes 0`);
  const kindOf = (output: string): string => verdictOf(PUNCH, readingsOf(output)).kind;
  assert.equal(kindOf(said('25 25', ...all)), 'shown');
  assert.equal(kindOf(said('0 0', ...all)), 'right');
  assert.equal(kindOf(said('0 0', ...all.slice(1))), 'cannot');
  assert.equal(kindOf(said('0 0', ...all).replace('4096 dax', '4096 not-dax')), 'cannot');
  assert.equal(kindOf(said('0 0', ...all).replace('@status 0', '@status 124')), 'cannot');
  const late = 'impossible 2 A:x: earlier 1 B:y did not come';
  const blocked = verdictOf(PUNCH, readingsOf(said('0 0', `${late}, B sleeps on invalidate_lock`)));
  assert.ok(blocked.kind === 'blocked' && blocked.lock === 'invalidate_lock');
  assert.equal(kindOf(said('0 0', late)), 'cannot');
});
