/** The seeds: each parses, is written as we write inputs, and says in a comment what it is for. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { checkInput, findSlips } from '../../corpus/vocabulary/validate.ts';

const FOLDER = new URL('../../../corpus/seeds/', import.meta.url);
const NAMES = readdirSync(FOLDER).filter((name) => name !== 'README.md');

/** Bugs of the first four models; each has a seed, and what must stay clean has some too. */
const BUGS = [
  'b01',
  'b02',
  'b03',
  'b04',
  'b09',
  'b10',
  'b11',
  'b12',
  'b13',
  'b14',
  'b15',
  'b16',
  'b17',
  'b18',
  'b20',
  'b21',
  'b22',
  'b28',
  'b33',
  'b34',
  'b50',
  'b51',
  'b53',
  'b55',
  'b56',
  'f01',
  'f02',
  'clean',
  'standard',
] as const;

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

test('there is a seed for every bug of the first models, and each is named after one', () => {
  const kinds = new Set(NAMES.map((name) => name.replace(/[-.].*$/, '')));
  for (const bug of BUGS) assert.ok(kinds.has(bug), bug);
  for (const name of NAMES) {
    assert.match(name, /^(?:[bf]\d{2,3}-[a-z-]+|clean-[a-z-]+|standard)\.txt$/);
  }
});

for (const name of NAMES) {
  test(`${name} is valid, canonical but for its comments, and has no schedule`, () => {
    const text = read(name);
    const input = parseInput(text, name);
    assert.equal(checkInput(input), null);
    assert.deepEqual(findSlips(input), []);
    assert.equal(printInput(input), text.replace(/^#.*\n/gm, ''));
    assert.deepEqual(input.schedule, { first: 0, switches: [] });
    assert.match(text, /^faultline input 1\n# \S/);
    assert.ok(text.split('\n').every((line) => line.length <= 100));
  });
}

test('the standard workload is two threads of three operations on one page', () => {
  const { setup, threads } = parseInput(read('standard.txt'), 'standard.txt');
  assert.deepEqual(
    threads.map(({ ops }) => ops.length),
    [3, 3],
  );
  assert.deepEqual(
    threads.map(({ process }) => process),
    [0, 1],
  );
  assert.deepEqual(setup.files, [{ size: 4096, pages: ['hole'] }]);
});
