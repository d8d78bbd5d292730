/** A file is there whole or not at all, and what the disk refuses is refused with its words. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  onDisk,
  writeAll,
  writeAtomically,
  writeAtomicallyMeanwhile,
  writeFolder,
} from '../../corpus/disk/atomic.ts';
import { readNamed, readStored } from '../../corpus/disk/read-bounded.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { TEXT_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { temporaryFolder } from './sample.ts';

const refusedAs = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

test('a file is replaced and nothing else is left in its folder', (t) => {
  const folder = temporaryFolder(t);
  writeAtomically(folder, 'a.txt', 'old');
  writeAtomically(folder, 'a.txt', 'new');
  assert.equal(readFileSync(path.join(folder, 'a.txt'), 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['a.txt']);
});

test('without holding up the thread a file is written in the same way', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'a.txt');
  const outside = path.join(temporaryFolder(t), 'outside.txt');
  writeFileSync(outside, 'untouched');
  symlinkSync(outside, file);
  for (const text of ['old', 'né']) {
    await writeAtomicallyMeanwhile(folder, 'a.txt', text);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
  assert.equal(readFileSync(outside, 'utf8'), 'untouched');
  mkdirSync(path.join(folder, 'b.txt'));
  const isRefused = refusedAs('DATA_DIR', /illegal operation on a directory|EISDIR/);
  await assert.rejects(writeAtomicallyMeanwhile(folder, 'b.txt', 'text'), isRefused);
  assert.deepEqual(readdirSync(folder), ['a.txt', 'b.txt']);
});

test('a link in the place of a file is replaced, not followed', (t) => {
  const folder = temporaryFolder(t);
  const outside = path.join(folder, 'outside.txt');
  const inside = path.join(folder, 'store');
  mkdirSync(inside);
  writeFileSync(outside, 'untouched');
  symlinkSync(outside, path.join(inside, 'a.txt'));
  writeAtomically(inside, 'a.txt', 'new');
  assert.equal(readFileSync(outside, 'utf8'), 'untouched');
  assert.equal(readFileSync(path.join(inside, 'a.txt'), 'utf8'), 'new');
});

test('names that are taken, by links that lead nowhere too, are passed over', (t) => {
  const folder = temporaryFolder(t);
  const first = writeFolder(folder, '.new-x', {});
  const stem = first.slice(0, first.lastIndexOf('-'));
  const next = Number(first.slice(stem.length + 1)) + 1;
  symlinkSync('/nonexistent/trap', `${stem}-${next}`);
  writeFileSync(`${stem}-${next + 1}`, 'leftover of a process with our id');
  assert.equal(writeFolder(folder, '.new-x', {}), `${stem}-${next + 2}`);
  assert.ok(!existsSync('/nonexistent/trap'));
});

test('a full disk is refused with its words', (t) => {
  if (!existsSync('/dev/full')) return;
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  assert.throws(
    () => onDisk('the/folder', () => writeAll(full, 'text')),
    refusedAs('DATA_DIR', /cannot write to the\/folder: no space left on device \(ENOSPC\)/),
  );
});

test('a file where a folder is expected is refused with its words', (t) => {
  const file = path.join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => writeAtomically(file, 'a.txt', 'text'),
    refusedAs('DATA_DIR', /cannot write to .*file: not a directory \(ENOTDIR\)/),
  );
});

test('our own mistakes are not taken for those of the disk', () => {
  const ours = new TypeError('ours');
  assert.throws(
    () =>
      onDisk('folder', () => {
        throw ours;
      }),
    ours,
  );
});

test('a file is read up to the bound and no further, whatever it is', (t) => {
  const folder = temporaryFolder(t);
  const just = path.join(folder, 'just.txt');
  writeFileSync(just, 'x'.repeat(TEXT_BYTES_MAX));
  assert.equal(readNamed(just).length, TEXT_BYTES_MAX);
  const over = path.join(folder, 'over.txt');
  writeFileSync(over, 'x'.repeat(TEXT_BYTES_MAX + 1));
  assert.throws(() => readNamed(over), refusedAs('FILE_UNREADABLE', /larger than/));
  if (existsSync('/dev/zero')) {
    assert.throws(() => readNamed('/dev/zero'), refusedAs('FILE_UNREADABLE', /larger than/));
  }
  assert.throws(() => readNamed(folder), refusedAs('FILE_UNREADABLE', /directory/));
});

test('a stored file behind a link is not read', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'secret'), 'secret');
  symlinkSync('secret', path.join(folder, 'link'));
  assert.equal(readNamed(path.join(folder, 'link')), 'secret');
  assert.throws(() => readStored(path.join(folder, 'link')), refusedAs('FILE_UNREADABLE', /ELOOP/));
});

test('a file that is no UTF-8 is refused at the offset of its first such byte', (t) => {
  const file = path.join(temporaryFolder(t), 'text');
  const arbText = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '€', '\u{1F600}', '\uFFFD') });
  const arbWrong = fc.constantFrom('ff', 'c3', 'e282', 'f09f98', '80', 'c0af', 'eda080', 'fe');
  fc.assert(
    fc.property(arbText, arbWrong, arbText, (before, wrong, after) => {
      // What follows must not complete the sequence.
      const end = Buffer.from(`.${after}`);
      writeFileSync(file, Buffer.concat([Buffer.from(before), Buffer.from(wrong, 'hex'), end]));
      const lines = before.split('\n');
      const offset = Buffer.byteLength(before);
      const said = `${lines.length}:${(lines.at(-1) ?? '').length + 1}: byte 0x${wrong.slice(0, 2)} at offset ${offset} is`;
      assert.throws(
        () => readNamed(file),
        ({ message, code }: Refusal) => code === 'TEXT_ENCODING' && message.includes(`:${said}`),
      );
      writeFileSync(file, before);
      assert.equal(readNamed(file), before);
    }),
    { seed: RNG_SEED, numRuns: 200 },
  );
});
