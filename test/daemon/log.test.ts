/** Every committed record comes back once and in order, whatever was done to the log and to its files. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AssertionFailure } from '../../corpus/vocabulary/assert.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import { Log } from '../../daemon/log/log.ts';
import { LINE_BYTES_MAX } from '../../daemon/log/log-file.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import {
  appendAll,
  contentsOf,
  everythingIn,
  lockByTheDead,
  logFolder,
  numbers,
  relock,
  withoutWriting,
} from './log-support.ts';

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name !== 'lock')
    .sort();

test('records and states are files that say what they are', (t) => {
  const folder = logFolder(t);
  const { log, snapshot, records, damaged } = Log.open(folder);
  assert.deepEqual(
    { snapshot, records, damaged },
    { snapshot: undefined, records: [], damaged: [] },
  );
  assert.equal(log.bytes, 0);
  appendAll(log, [{ t: 'a' }, 'two\nlines']);
  // printf '1 {"t":"a"}' | sha256sum
  const first = '9d05964557438d1d 1 {"t":"a"}\n';
  const text = readFileSync(path.join(folder, 'log-1.ndjson'), 'utf8');
  assert.ok(text.startsWith(first), text);
  assert.match(text.slice(first.length), /^[0-9a-f]{16} 2 "two\\nlines"\n$/);
  assert.equal(log.bytes, text.length);
  log.snapshot({ t: 'a' });
  assert.equal(log.bytes, 0);
  log.close();
  assert.deepEqual(filesIn(folder), ['log-1.ndjson', 'log-3.ndjson', 'snapshot-2.json']);
  const state = readFileSync(path.join(folder, 'snapshot-2.json'), 'utf8');
  assert.match(state, /^[0-9a-f]{16} 2\n\{"t":"a"\}\n$/);
});

test('a record is what it was when it was appended', (t) => {
  const folder = logFolder(t);
  const { log } = Log.open(folder);
  const record = { t: 'a', n: 1 };
  log.append(record);
  record.n = 2;
  log.commit();
  log.close();
  assert.deepEqual(contentsOf(folder).records, [{ t: 'a', n: 1 }]);
});

test('a generation before the last stays, and older files go', (t) => {
  const folder = logFolder(t);
  const { log } = Log.open(folder);
  for (const last of [10, 20, 30]) {
    appendAll(log, numbers(last - 9, 10));
    log.snapshot(numbers(1, last));
  }
  const expected = ['log-21.ndjson', 'log-31.ndjson', 'snapshot-20.json', 'snapshot-30.json'];
  assert.deepEqual(filesIn(folder), expected);
  log.snapshot(numbers(1, 30));
  assert.deepEqual(filesIn(folder), expected, 'a snapshot of no new record');
  log.close();
  assert.deepEqual(contentsOf(folder), { records: numbers(1, 30), damaged: [] });
});

const DESCRIPTORS = '/proc/self/fd';

/** Files below the folder that this process has open. */
function openBelow(folder: string): readonly string[] {
  const targets = readdirSync(DESCRIPTORS).map((one) => {
    const link = path.join(DESCRIPTORS, one);
    // The listing's own descriptor is gone.
    return existsSync(link) ? readlinkSync(link) : '';
  });
  return targets.filter((file) => path.dirname(file) === folder).map((file) => path.basename(file));
}

const noDescriptors = existsSync(DESCRIPTORS) ? false : `no ${DESCRIPTORS}`;
test('a log has one file open, and none once it is closed', { skip: noDescriptors }, (t) => {
  const folder = logFolder(t);
  const { log } = Log.open(folder);
  appendAll(log, [1, 2]);
  log.snapshot([1, 2]);
  assert.deepEqual(openBelow(folder), ['log-3.ndjson']);
  log.close();
  assert.deepEqual(openBelow(folder), []);
});

test('a state of records that are not committed, and a closed log, are mistakes of ours', (t) => {
  const { log } = Log.open(logFolder(t));
  log.append(1);
  assert.throws(() => log.snapshot([1]), AssertionFailure);
  assert.throws(() => log.append('x'.repeat(LINE_BYTES_MAX)), AssertionFailure);
  log.commit();
  log.commit();
  log.close();
  log.close();
  for (const act of [() => log.append(2), () => log.commit(), () => log.snapshot([])]) {
    assert.throws(act, AssertionFailure);
  }
});

type Act =
  | { readonly kind: 'append' | 'commit' | 'snapshot' | 'reopen' }
  /** Dies while it commits, of 1000 parts of what it writes this many being there. */
  | { readonly kind: 'crash'; readonly written: number };

const ARB_ACT: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'append' }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'snapshot' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash'), written: fc.nat(1000) }),
  },
);

/** A log beside a list of what must be in it. */
class Pair {
  private readonly folder: string;
  private log: Log;
  private committed: readonly Json[] = [];
  private pending: readonly Json[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.log = Log.open(folder).log;
  }

  act(act: Act, value: Json): void {
    if (act.kind === 'crash') this.crash(act.written);
    else if (act.kind === 'append') {
      this.log.append(value);
      this.pending = [...this.pending, value];
    } else if (act.kind === 'commit') this.commit();
    else if (act.kind === 'snapshot') {
      this.commit();
      this.log.snapshot(this.committed);
    } else this.reopen();
  }

  private commit(): void {
    this.log.commit();
    this.committed = [...this.committed, ...this.pending];
    this.pending = [];
  }

  private crash(written: number): void {
    const before = this.log.bytes;
    const { log, size } = this.presentLog();
    assert.equal(size, before);
    this.log.commit();
    const cut = before + Math.round(((this.log.bytes - before) * written) / 1000);
    truncateSync(log, cut);
    const whole = readFileSync(log).subarray(before).toString('latin1').split('\n').length - 1;
    this.committed = [...this.committed, ...this.pending.slice(0, whole)];
    lockByTheDead(this.folder);
    this.reopen();
  }

  private presentLog(): { readonly log: string; readonly size: number } {
    const firsts = filesIn(this.folder).map((name) => Number(/^log-(\d+)/.exec(name)?.[1] ?? 0));
    const log = path.join(this.folder, `log-${Math.max(...firsts)}.ndjson`);
    return { log, size: statSync(log).size };
  }

  reopen(): void {
    this.log.close();
    const opened = Log.open(this.folder);
    assert.deepEqual(opened.damaged, []);
    assert.deepEqual(everythingIn(opened), this.committed);
    this.log = opened.log;
    this.pending = [];
    assert.equal(this.presentLog().size, this.log.bytes);
  }

  close(): void {
    this.log.close();
  }
}

test('whatever is done to a log, what was committed is there, in order, and nothing else', (t) => {
  const arbSteps = fc.array(fc.tuple(ARB_ACT, fc.jsonValue()), { maxLength: 40 });
  fc.assert(
    fc.property(arbSteps, (steps) => {
      const folder = logFolder(t);
      const pair = new Pair(folder);
      // What JSON makes of a value, such as 0 of -0.
      for (const [act, value] of steps) pair.act(act, JSON.parse(JSON.stringify(value)) as Json);
      pair.reopen();
      pair.close();
      rmSync(folder, { recursive: true });
    }),
    { seed: RNG_SEED | 0, numRuns: 120 },
  );
});

function refusal(code: string, message: RegExp, hint: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint, hint);
    return true;
  };
}

test('a second coordinator is refused as long as the first lives, and the folder then goes on', (t) => {
  const folder = logFolder(t);
  const { log } = Log.open(folder);
  const message = new RegExp(`another coordinator \\(process ${process.pid}\\) writes ${folder}`);
  assert.throws(() => Log.open(folder), refusal('ENVIRONMENT', message, /--data-dir/));
  appendAll(log, [1]);
  log.close();
  assert.deepEqual(contentsOf(folder), { records: [1], damaged: [] });
});

test('whether a process of another machine lives cannot be told, so it is asked for', (t) => {
  const folder = logFolder(t);
  appendAll(Log.open(folder).log, [1]);
  for (const name of ['12.b00t_7.elsewhere', 'not-ours']) {
    relock(folder, () => name);
    const hint = /delete .*lock$/;
    assert.throws(() => Log.open(folder), refusal('ENVIRONMENT', /elsewhere|"not-ours"/, hint));
  }
  rmSync(path.join(folder, 'lock'), { recursive: true });
  assert.deepEqual(contentsOf(folder), { records: [1], damaged: [] });
});

test('a folder that may not be written is refused, before and while it is used', (t) => {
  const folder = logFolder(t);
  const { log } = Log.open(folder);
  appendAll(log, [1, 2]);
  const refused = refusal(
    'DATA_DIR',
    /cannot write to .*campaign: permission denied/,
    /--data-dir/,
  );
  withoutWriting(folder, () => {
    assert.throws(() => log.snapshot([1, 2]), refused);
    appendAll(log, [3]);
  });
  assert.deepEqual(filesIn(folder), ['log-1.ndjson']);
  log.snapshot([1, 2, 3]);
  log.close();
  withoutWriting(folder, () => assert.throws(() => Log.open(folder), refused));
  assert.deepEqual(contentsOf(folder), { records: [1, 2, 3], damaged: [] });
});

test('a folder that cannot be, or is a link, is refused', (t) => {
  const folder = logFolder(t);
  const refused = (message: RegExp) => refusal('DATA_DIR', message, /--data-dir/);
  writeFileSync(folder, '');
  assert.throws(() => Log.open(folder), refused(/it is not a folder/));
  assert.throws(() => Log.open(path.join(folder, 'below')), refused(/ENOTDIR/));
  const link = `${folder}-link`;
  symlinkSync(path.dirname(folder), link);
  assert.throws(() => Log.open(link), refused(/a link is not followed/));
});

test('what a snapshot left that was killed is cleared', (t) => {
  const folder = logFolder(t);
  Log.open(folder).log.close();
  writeFileSync(path.join(folder, '.new-snapshot-9.json-1-1'), 'half');
  assert.deepEqual(contentsOf(folder), { records: [], damaged: [] });
  assert.deepEqual(filesIn(folder), ['log-1.ndjson']);
});

test('a folder that was refused after it was taken is free again', (t) => {
  const folder = logFolder(t);
  Log.open(folder).log.close();
  const obstacle = path.join(folder, '.new-snapshot-a-folder');
  mkdirSync(obstacle);
  assert.throws(() => Log.open(folder), refusal('DATA_DIR', /directory/, /--data-dir/));
  rmSync(obstacle, { recursive: true });
  assert.deepEqual(contentsOf(folder), { records: [], damaged: [] });
});

test('the log of an older data directory goes on where it is', (t) => {
  const dataDir = path.dirname(logFolder(t));
  assert.equal(logFolderOf(dataDir), path.join(dataDir, 'campaign'));
  mkdirSync(path.join(dataDir, 'ledger'));
  assert.equal(logFolderOf(dataDir), path.join(dataDir, 'ledger'));
});
