/** A machine of the lab: what goes in and comes out, what bounds it, and that it ends with the process that started it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { MAIN } from '../cli/faultline.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { sharedLab } from './held.ts';

const skip = await skipReason('qemu-system-x86');
const TIME_IS_UP = 124;

test('scripts go in, their output and status come out, one after another', { skip }, async () => {
  const { machine } = await sharedLab();
  const said = await machine.run('echo one; echo two >&2; exit 7', 30);
  assert.deepEqual(said, { status: 7, output: 'one\ntwo\n' });
  const large = await machine.run('head -c 300000 /dev/zero | tr "\\0" x', 60);
  assert.equal(large.output.length, 300_000);
  const killed = await machine.run('kill -9 $$', 30);
  assert.equal(killed.status, 128 + 9);
});

test('what a script says is handed on before it ends', { skip }, async () => {
  const { machine } = await sharedLab();
  const said: string[] = [];
  let isOver = false;
  const ended = machine
    .run('echo first; sleep 100000', 5, (text) => {
      assert.ok(!isOver);
      said.push(text);
    })
    .finally(() => {
      isOver = true;
    });
  await until('its first line', () => said.join('') === 'first\n');
  assert.ok(!isOver);
  assert.deepEqual(await ended, { status: TIME_IS_UP, output: '' });
});

for (const [signal, exit] of [
  ['SIGINT', 125],
  ['SIGHUP', null],
] as const) {
  test(`${signal} while a machine is made and boots: nothing is left`, { skip }, async () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
    try {
      for (const kind of ['initramfs', 'module', 'lab']) {
        const env = { ...process.env, TMPDIR: scratch };
        const args = [MAIN, 'lab', 'trace', 'load', 'hole', '--fs', 'ext4'];
        const lab = spawn(process.execPath, args, { env, stdio: 'ignore' });
        const ended = once(lab, 'exit');
        const has = (): boolean => readdirSync(scratch).some((name) => name.includes(`-${kind}-`));
        await until(kind, has);
        const children = childrenOf(lab.pid ?? 0);
        lab.kill(signal);
        assert.equal((await ended)[0], exit);
        assert.deepEqual(readdirSync(scratch), []);
        for (const one of children)
          await until('its end', () => one === '' || !existsSync(`/proc/${one}`));
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

test('a script whose time is up is ended, and the machine goes on', { skip }, async () => {
  const { machine } = await sharedLab();
  const late = await machine.run('echo begun; sleep 1000', 2);
  assert.deepEqual(late, { status: TIME_IS_UP, output: 'begun\n' });
  assert.equal((await machine.run('echo well', 30)).output, 'well\n');
});

test('it has no network and nothing of the host', { skip }, async () => {
  const { machine } = await sharedLab();
  const { output } = await machine.run(
    'ls /sys/class/net; cut -d" " -f3 /proc/mounts | sort -u',
    30,
  );
  assert.deepEqual(output.trim().split('\n'), [
    'lo',
    'devtmpfs',
    'proc',
    'rootfs',
    'sysfs',
    'tracefs',
  ]);
});

test('it ends with the process that started it, however that ends', { skip }, async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  try {
    const script = path.join(scratch, 'script.sh');
    writeFileSync(script, 'sleep 100000\n');
    const lab = spawn(process.execPath, [MAIN, 'lab', 'boot', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    lab.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until('a machine that came up', () => said.includes('came up'), { said: () => said });
    const [qemu = ''] = childrenOf(lab.pid ?? 0);
    assert.notEqual(qemu, '', 'a qemu below the lab');
    lab.kill('SIGKILL');
    await until('its end', () => !existsSync(`/proc/${qemu}`));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

function childrenOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
}
