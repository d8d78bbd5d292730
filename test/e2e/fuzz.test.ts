/** A campaign from the outside: what it finds, that it finds it again, and how it ends. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { modelJson, modelOf } from '../../workers/models/registry.ts';
import { replayVerdict } from '../../workers/reproduce/replay-verdict.ts';
import { Engine } from '../../workers/run/engine.ts';
import { faultlineHere } from '../cli/faultline.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { fuzzed, knownOf, lasting, Talking } from './fuzz.ts';

/** With two findings: minimizing takes no time. */
const QUIET = 'xfs-mmaplock-prezero';
const folder = mkdtempSync(path.join(tmpdir(), 'faultline-e2e-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let places = 0;
/** A data directory of its own, as flags. */
function place(): readonly string[] {
  return ['--data-dir', path.join(folder, String(places++))];
}

/** Of them `fuzz.nightly` takes all. */
const MODELS = ['v42-immap-read', 'v43rc-immap-write', 'v48-entry-lock', QUIET];

test('models together: the bugs that must be found, none where there is none', async () => {
  const args = ['--runs', '26k', '--rng-seed', '1', '--model', ...MODELS];
  const document = await fuzzed(folder, ...args, ...place());
  assert.deepEqual([document.runs, document.rngSeed], [26_000, 1]);
  // An unfair scheduler may let a retry use up the steps of a run.
  assert.ok(document.inconclusive <= 26, String(document.inconclusive));
  const known = knownOf(document);
  const expected = document.models.flatMap((model) => modelOf(model).expect.find);
  assert.deepEqual(
    expected.filter((id) => !known.has(id)),
    [],
  );
  for (const finding of document.findings) {
    if (!finding.models.includes('xfs-mmaplock-prezero')) continue;
    assert.match(finding.known ?? finding.signature, /^(?:B10|B11)$/);
  }
});

test('the same is found whatever --jobs', async () => {
  // Longer than the lag of 64 batches, so that plans depend on what was found.
  const args = ['--runs', '68k', '--rng-seed', String(RNG_SEED), '--model', QUIET];
  const document = await fuzzed(folder, ...args, '--jobs', '1', ...place());
  assert.ok(document.findings.length > 0);
  const again = await fuzzed(folder, ...args, '--jobs', '2', ...place());
  assert.deepEqual(lasting(again), lasting(document));
  const [silence] = document.silences;
  assert.equal(silence?.scope.verified[0]?.workloads, 856);
  assert.ok(
    silence.scope.shows.every((row) => /^(?:B10|B11)$/.test(row)),
    `${silence.scope.shows}`,
  );
});

test('Ctrl-C: exit 0, and every finding on disk is whole and replays', async () => {
  const [flag, dataDir = ''] = place();
  const running = Talking.fuzz(
    folder,
    ...['--model', 'v48-entry-lock', '--rng-seed', '1', '--time', '10m', `${flag}`, dataDir],
  );
  await running.until(/replay {2}faultline replay [0-9a-f]+/);
  running.interrupt();
  const { exit, stdout, stderr } = await running.ended();
  assert.equal(exit, 0, stdout + stderr);
  assert.match(stderr, /stopping/);
  assert.match(stdout, /again: faultline fuzz --rng-seed 1 --runs \d+ --model v48-entry-lock/);
  const { findings } = new FindingStore(dataDir).list();
  assert.equal(findings.length, [...stdout.matchAll(/^ {2}replay {2}/gm)].length);
  assert.ok(findings.length > 0);
  for (const { file, signature } of findings) {
    const repro = parseRepro(readFileSync(file, 'utf8'), file);
    const { traceDigest } = repro;
    const engine = new Engine(modelOf(repro.modelRef));
    const options = { statesMax: 200_000, traceDigest };
    const { verdict, matches } = replayVerdict(engine, repro.input, signature, options);
    assert.deepEqual([verdict, matches], ['reproduced', true], signature);
  }
  const id = path.basename(path.dirname(findings[0]?.file ?? ''));
  assert.equal((await faultlineHere(['replay', id, `${flag}`, dataDir], folder)).exit, 1);
});

test('a second Ctrl-C that is meant stops at once; one that npm doubles does not', async () => {
  const signals = new URL('../../daemon/cli/signals.js', import.meta.url);
  // Draining never ends here; the clock goes from press to press.
  const script = `import { onInterrupt } from ${JSON.stringify(signals)};
setInterval(() => {}, 1000);
process.on('SIGINT', () => console.log('heard'));
const presses = [0, 500, 501];
onInterrupt(() => console.log('draining'), { wallMs: () => 0, monotonicMs: () => presses.shift() });
console.log('ready');`;
  const running = new Talking(['--input-type=module', '--eval', script], folder);
  await running.until(/ready/);
  running.interrupt();
  await running.until(/draining/);
  running.interrupt();
  await running.until(/heard[\s\S]*heard/);
  running.interrupt();
  assert.equal((await running.ended()).exit, 130);
});

test('a closed terminal drains too', async () => {
  const signals = new URL('../../daemon/cli/signals.js', import.meta.url);
  const script = `import { onInterrupt } from ${JSON.stringify(signals)};
const work = setInterval(() => {}, 1000);
onInterrupt(() => { console.log('draining'); clearInterval(work); });
process.kill(process.pid, 'SIGHUP');`;
  const running = new Talking(['--input-type=module', '--eval', script], folder);
  const { exit, stdout } = await running.ended();
  // Then it dies of the signal.
  assert.deepEqual([exit, stdout], [null, 'draining\n']);
});

test('the command to fuzz again names the models as they were given', async () => {
  writeFileSync(path.join(folder, 'my model.json'), modelJson(modelOf(QUIET)));
  const model = ['--model', './my model.json', QUIET];
  const args = ['fuzz', '--runs', '100', '--rng-seed', '1', ...place(), ...model];
  const { stdout } = await faultlineHere(args, folder);
  const again = `again: faultline fuzz --rng-seed 1 --runs 100 --model './my model.json' ${QUIET}\n`;
  assert.ok(stdout.endsWith(again), stdout);
});

test('where nothing can be written, fuzzing goes on: findings are printed, and the end is exit 3', async () => {
  writeFileSync(path.join(folder, 'a-file'), '');
  const args = [
    'fuzz',
    '--model',
    QUIET,
    '--runs',
    '3000',
    '--rng-seed',
    '1',
    '--data-dir',
    'a-file',
  ];
  const { exit, stdout, stderr } = await faultlineHere(args, folder);
  assert.equal(exit, 3, stdout + stderr);
  assert.match(stdout, /B10/);
  assert.match(stdout, / 3000 runs/);
  assert.match(stderr, /cannot write[\s\S]*fuzzing goes on/);
});

const TOGGLED = 'v42-immap-read';
const WRONG: readonly (readonly [string, RegExp])[] = [
  ['--model nonesuch', /known models: .*v42-immap-read/],
  [`--model ${TOGGLED}:policy=maybe`, /it can be: new, unwritten/],
  [`--model ${TOGGLED}:polcy=new`, /policy/],
  ['--model ./none.json', /no such file/],
  ['--runs many', /such as 1000, 100k or 1e6/],
  ['--runs 0', /such as 1000, 100k or 1e6/],
  ['--time soon', /such as/],
  ['--jobs 0', /such as/],
  ['--rng-seed 4294967296', /from 0 to 4294967295/],
  ['--rnus 5', /Did you mean --runs/],
];

test('what cannot be meant is refused with exit 2, before anything runs', async () => {
  for (const [args, says] of WRONG) {
    const { exit, stderr, stdout } = await faultlineHere(['fuzz', ...args.split(' ')], folder);
    assert.equal(exit, 2, `${args}\n${stdout}${stderr}`);
    assert.match(stderr, says, args);
    assert.equal(stdout, '');
  }
});

test('--resume goes on with the last campaign, and keeps what it found', async () => {
  const args = ['--data-dir', 'resumed'];
  const first = await fuzzed(folder, '--model', 'v42-immap-read', '--runs', '6k', ...args);
  const second = await fuzzed(folder, '--resume', '--runs', '12k', ...args);
  assert.deepEqual([first.runs, second.runs], [6000, 12_000]);
  assert.deepEqual([second.models, second.rngSeed], [first.models, first.rngSeed]);
  const found = new Set(second.findings.map(({ id }) => id));
  assert.ok(first.findings.length > 0);
  assert.deepEqual(
    first.findings.filter(({ id }) => !found.has(id)),
    [],
  );
  const none = await faultlineHere(['fuzz', '--resume', '--data-dir', 'none'], folder);
  assert.equal(none.exit, 2, none.stderr);
  assert.match(none.stderr, /no campaign of `fuzz` to go on with/);
  const two = await faultlineHere(['fuzz', '--resume', '--rng-seed', '1', ...args], folder);
  assert.equal(two.exit, 2, two.stderr);
});
