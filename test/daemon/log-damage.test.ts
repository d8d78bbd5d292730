/** Damaged logs: what is whole loads, what is not is named, and nothing of it is deleted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Random } from '../../corpus/vocabulary/random.ts';
import { Log } from '../../daemon/log/log.ts';
import { LINE_BYTES_MAX } from '../../daemon/log/log-file.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { appendAll, contentsOf, everythingIn, logFolder, numbers } from './log-support.ts';

/** Records 1 to 10 are in both snapshots, 11 to 25 in the newer and in a log, 26 to 40 in a log alone. */
const OLD_STATE = 'snapshot-10.json';
const OLD_LOG = 'log-11.ndjson';
const NEW_STATE = 'snapshot-25.json';
const NEW_LOG = 'log-26.ndjson';
const ALL = numbers(1, 40);

function fill(folder: string): void {
  const { log } = Log.open(folder);
  appendAll(log, numbers(1, 10));
  log.snapshot(numbers(1, 10));
  appendAll(log, numbers(11, 15));
  log.snapshot(numbers(1, 25));
  appendAll(log, numbers(26, 15));
  log.close();
}

function filled(t: TestContext): string {
  const folder = logFolder(t);
  fill(folder);
  return folder;
}

type Mutation = (bytes: Buffer, rng: Random) => Buffer;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flip: (bytes, rng) => {
    const at = rng.below(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << rng.below(8)), at);
    return bytes;
  },
  zero: (bytes, rng) => {
    const from = rng.below(bytes.length);
    return bytes.fill(0, from, Math.min(bytes.length, from + 1 + rng.below(200)));
  },
  truncate: (bytes, rng) => bytes.subarray(0, rng.below(bytes.length)),
  'double a line': (bytes, rng) => {
    const lines = bytes.toString('latin1').split('\n').slice(0, -1);
    const line = rng.pick(lines);
    lines.splice(rng.below(lines.length + 1), 0, line);
    return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
  },
  'put rubbish between': (bytes, rng) => {
    const at = rng.below(bytes.length);
    const rubbish = Buffer.from(Array.from({ length: 1 + rng.below(99) }, () => rng.below(256)));
    return Buffer.concat([bytes.subarray(0, at), rubbish, bytes.subarray(at)]);
  },
  'change places of lines': (bytes) => {
    const lines = bytes.toString('latin1').split('\n').slice(0, -1);
    return Buffer.from(`${lines.reverse().join('\n')}\n`, 'latin1');
  },
};

/** Records that must load: found without the reader, by comparing with what was there before. */
function rowsLeft(folder: string, whole: string): readonly number[] {
  const text = (from: string, name: string): string =>
    readFileSync(path.join(from, name), 'latin1');
  const isWhole = (name: string): boolean => text(folder, name) === text(whole, name);
  const rowsIn = (name: string): readonly number[] => {
    const lines = text(folder, name).split('\n').slice(0, -1);
    const wholeLines = text(whole, name).split('\n').slice(0, -1);
    const left = wholeLines.filter((line) => lines.includes(line));
    return left.map((line) => Number(line.split(' ')[1]));
  };
  const older = isWhole(OLD_STATE) ? numbers(1, 10) : [];
  const old = isWhole(NEW_STATE) ? numbers(1, 25) : [...older, ...rowsIn(OLD_LOG)];
  return [...old, ...rowsIn(NEW_LOG)];
}

test('of 300 mutated logs each gives every record that is left, and says what is wrong', (t) => {
  const whole = filled(t);
  const rng = new Random(RNG_SEED, 1);
  let losses = 0;
  for (let i = 0; i < 300; i++) {
    const folder = logFolder(t);
    cpSync(whole, folder, { recursive: true });
    const names = rng.oneIn(3) ? [NEW_STATE, OLD_LOG] : [rng.pick([NEW_STATE, NEW_LOG, NEW_LOG])];
    const kinds = names.map((name) => {
      const kind = rng.pick(Object.keys(MUTATIONS));
      const file = path.join(folder, name);
      writeFileSync(file, MUTATIONS[kind]?.(readFileSync(file), rng) ?? assert.fail());
      return `${kind} ${name}`;
    });
    const what = `${i}: ${kinds.join(', ')}`;
    const left = rowsLeft(folder, whole);
    const { records, damaged } = contentsOf(folder);
    assert.deepEqual(
      left.filter((n) => !records.includes(n)),
      [],
      what,
    );
    assert.deepEqual(
      records,
      [...new Set(records as number[])].sort((a, b) => a - b),
      what,
    );
    // A log cut short is as a crash leaves it.
    if (kinds[0] !== `truncate ${NEW_LOG}`) {
      assert.ok(
        damaged.some((line) => line.startsWith(names[0] ?? '')),
        `${what} ${damaged}`,
      );
    }
    if (records.length < ALL.length) losses += 1;
    // Six syncs each.
    if (i % 6 === 0) assertGoesOn(folder, records as readonly number[], what);
    rmSync(folder, { recursive: true });
  }
  assert.ok(losses > 50, `${losses} of the mutations lost a record`);
});

/** A damaged log takes records as before, and its next snapshot is whole. */
function assertGoesOn(folder: string, records: readonly number[], what: string): void {
  const next = [...records, 41];
  const { log } = Log.open(folder);
  appendAll(log, [41]);
  log.close();
  const again = Log.open(folder);
  assert.deepEqual(everythingIn(again), next, what);
  again.log.snapshot(next);
  again.log.close();
  assert.deepEqual(contentsOf(folder), { records: next, damaged: [] }, what);
}

for (const [one, other] of [
  [OLD_LOG, NEW_LOG],
  [OLD_STATE, NEW_STATE],
] as const) {
  test(`${one} and ${other} in each other's place are read where they are`, (t) => {
    const folder = filled(t);
    const at = (name: string): string => path.join(folder, name);
    renameSync(at(one), at('aside'));
    renameSync(at(other), at(one));
    renameSync(at('aside'), at(other));
    const { records, damaged } = contentsOf(folder);
    assert.deepEqual(records, ALL);
    assert.match(damaged.join(), new RegExp(`${other}.*(out of place|snapshot of record 10)`));
    assertGoesOn(folder, ALL, 'swapped');
  });
}

test('a damaged line is named by its number, with the record that is lost by it', (t) => {
  const folder = filled(t);
  const newest = path.join(folder, NEW_LOG);
  writeFileSync(newest, readFileSync(newest, 'utf8').replace(' 30 30\n', ' 30 31\n'));
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(
    records,
    ALL.filter((n) => n !== 30),
  );
  assert.deepEqual(damaged, [
    `${NEW_LOG} line 5: the checksum does not hold`,
    'record 30: no file has what it was',
  ]);
});

for (const [name, lines] of [
  [NEW_STATE, 2],
  [NEW_LOG, 1],
] as const) {
  test(`no byte at the end of ${name} can change without being named`, (t) => {
    const folder = filled(t);
    const file = path.join(folder, name);
    const bytes = readFileSync(file);
    const length = bytes
      .toString('latin1')
      .split('\n')
      .slice(-1 - lines)
      .join('\n').length;
    for (let at = bytes.length - length; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes.readUInt8(at) ^ 0x20, at);
      writeFileSync(file, changed);
      const { records, damaged } = contentsOf(folder);
      assert.deepEqual(records, name === NEW_STATE ? ALL : numbers(1, 39), `byte ${at}`);
      assert.ok(damaged[0]?.startsWith(name), `byte ${at}`);
    }
  });
}

test('an older log that is cut short is damaged, and the records that were there are lost', (t) => {
  const folder = filled(t);
  const log = path.join(folder, OLD_LOG);
  rmSync(path.join(folder, NEW_STATE));
  truncateSync(log, statSync(log).size - 1);
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(
    records,
    ALL.filter((n) => n !== 25),
  );
  assert.deepEqual(damaged, [
    `${OLD_LOG} line 15: it is cut short`,
    'record 25: no file has what it was',
  ]);
});

test('a number that a lost record may have had is not given again', (t) => {
  const folder = filled(t);
  rmSync(path.join(folder, NEW_LOG));
  rmSync(path.join(folder, OLD_LOG));
  truncateSync(path.join(folder, NEW_STATE), 30);
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(records, numbers(1, 10));
  assert.deepEqual(damaged.slice(1), ['records 11 to 25: no file has what it was']);
  assert.ok(readdirSync(folder).includes(NEW_LOG));
});

test('a log that is gone leaves records that are named as lost', (t) => {
  const folder = filled(t);
  rmSync(path.join(folder, NEW_STATE));
  rmSync(path.join(folder, OLD_LOG));
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(records, [...numbers(1, 10), ...numbers(26, 15)]);
  assert.deepEqual(damaged, ['records 11 to 25: no file has what it was']);
});

test('what a crash cut short goes without a word, and what only looks so stays', (t) => {
  const whole = filled(t);
  const text = readFileSync(path.join(whole, NEW_LOG), 'utf8');
  const line = text.slice(0, text.indexOf('\n') + 1);
  const torn = line
    .slice(0, -1)
    .split('')
    .map((_, i) => line.slice(0, i + 1));
  const others = [
    `${line.slice(0, 20)}\0\0`,
    `${line.slice(0, -1)}*`,
    '\0'.repeat(40),
    `${line.slice(0, 9)}\0`,
    'rubbish',
  ];
  for (const tail of [...torn, ...others]) {
    const folder = logFolder(t);
    cpSync(whole, folder, { recursive: true });
    appendFileSync(path.join(folder, NEW_LOG), tail);
    const { records, damaged } = contentsOf(folder);
    assert.deepEqual(records, ALL);
    const isTorn = torn.includes(tail);
    assert.deepEqual(damaged, isTorn ? [] : [`${NEW_LOG} line 16: it is cut short`], tail);
    const after = readFileSync(path.join(folder, NEW_LOG), 'utf8');
    assert.equal(after, isTorn ? text : `${text}${tail}\n`);
    rmSync(folder, { recursive: true });
  }
});

test('a line that is too long is skipped, and one of the longest is not', (t) => {
  const folder = filled(t);
  appendFileSync(path.join(folder, NEW_LOG), `${'x'.repeat(LINE_BYTES_MAX + 1)}\n`);
  const { log } = Log.open(folder);
  // A line's sum, number, two blanks, two quotes and newline.
  const longest = 'y'.repeat(LINE_BYTES_MAX - 16 - 2 - 2 - 2 - 1);
  appendAll(log, [longest, 42]);
  log.close();
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(records, [...ALL, longest, 42]);
  assert.deepEqual(damaged, [`${NEW_LOG} line 16: it is longer than ${LINE_BYTES_MAX} bytes`]);
});

test('a file of rubbish fills neither the memory nor the screen', (t) => {
  const folder = filled(t);
  writeFileSync(path.join(folder, NEW_LOG), 'x\n'.repeat(100_000));
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(records, numbers(1, 25));
  assert.equal(damaged.length, 101);
  assert.equal(damaged.at(-1), `${NEW_LOG}: 99900 more such lines`);
});

/** Each puts something in a file's place. */
const INSTEAD: Readonly<Record<string, readonly [(file: string) => void, RegExp]>> = {
  'a folder': [(file) => mkdirSync(file), /not a file|EISDIR/],
  'a pipe': [(file) => assert.equal(spawnSync('mkfifo', [file]).status, 0), /not a file/],
  'a link': [(file) => symlinkSync(`${file}-real`, file), /ELOOP/],
  'a link that leads nowhere': [(file) => symlinkSync('/nowhere', file), /ELOOP/],
};

for (const [what, [put, why]] of Object.entries(INSTEAD)) {
  for (const name of [NEW_STATE, NEW_LOG]) {
    test(`${what} in place of ${name} is named, and makes room`, (t) => {
      const folder = filled(t);
      const file = path.join(folder, name);
      renameSync(file, `${file}-real`);
      put(file);
      const { records, damaged } = contentsOf(folder);
      assert.deepEqual(records, name === NEW_LOG ? numbers(1, 25) : ALL);
      assert.match(damaged[0] ?? '', why);
      assertGoesOn(folder, records as readonly number[], what);
      const { log } = Log.open(folder);
      const after = [...records, 41, 42];
      appendAll(log, [42]);
      log.snapshot(after);
      appendAll(log, [43]);
      log.snapshot([...after, 43]);
      log.close();
      assert.deepEqual(contentsOf(folder), { records: [...after, 43], damaged: [] });
      assert.ok(readdirSync(folder).includes(`${name}-real`));
    });
  }
}

test('what is damaged is renamed when it is not needed any more, not deleted', (t) => {
  const folder = filled(t);
  truncateSync(path.join(folder, NEW_STATE), 30);
  const newest = path.join(folder, NEW_LOG);
  writeFileSync(newest, readFileSync(newest, 'utf8').replace(' 30 30\n', ' 30 31\n'));
  const damagedLog = readFileSync(newest, 'utf8');
  const { log } = Log.open(folder);
  const visible = (): readonly string[] => readdirSync(folder).filter((name) => name !== 'lock');
  log.snapshot([]);
  const aside = [`.damaged-${NEW_STATE}-1`];
  const state = 'snapshot-40.json';
  const first = [...aside, OLD_LOG, NEW_LOG, 'log-41.ndjson', OLD_STATE, state];
  assert.deepEqual(visible().toSorted(), first.toSorted());
  appendAll(log, [41]);
  log.snapshot([]);
  const second = [...aside, `.damaged-${NEW_LOG}-1`, 'log-41.ndjson', 'log-42.ndjson', state];
  assert.deepEqual(visible().toSorted(), [...second, 'snapshot-41.json'].toSorted());
  assert.equal(readFileSync(path.join(folder, `.damaged-${NEW_LOG}-1`), 'utf8'), damagedLog);
  log.close();
});

test('a damaged snapshot is not written over', (t) => {
  const folder = logFolder(t);
  const { log } = Log.open(folder);
  appendAll(log, [1, 2]);
  log.snapshot([1, 2]);
  log.close();
  const name = 'snapshot-2.json';
  writeFileSync(path.join(folder, name), 'rubbish');
  const again = Log.open(folder);
  assert.deepEqual(again.records, [1, 2]);
  again.log.snapshot([1, 2]);
  again.log.close();
  assert.equal(readFileSync(path.join(folder, `.damaged-${name}-1`), 'utf8'), 'rubbish');
  assert.deepEqual(contentsOf(folder), { records: [1, 2], damaged: [] });
});
