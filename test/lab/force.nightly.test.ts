/**
 * A real kernel, booted once: a race of stock Linux is shown, a race of a punch without invalidate_lock is shown, and is
 * blocked where the punch takes the lock. The module goes as it came.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { at } from '../../corpus/vocabulary/assert.ts';
import { force, withGate } from '../../deploy/lab/force/force.ts';
import { parseWithout } from '../../deploy/lab/force/without.ts';
import { bootLab } from '../../deploy/lab/lab.ts';
import type { Machine } from '../../deploy/lab/machine.ts';
import { skipReason, TEST_CACHE } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { readyFor } from './ready.ts';

const skip = await skipReason('qemu-system-x86');
const GUEST_DIR = path.join(PACKAGE_ROOT, 'deploy/lab/guest');
const SECONDS = 20;
const place = { cacheDir: TEST_CACHE, env: process.env, say: (): void => {} };
const WITHOUT = [parseWithout('punch:invalidate_lock')];
const PUNCH = readyFor('b12-fault-vs-punch', 'modern-ext4', 'ext4', WITHOUT);
const READY = [
  readyFor('b21-fsync-skips-locked-entry', 'modern-xfs', 'xfs'),
  PUNCH,
  { ...PUNCH, cuts: '' },
];
let machine: Machine;

before(async () => {
  if (skip !== false) return;
  const options = { guestDir: GUEST_DIR, kernel: null, accelerator: null, processors: 2 };
  const bring = withGate(READY, GUEST_DIR, true, place);
  ({ machine } = await bootLab({ ...place, ...options }, bring));
});
after(() => machine?.stop());

async function verdictOf(number: number): Promise<string> {
  const { verdict, log } = await force(machine, at(READY, number), number);
  return verdict.kind === 'blocked' ? `blocked at ${verdict.lock}` : `${verdict.kind}\n${log}`;
}

test('B21 on stock XFS: fsync returns 0 and has flushed nothing', { skip }, async () => {
  assert.match(await verdictOf(0), /^shown$/m);
});

test('B12 on ext4: shown without invalidate_lock, blocked with it', { skip }, async () => {
  assert.match(await verdictOf(1), /^shown$/m);
  assert.equal(await verdictOf(2), 'blocked at invalidate_lock');
});

test('the module is gone, and the kernel has nothing to say about it', { skip }, async () => {
  const { output } = await machine.run('lsmod; dmesg | grep -c "BUG\\|WARNING"\n', SECONDS);
  assert.doesNotMatch(output, /faultline/);
  assert.match(output, /^0$/m);
});
