/** `bench detect` at the command line: what it says before, its document, its drawing, its cold part, what it refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { CATALOGUE } from '../../corpus/vocabulary/catalogue.ts';
import { campaignsOf, detectCold } from '../../daemon/cli/bench-cold.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { faultlineHere } from './faultline.ts';

const MODEL = ['--model', 'v42-immap-read'];
const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function detect(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await faultlineHere(['bench', 'detect', ...args], folder);
  assert.equal(exit, 0, stderr);
  return stdout;
}

test('says before it begins how much it will run, and goes row by row', async () => {
  const args = ['bench', 'detect', ...MODEL, '--rows', 'b12,B33', '--trials', '4'];
  const { stderr, stdout } = await faultlineHere([...args, '--svg', 'rows.svg'], folder);
  const [head, ...rows] = stderr.trimEnd().split('\n');
  assert.match(
    head ?? '',
    /from seeds, 2 rows, up to 5 scenarios .*, portfolio surw pct3 random, 4 trials each of up to 10000 schedules; rng-seed 1$/,
  );
  assert.deepEqual(rows, [
    'faultline: bench: B12, 1 of 2 rows',
    'faultline: bench: B33, 2 of 2 rows',
  ]);
  assert.match(
    stdout,
    /\nall 2 +5 +portfolio +[\d.]+ +[\d.]+-[\d.]+ [^\n]*\n +surw [^\n]*\n +pct3 [^\n]*\n +random [^\n]*\n\nTimes the schedules of portfolio, over 5 scenarios of 2 racy rows that all have:\n(?:[^\n]+\n){4}$/,
  );
  assert.match(
    readFileSync(path.join(folder, 'rows.svg'), 'utf8'),
    /^<svg .*B33: portfolio .*<\/svg>\n$/s,
  );
});

test('--json: the same from the same number, row by row, and what `bench` has of all', async () => {
  const args = [...MODEL, '--rows', 'B12', '--trials', '4', '--schedulers', 'surw', '--json', '-q'];
  const text = await detect(...args);
  assert.equal(await detect(...args), text);
  assert.notEqual(await detect(...args, '--rng-seed', '2'), text);
  const { rows, overall, results } = JSON.parse(text);
  assert.equal(rows[0].row, 'B12');
  assert.deepEqual(Object.keys(rows[0].places[0]), ['model', 'seed', 'figures']);
  const { mean } = overall[0];
  assert.deepEqual(results, [{ name: 'detect.surw', value: mean, unit: 'schedules' }]);
  assert.equal(rows[0].figures[0].mean, mean);
});

test('--cold: the same whatever --jobs; a row that no campaign shows is missed', async () => {
  const args = [...MODEL, '--cold', '--rows', 'B33,B55', '--trials', '4', '--runs', '3k'];
  const text = await detect(...args, '--json', '-q', '--jobs', '1');
  assert.equal(await detect(...args, '--json', '-q', '--jobs', '2'), text);
  const { rows } = JSON.parse(text);
  const [found, missed] = rows.map(
    (row: { places: readonly { counts: readonly number[] }[] }) => row.places[0]?.counts,
  );
  assert.ok(found.length === 4 && found.every((runs: number) => runs < 3000), String(found));
  assert.deepEqual(missed, [3000, 3000, 3000, 3000]);
  assert.deepEqual(rows[1].figures[0].misses, 4);
});

test('--cold that is stopped shows the models whose campaigns have all ended', async () => {
  const stop = new AbortController();
  const said = (what: string): void => {
    if (what.includes('2 of 2 models')) stop.abort();
  };
  const models = ['v42-immap-read', 'v43-final'].map(modelOf);
  const row = CATALOGUE.find(({ id }) => id === 'B12');
  assert.ok(row !== undefined);
  const claims = [{ row, models }];
  const options = { trials: 4, runs: 3000, jobs: 1, rngSeed: 1 };
  const course = { said, stop: stop.signal };
  const [detection] = await detectCold(claims, campaignsOf(claims), options, course);
  assert.deepEqual(
    detection?.places.map(({ model }) => model),
    ['v42-immap-read'],
  );
});

test('what it does not take is refused, with what to type', async () => {
  for (const [args, complaint] of [
    [
      ['detect', '--rows', 'B45', ...MODEL],
      /--rows B45: no model here claims to find B45; there are B09, /,
    ],
    [
      ['detect', '--rows', 'B12,what', ...MODEL],
      /--rows B12,what: there is no row "what"; there are B09, /,
    ],
    [
      ['detect', '--schedulers', 'surf', ...MODEL],
      /there is no scheduler "surf"; the nearest is surw/,
    ],
    [
      ['detect', '--schedulers', 'spin-verfy', ...MODEL],
      /there is no scheduler "spin-verfy"; the nearest is spin-verify/,
    ],
    [['detect', '--cold', '--schedulers', 'spin-random'], /a campaign has its portfolio/],
    [['detect', '--trials', '3'], /--trials is 3; an interval takes 4 or more/],
    [['detect', '--cold', '--schedulers', 'surw'], /a campaign has its portfolio/],
    [['detect', '--jobs', '2'], /--jobs is an option of --cold/],
    [['detect', '--time', '2s'], /bench detect counts runs and takes no --time/],
    [['detect', '--against', 'HEAD'], /takes no --against/],
    [['queue', '--svg', 'x'], /--svg is an option of detect; type bench detect --svg/],
    [['--cold'], /--cold is an option of detect/],
  ] as const) {
    const { exit, stderr } = await faultlineHere(['bench', ...args], folder);
    assert.equal(exit, 2, args.join(' '));
    assert.match(stderr, complaint);
  }
  const nowhere = ['bench', 'detect', '--svg', 'no/such/folder.svg', ...MODEL];
  const { exit, stderr } = await faultlineHere(nowhere, folder);
  assert.equal(exit, 3);
  assert.match(stderr, /cannot write no\/such\/folder\.svg: no such file or directory/);
});

test('SPIN is asked for only where it is named, and missed before anything is measured', async () => {
  const { PATH } = process.env;
  process.env.PATH = '';
  try {
    const args = ['bench', 'detect', ...MODEL, '--rows', 'B12', '--trials', '4', '--schedulers'];
    assert.equal((await faultlineHere([...args, 'surw'], folder)).exit, 0);
    for (const names of ['surw,spin-random', 'spin-verify', 'spin-random,spin-verify']) {
      const { exit, stdout, stderr } = await faultlineHere([...args, names], folder);
      assert.deepEqual([exit, stdout], [3, '']);
      const spin = names.replace('surw,', '');
      assert.match(
        stderr,
        new RegExp(
          `^faultline: --schedulers ${spin}: there is no spin and no gcc on the PATH$`,
          'm',
        ),
      );
      assert.match(stderr, /type `sudo apt-get install spin gcc`, or leave /);
    }
  } finally {
    process.env.PATH = PATH;
  }
});
