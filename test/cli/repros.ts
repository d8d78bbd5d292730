/** A folder with inputs, models and repros in every state that `replay` and `show` have to judge. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import type { Schedule } from '../../corpus/vocabulary/input.ts';
import { canonicalJson } from '../../corpus/vocabulary/json.ts';
import { parseRepro, printRepro, type Repro } from '../../corpus/vocabulary/repro.ts';
import { LABEL_END } from '../../corpus/vocabulary/validate.ts';
import { modelDigest, modelJson, modelOf } from '../../workers/models/registry.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { faultlineHere } from './faultline.ts';

export const RACY = 'v42-immap-read';
/** Sound for the seed below. */
export const SOUND = 'xfs-mmaplock-prezero';
const SEED = 'b12-fault-vs-punch.txt';

/** Returns the id of the finding in the folder's `.faultline`. */
export async function fillFolder(folder: string): Promise<string> {
  const seed = readFileSync(path.join(PACKAGE_ROOT, 'corpus/seeds', SEED), 'utf8');
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  write('seed.txt', seed);
  write('bad.txt', seed.replace('punch A', 'pnch A'));
  write('slips.txt', seed.replace('load a0 0', 'load a1 0\npwrite B 0 2048'));
  const switches = ['fault/instalPte', 'fault/installPte', 'punch/unmp'].map((label) => {
    return `switch T0 op 0 at ${label} 1 to T1\n`;
  });
  write('labels.txt', seed.trimEnd().concat('\n', ...switches));
  write('crash.txt', seed.replace('punch A 0 4096', 'crash'));
  write('idle.txt', seed.replace(/^(?:load|store|punch|pwrite) .*\n/gm, ''));
  write('broken.json', '{"format": oops}');
  write('newer.txt', seed.replace('input 1', 'input 2'));
  write('derived.model', `faultline model 1\nname derived\nextends ${RACY}\n`);
  const reflink = 'file A size 4096 pages written\nprocess P0\nthread T0 P0\nreflink A\n';
  write('reflink.txt', `faultline input 1\n${reflink}`);
  write('on-xfs.model', 'faultline model 1\nname on-xfs\nextends modern-xfs\n');
  const toggle = 'toggle reflink = off | on\n';
  write('choosing.model', `faultline model 1\nname choosing\nextends modern-xfs\n${toggle}`);
  for (const [name, kind] of [
    ['latin.txt', 'input'],
    ['latin.model', 'model'],
  ]) {
    const text = Buffer.from(`faultline ${kind} 1\n# a caf\u00e9, ...`, 'latin1');
    writeFileSync(path.join(folder, `${name}`), text);
  }
  write('not-a-folder', '');
  // As a home is, or nothing in it would be exposed.
  chmodSync(folder, 0o755);
  const secret = (name: string, text: string, mode: number): void =>
    writeFileSync(path.join(folder, name), text, { mode });
  secret('secret.txt', 'redis://:hunter2@127.0.0.1:1\n', 0o640);
  secret('hook.txt', 'http://hooks.example/s3cret\n', 0o600);
  secret('exposed.txt', 'redis://:hunter2@127.0.0.1:1\n', 0o644);
  secret('blank.txt', '\n', 0o600);
  secret('typo.txt', 'rediss//:hunter2@lab\n', 0o600);
  mkdirSync(path.join(folder, 'closed'), { mode: 0o700 });
  secret('closed/redis-url', 'redis://:hunter2@127.0.0.1:1\n', 0o444);
  const { exit } = await faultlineHere(['check', 'seed.txt', '--model', RACY, '-q'], folder);
  assert.equal(exit, 1);
  const [finding] = new FindingStore(path.join(folder, '.faultline')).list().findings;
  assert.ok(finding);
  const repro = parseRepro(
    readFileSync(path.join(folder, finding.file.slice(folder.length)), 'utf8'),
    'repro',
  );
  writeVariants(repro, write);
  mkdirSync(path.join(folder, 'empty'));
  return finding.id;
}

/** As the schedule of a model with steps of other names. */
function withoutLabels({ first, switches }: Schedule): Schedule {
  const strange = switches.map((one) => {
    return one.label === LABEL_END ? one : { ...one, label: 'fault/elsewhere' };
  });
  return { first, switches: strange };
}

function writeVariants(repro: Repro, write: (name: string, text: string) => void): void {
  const model = modelOf(RACY);
  const digest = { modelDigest: modelDigest(model) };
  const { setup, threads } = repro.input;
  const changed = { ...model, durability: !model.durability };
  const mine = { ...model, name: 'mine' };
  const variants: Readonly<Record<string, Partial<Repro>>> = {
    'repro.txt': {},
    'other-trace.txt': { traceDigest: 'c0'.repeat(32) },
    'other-engine.txt': { traceDigest: 'c0'.repeat(32), engine: 'e0'.repeat(32) },
    'changed-model.txt': { modelJson: modelJson(changed), modelDigest: modelDigest(changed) },
    'lying-digest.txt': {
      modelRef: 'mine',
      modelJson: modelJson(mine),
      modelDigest: '0'.repeat(64),
    },
    'other-labels.txt': {
      input: { setup, threads, schedule: withoutLabels(repro.input.schedule) },
      engine: 'e0'.repeat(32),
    },
    'own-model.txt': {
      modelRef: 'mine',
      modelJson: modelJson(mine),
      modelDigest: modelDigest(mine),
    },
    'no-model.txt': { modelRef: 'mine', modelJson: '{}' },
    'no-schedule.txt': {
      input: { setup, threads, schedule: { first: 0, switches: [] } },
      engine: 'e0'.repeat(32),
    },
  };
  for (const [name, change] of Object.entries(variants)) {
    write(name, printRepro({ ...repro, ...digest, ...change }));
  }
  write(
    'with-schedule.txt',
    printRepro(repro).replace(/^[\s\S]*\ninput\n|model-json\n[\s\S]*$/g, ''),
  );
  write('newer-repro.txt', printRepro(repro).replace('repro 1', 'repro 2'));
  write('mine.json', canonicalJson(mine));
  write('not-a-model.json', '{"name":"x"}');
  // The name of the one in JSON, and a row that no seed shows on it.
  write('mine.model', 'faultline model 1\nname mine\nextends boaz-rwlock\nfinds B52\n');
}
