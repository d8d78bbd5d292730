/** Completion as shells do it: the real ones, where they are there, on the scripts of this build. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { temporaryFolder } from '../store/sample.ts';
import { faultlineHere } from './faultline.ts';

function skipWithout(shell: string): false | string {
  return spawnSync(shell, ['--version']).status === 0 ? false : `no ${shell}`;
}

async function scriptOf(t: TestContext, shell: string): Promise<string> {
  const folder = temporaryFolder(t);
  const { exit, stdout, stderr } = await faultlineHere(['completion', shell], folder);
  assert.equal(exit, 0, stderr);
  const file = path.join(folder, `completion.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

/** What one line gets, up to the word that is being typed. */
const CASES: readonly { readonly line: string; readonly offers: readonly string[] }[] = [
  { line: 'ch', offers: ['check'] },
  { line: 'findings e', offers: ['export'] },
  { line: 'findings export --data', offers: ['--data-dir'] },
  { line: 'show --as co', offers: ['columns'] },
  { line: 'check --model v4', offers: MODEL_NAMES.filter((name) => name.startsWith('v4')) },
  { line: 'check x.txt --recorded', offers: [] },
  { line: 'replay x.txt --recorded', offers: ['--recorded-model'] },
  { line: 'campaign p', offers: ['pause'] },
  { line: 'mark 51db96e54d31 dup', offers: ['duplicate-of'] },
  { line: 'completion f', offers: ['fish'] },
];

test('bash offers verbs, options and choices, and files where it has none', {
  skip: skipWithout('bash'),
}, async (t) => {
  const file = await scriptOf(t, 'bash');
  const tries = CASES.map(({ line }) => {
    const words = ['faultline', ...line.split(' ')];
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; COMPREPLY=(); _faultline; echo "\${COMPREPLY[*]}"`;
  });
  const script = [`set -u; source '${file}'; complete -p faultline`, ...tries].join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const [registered, ...answers] = stdout.trimEnd().split('\n');
  assert.equal(registered, 'complete -o default -F _faultline faultline');
  const offers = answers.map((answer) =>
    answer
      .split(' ')
      .filter((word) => word !== '')
      .sort(),
  );
  assert.deepEqual(
    offers,
    CASES.map((one) => [...one.offers].sort()),
  );
});

test('fish offers the same', { skip: skipWithout('fish') }, async (t) => {
  const file = await scriptOf(t, 'fish');
  for (const { line, offers } of CASES.filter((one) => one.offers.length > 0)) {
    const script = `source '${file}'; complete -C 'faultline ${line}'`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
    });
    const words = stdout.split('\n').map((one) => one.split('\t')[0]);
    for (const offer of offers) assert.ok(words.includes(offer), `${line}: ${stdout}${stderr}`);
  }
});

test('zsh reads its script', { skip: skipWithout('zsh') }, async (t) => {
  const file = await scriptOf(t, 'zsh');
  const { status, stderr } = spawnSync('zsh', ['-f', '-n', file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
