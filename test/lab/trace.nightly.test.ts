/**
 * A real kernel, booted once: every operation in every state is recorded on each file system; the paths of the models of 6.1
 * conform, two records agree, and the module goes as it came.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FILE_SYSTEM_NAMES, MOUNTED, mountScript } from '../../deploy/lab/file-systems.ts';
import { bootLab } from '../../deploy/lab/lab.ts';
import type { Machine } from '../../deploy/lab/machine.ts';
import { comparePaths } from '../../deploy/lab/paths/compare.ts';
import { everyPlayed, nameOf, readTraces } from '../../deploy/lab/paths/folder.ts';
import { PATH_MODELS } from '../../deploy/lab/paths/operations.ts';
import { record, withRecorder } from '../../deploy/lab/paths/record.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { skipReason, TEST_CACHE } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const skip = await skipReason('qemu-system-x86');
const GUEST_DIR = path.join(PACKAGE_ROOT, 'deploy/lab/guest');
const FOLDER = path.join(PACKAGE_ROOT, 'test/kernel-6.1/traces');
const SECONDS = 1200;
/** Of the traces that were kept so many are said again; others name blocks that an allocator took elsewhere. */
const SAME_SHARE = 0.8;
const place = { cacheDir: TEST_CACHE, env: process.env, say: (): void => {} };
let machine: Machine;

before(async () => {
  if (skip !== false) return;
  const options = {
    ...place,
    guestDir: GUEST_DIR,
    kernel: null,
    accelerator: null,
    processors: 2,
  };
  ({ machine } = await bootLab(options, withRecorder(GUEST_DIR, true, place)));
});
after(() => machine?.stop());

for (const fs of FILE_SYSTEM_NAMES) {
  test(`${PATH_MODELS[fs]} does what ${fs} does now`, { skip }, async () => {
    const { traces } = await record(machine, fs, everyPlayed(fs));
    const traced = traces.map(({ played, trace }) => ({ played, events: trace.events }));
    const { compared, differences } = comparePaths(compile(modelOf(PATH_MODELS[fs])), fs, traced);
    assert.deepEqual(differences, []);
    assert.ok(compared > traces.length / 2);
    const kept = new Map(readTraces(FOLDER, fs).map((one) => [nameOf(one.played), one.events]));
    const both = traced.filter(({ played }) => kept.has(nameOf(played)));
    const same = both.filter(
      ({ played, events }) => kept.get(nameOf(played))?.join() === events.join(),
    );
    if (fs !== 'xfs-reflink') assert.ok(same.length > both.length * SAME_SHARE, `${same.length}`);
  });
}

test('one process alone is recorded, in a record of bounded size', { skip }, async () => {
  const script = [
    mountScript('ext4'),
    `exec 3<>${MOUNTED}/file`,
    'echo "watch 3 -1 0 0" > /proc/faultline_trace && echo start > /proc/faultline_trace',
    `/bin/busybox truncate -s 4096 ${MOUNTED}/file`,
    'echo stop > /proc/faultline_trace',
    'grep -c i_rwsem /proc/faultline_trace',
    'echo "watch 3 -1 0 0" > /proc/faultline_trace && echo start > /proc/faultline_trace',
    `i=0; while [ $i -lt 20000 ]; do : > ${MOUNTED}/file; i=$((i+1)); done`,
    'echo stop > /proc/faultline_trace',
    'wc -c < /proc/faultline_trace; tail -n 1 /proc/faultline_trace',
  ].join('\n');
  const { output } = await machine.run(script, SECONDS);
  const [others, bytes, last] = output.trim().split(/\r?\n/).slice(-3);
  assert.equal(others, '0', output);
  assert.ok(Number(bytes) <= 1 << 20, output);
  assert.equal(last, '! the record is full');
});

test('the module is removed while others work, and the kernel complains of nothing', {
  skip,
}, async () => {
  const script = [
    mountScript('xfs'),
    // What the kernel has said by now is of the operations that were recorded.
    'dmesg -c > /dev/null',
    // Who never sleeps keeps the kernel from disarming its probes, on a slow machine for minutes.
    `(while :; do : > ${MOUNTED}/busy; sleep 0.01; done) & busy=$!`,
    // Its output is open as long as they work.
    'trap "kill $busy" EXIT',
    'for i in 1 2 3; do',
    '  rmmod faultline_trace || exit 1',
    '  [ ! -e /proc/faultline_trace ] || exit 2',
    '  insmod /modules/faultline_trace.ko || exit 3',
    'done',
    'rmmod faultline_trace',
    'dmesg | grep -E "BUG|WARNING|Oops|Call Trace"',
    'exit 0',
  ].join('\n');
  const { status, output } = await machine.run(script, SECONDS);
  assert.equal(status, 0, output);
  assert.doesNotMatch(output, /BUG|WARNING|Oops|Call Trace/);
});
