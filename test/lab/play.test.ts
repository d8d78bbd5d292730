/** `guest/play` on this machine's own file system: it compiles without a warning, and knows every operation. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { EMPTY_SCHEDULE, type Input } from '../../corpus/vocabulary/input.ts';
import { PAGE_BYTES } from '../../corpus/vocabulary/limits.ts';
import { makeOp, OPERATIONS, type OpKind } from '../../corpus/vocabulary/ops.ts';
import { kindsPlayed } from '../../deploy/lab/conform/cases.ts';
import { onThisMachine } from '../../deploy/lab/conform/players.ts';
import { simulate } from '../../deploy/lab/conform/simulator.ts';
import { compileGuest } from '../../deploy/lab/guest-programs.ts';
import { INITIAL } from '../../workers/kernel/encoding.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { MAIN } from '../cli/faultline.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { until } from '../support/patience.ts';

const skip = await skipReason('gcc');
/** It is of the whole machine, and of other people's. */
const OF_THE_MACHINE: OpKind = 'drop_caches';
const ARGUMENTS = {
  ...{ area: 0, file: 0, offset: 0, length: PAGE_BYTES, size: PAGE_BYTES },
  ...{ sharing: 'shared' as const },
};

test('every operation is known, and simple ones do what the simulator says', { skip }, async () => {
  const kinds = kindsPlayed(true).filter((kind) => kind !== OF_THE_MACHINE);
  const cases = kinds.map(inputOf);
  const seen = await played(cases);
  const program = compile(modelOf('pagecache-invalidate-lock'));
  cases.forEach((input, i) => {
    const [setup = '', after] = seen[i]?.lines ?? [];
    assert.ok(setup.includes(`:${INITIAL.toString(16).repeat(4)}`), `the setup: ${setup}`);
    assert.ok(after !== undefined, `no line of ${kinds[i]}`);
    if (!['load', 'store', 'pwrite', 'pread', 'truncate'].includes(kinds[i] ?? '')) return;
    assert.deepEqual(seen[i]?.lines.map(contentOf), simulate(program, input).seen.map(contentOf));
  });
});

test('a player that fails ends the comparison, with some of what it said', async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  try {
    const program = path.join(scratch, 'fails');
    const flood = 'yes setup: no space left | head -c 1000000 >&2; exit 3';
    writeFileSync(program, `#!/bin/sh\n${flood}\n`, { mode: 0o700 });
    await assert.rejects(onThisMachine(program, scratch).play([inputOf('load')]), (error) => {
      assert.match(String(error), /ended with 3 after 0 of 1: setup: no space left/);
      return String(error).length < 1000;
    });
    assert.deepEqual(readdirSync(scratch), ['fails']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

/** In place of a compiler: its program knows a file system that has no operation at all. */
const COMPILER = `#!/bin/sh
while [ "$1" != -o ]; do shift; done
cat > "$2" <<'PROGRAM'
#!/bin/sh
while read -r word rest; do
  case $word in case) echo "case $rest";; begin | op) echo "EOPNOTSUPP ";; esac
done
PROGRAM
chmod +x "$2"
`;

test('a file system without most operations is skipped, and exits 125', async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  try {
    writeFileSync(path.join(scratch, 'gcc'), COMPILER, { mode: 0o700 });
    const env = { ...process.env, PATH: `${scratch}:${process.env.PATH}` };
    const args = [MAIN, 'lab', 'conform', '--here', scratch, '--ops', '10'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    assert.equal(status, 125, stderr);
    assert.match(
      stdout,
      /the file system does not have .*: 0 of \d+ operations were compared\nSKIPPED: /,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

test('what is of the whole machine is not played here', () => {
  assert.ok(!onThisMachine('', '').kinds.includes(OF_THE_MACHINE));
});

test('SIGTERM in the middle of lab conform --here: nothing is left', { skip }, async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  try {
    const temporary = path.join(scratch, 'tmp');
    const here = path.join(scratch, 'here');
    for (const folder of [temporary, here]) mkdirSync(folder);
    const dayBefore = new Date(Date.now() - 2 * 86_400_000);
    for (const name of ['faultline-lab-AbCdEf', 'faultline-other-AbCdEf']) {
      mkdirSync(path.join(temporary, name));
      utimesSync(path.join(temporary, name), dayBefore, dayBefore);
    }
    const args = ['lab', 'conform', '--here', here, '--ops', '1e9'];
    const env = { ...process.env, TMPDIR: temporary };
    const lab = spawn(process.execPath, [MAIN, ...args], { env, stdio: 'ignore' });
    const ended = once(lab, 'exit');
    await until('a folder that is played in', () => readdirSync(here).length > 0);
    lab.kill('SIGTERM');
    assert.deepEqual(await ended, [125, null]);
    assert.deepEqual(readdirSync(here), []);
    // A compiler that was ended removes its own files after us.
    await until('one folder is left', () => readdirSync(temporary).length === 1);
    assert.deepEqual(readdirSync(temporary), ['faultline-other-AbCdEf'], 'the stale one is gone');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

/** Sizes and lines by read(2); what the kernel maps ahead is its business. */
function contentOf(line: string): string {
  return line.split(' ').slice(0, 2).join(' ');
}

async function played(cases: readonly Input[]) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  try {
    const program = path.join(scratch, 'play');
    const source = path.join(PACKAGE_ROOT, 'deploy/lab/guest/play');
    await compileGuest(source, program, process.env);
    return await onThisMachine(program, scratch).play(cases);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** One operation on a file of two written pages that is mapped. */
function inputOf(kind: OpKind): Input {
  const length = 2 * PAGE_BYTES;
  const wanted = OPERATIONS[kind].args.filter((arg) => arg in ARGUMENTS);
  const op = makeOp(kind, Object.fromEntries(wanted.map((arg) => [arg, ARGUMENTS[arg as 'size']])));
  const area = { file: 0, offset: 0, length, sharing: 'shared' as const };
  return {
    setup: {
      files: [{ size: length, pages: ['written', 'written'] }],
      processes: [{ areas: [area, null] }],
    },
    threads: [{ process: 0, ops: [op] }],
    schedule: EMPTY_SCHEDULE,
  };
}
