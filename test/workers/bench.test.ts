/** That every documented result is measured; never how fast, but for a tenth of what is promised. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { plannedBatches, renderCompared, renderResults } from '../../daemon/cli/bench.ts';
import { comparedResults } from '../../workers/bench/against.ts';
import { calibration } from '../../workers/bench/calibration.ts';
import { exploring, fuzzing, type Result } from '../../workers/bench/measure.ts';
import { buildRevision } from '../../workers/bench/revision.ts';
import { BARE, EVERYTHING, rig } from '../../workers/bench/rig.ts';
import { median, rateOf, ratesOf } from '../../workers/bench/rounds.ts';
import { largeWorkload, measureSearch } from '../../workers/bench/searching.ts';
import { minimizing } from '../../workers/bench/witnesses.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { SearchThreads } from '../../workers/service/search-threads.ts';
import { faultline } from '../cli/faultline.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { figure } from '../support/patience.ts';

const MODEL = 'xfs-mmaplock-prezero';
const OTHER = 'v42-immap-read:policy=unwritten';
const STANDARD = path.join(PACKAGE_ROOT, 'corpus/seeds/standard.txt');
const WORKLOAD = parseInput(readFileSync(STANDARD, 'utf8'), 'standard.txt');

/** Of a tenth of a second each. */
const UNITS: Readonly<Record<string, string>> = {
  'engine.runs': 'runs/s',
  'engine.steps': 'steps/s',
  'share.oracles': '%',
  'share.coverage': '%',
  'share.surw': '%',
  'share.machine': '%',
  'fuzz.runs': 'runs/s',
  'fuzz.steps': 'steps/s',
  'fuzz.ratio': '%',
  'campaign.runs': 'runs/s',
  'explore.states': 'states/s',
  'minimize.witness': 'ms',
  'calibration.steps': 'steps/s',
  'calibration.ratio': '%',
  'machine.taken': '%',
  'memory.rss': 'MB',
};
/** What a part costs is a difference of two measurements, which may come out below nothing. */
const DIFFERENCES = ['share.oracles', 'share.coverage', 'share.surw', 'machine.taken'];

/** The two commands of this project work without git; only `--against` asks for it. */
const HAS_GIT = spawnSync('git', ['--version']).error === undefined;

const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('--json has every result, on a model of choice', async () => {
  const args = ['bench', '--time', '1ms', '--model', OTHER, '--json', '--quiet'];
  const { exit, stdout, stderr } = await faultline(args, folder);
  assert.equal(exit, 0, stderr);
  assert.equal(stderr, '');
  const results: readonly Result[] = JSON.parse(stdout).results;
  for (const row of results) assert.deepEqual(Object.keys(row), ['name', 'value', 'unit']);
  assert.deepEqual(Object.fromEntries(results.map(({ name, unit }) => [name, unit])), UNITS);
  for (const { name, value } of results) {
    assert.ok(Number.isFinite(value), name);
    if (!DIFFERENCES.includes(name)) assert.ok(value > 0, `${name} ${value}`);
  }
});

test('for people: a table with targets and what became of them', () => {
  const results = [
    { name: 'engine.runs', value: 150_000, unit: 'runs/s' },
    { name: 'fuzz.ratio', value: 9.876, unit: '%' },
    { name: 'share.surw', value: -0.5, unit: '%' },
  ];
  assert.equal(
    renderResults(results),
    [
      '               value  unit        target',
      'engine.runs  150,000  runs/s  >= 150,000  ok',
      'fuzz.ratio      9.88  %          >= 80.0  below',
      'share.surw    -0.500  %',
    ].join('\n'),
  );
});

test('nothing is judged on a machine that others use', () => {
  const results = [
    { name: 'engine.runs', value: 200_000, unit: 'runs/s' },
    { name: 'machine.taken', value: 38.2, unit: '%' },
  ];
  const compared = results.map((row) => ({ ...row, value: 0.5, against: row.value, ratio: 1 }));
  for (const text of [renderResults(results), renderCompared(compared, 'abc')]) {
    assert.match(text, /\n\nThe machine is too busy to judge: others took 38 % of this core\./);
    assert.doesNotMatch(text, / ok| below/);
  }
  const quiet = results.map((row) => ({ ...row, value: Math.min(row.value, 9) }));
  assert.doesNotMatch(renderResults(quiet), /busy/);
});

test('what is measured runs; how fast is said, and judged by `bench`', () => {
  const model = modelOf(MODEL);
  const subject = { model, workload: WORKLOAD, rngSeed: 1, batches: plannedBatches(MODEL, 1) };
  const timing = { timeMs: 100, warmUpMs: 100 };
  const engine = rateOf(rig(model, WORKLOAD, EVERYTHING, 1), timing);
  const fuzz = rateOf(fuzzing(subject, false), timing);
  const states = rateOf(exploring(subject), timing);
  for (const { units } of [engine, fuzz, states]) assert.ok(units > 0);
  assert.ok(engine.steps > engine.units);
  const [runs, fuzzed, explored] = [engine, fuzz, states].map(({ units }) => Math.round(units));
  figure(`engine ${runs} runs/s, fuzz ${fuzzed} runs/s, explore ${explored} states/s`);
});

test('rigs: the same number gives the same runs; without oracles too', () => {
  const model = modelOf(MODEL);
  const steps = (parts: typeof BARE): number => rig(model, WORKLOAD, parts, 7)().steps;
  assert.equal(steps(EVERYTHING), steps(EVERYTHING));
  // Nothing here is fatal, so who listens does not change where a run goes.
  assert.equal(steps(EVERYTHING), steps({ ...EVERYTHING, oracles: false }));
  assert.equal(steps(EVERYTHING), steps({ ...EVERYTHING, coverage: false }));
  assert.equal(steps({ ...EVERYTHING, surw: false }), steps(BARE));
});

test('witnesses: each is found and minimized', () => {
  assert.deepEqual(minimizing()(), { units: 5, steps: 0 });
});

test('the toy machine steps', () => {
  assert.equal(calibration()().steps, 65536);
});

test('rounds alternate, and the median stands for them', () => {
  const order: string[] = [];
  const work = (name: string) => () => {
    order.push(name);
    return { units: 1, steps: 2 };
  };
  const rates = ratesOf([work('a'), work('b')], { timeMs: 0, warmUpMs: 0 });
  assert.equal(order.join(''), 'ab'.repeat(6));
  for (const { units, steps } of rates) assert.ok(steps > units);
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 100]), 3);
});

test('against: medians of what both have measured', () => {
  const row = (name: string, value: number) => ({ name, value, unit: 'runs/s' });
  const here = [row('a', 3), row('new', 1), row('a', 1), row('a', 2)];
  const there = [row('a', 4), row('old', 1), row('a', 4), row('a', 1000)];
  assert.deepEqual(comparedResults(here, there), [{ ...row('a', 2), against: 4, ratio: 0.5 }]);
});

test('against: a revision is built aside and taken away; one that is not there is refused', async () => {
  const said: string[] = [];
  const course = {
    said: (what: string) => {
      said.push(what);
    },
    stop: new AbortController().signal,
  };
  if (!HAS_GIT) {
    await assert.rejects(buildRevision(folder, 'HEAD', course), /cannot run git/);
    return;
  }
  const root = smallRepository();
  const built = await buildRevision(root, 'HEAD', course);
  assert.equal(readFileSync(built.main, 'utf8'), 'built\n');
  assert.match(said.join('\n'), new RegExp(`^building ${built.commit} in `));
  built.remove();
  assert.throws(() => readdirSync(path.dirname(built.main)), { code: 'ENOENT' });
  const refused = { code: 'ENVIRONMENT', exit: 3 };
  const complaint = { ...refused, message: 'no revision "nonesuch" here' };
  await assert.rejects(buildRevision(root, 'nonesuch', course), complaint);
  await assert.rejects(buildRevision(root, '--help', course), refused);
  await assert.rejects(buildRevision(folder, 'HEAD', course), /is no git repository/);
});

test('against: what stops the comparison leaves nothing behind', async () => {
  let scratch = '';
  const said = (what: string): void => {
    scratch = what.slice(what.lastIndexOf(' in ') + 4);
  };
  const course = { said, stop: new AbortController().signal };
  const root = HAS_GIT ? smallRepository('broken', 'process.exit(1);') : folder;
  await assert.rejects(buildRevision(root, 'HEAD', course), HAS_GIT ? /tsc -p \. failed/ : /git/);
  assert.ok(!existsSync(scratch));
  await assert.rejects(buildRevision(root, 'HEAD', { said, stop: AbortSignal.abort() }));
});

const MODELS = `import { writeFileSync } from 'node:fs';
export const writeModelTexts = () => writeFileSync('texts', 'built\\n');`;

/** A repository whose "compiler" makes the program of what the texts of its models were made into. */
function smallRepository(
  name = 'small',
  compiler = `require('node:fs').copyFileSync('texts', 'main.js');`,
): string {
  const root = path.join(folder, name);
  const files = {
    'package.json': '{"bin": {"faultline": "main.js"}}',
    'package-lock.json': '{}',
    '.gitignore': 'node_modules/\n',
    'deploy/start/models.mjs': MODELS,
    'node_modules/typescript/bin/tsc': compiler,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  // Not with the settings of whoever runs this.
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    [...identity, 'commit', '-qm', 'all'],
  ]) {
    execFileSync('git', args, { cwd: root, env });
  }
  return root;
}

test('bench search measures one thread against two', () => {
  const model = modelOf(MODEL);
  const crew = new SearchThreads(model, 2, { states: 0, rows: 0, alone: 0 });
  crew.begin();
  try {
    const { threads } = WORKLOAD;
    const workload = {
      ...WORKLOAD,
      threads: threads.map((one) => ({ ...one, ops: one.ops.slice(0, 1) })),
    };
    const results = measureSearch({ model, workload, crew }, () => undefined);
    assert.deepEqual(Object.fromEntries(results.map(({ name, unit }) => [name, unit])), {
      'search.one': 'states/s',
      'search.two': 'states/s',
      'search.ratio': 'x',
      'search.spread': '%',
      'machine.taken': '%',
    });
    for (const { name, value } of results.slice(0, 3)) assert.ok(value > 0, name);
  } finally {
    crew.close();
  }
});

test('the workload of bench search is one of the default model, with a third thread', () => {
  const large = largeWorkload(WORKLOAD);
  assert.equal(large.threads.length, 3);
  assert.equal(large.threads[2]?.ops.length, 1);
  assert.equal(new Engine(modelOf(MODEL)).lackingIn(large), null);
});
