/** The units of deploy/systemd: systemd reads them without a complaint and finds little exposed; each check is shown what it must catch. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MAIN } from '../cli/faultline.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { unknownFlags } from './command-lines.ts';
import { isSecretName } from './image-policy.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'deploy/systemd');
const UNITS = readdirSync(FOLDER);
/** By its name: where `npm install --global` puts it depends on npm's prefix. */
const PROGRAM = 'faultline';
const PREFIXES = ['/usr/local', '/usr'];
/** Of 10, as tenths: what systemd calls OK ends at 4. */
const EXPOSED_MAX = '20';
const skip = await skipReason('systemd');

const read = (unit: string): string => readFileSync(path.join(FOLDER, unit), 'utf8');

/** Where the program is that of this tree. */
function analyzed(t: TestContext, unit: string, text: string, ...verb: readonly string[]) {
  const file = path.join(temporaryFolder(t), unit);
  const program = `ExecStart=${process.execPath} ${MAIN} `;
  writeFileSync(file, text.replaceAll(`ExecStart=${PROGRAM} `, program));
  return spawnSync('systemd-analyze', [...verb, file], { encoding: 'utf8' });
}

describe('units', { skip }, () => {
  for (const unit of UNITS) {
    test(`systemd takes ${unit} as it is`, (t) => {
      const verified = (text: string) => analyzed(t, unit, text, 'verify');
      const { status, stdout, stderr } = verified(read(unit));
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
      for (const [from, to] of [
        ['StateDirectory=', 'StatesDirectory='],
        ['Restart=on-failure', 'Restart=sometimes'],
        ['SystemCallFilter=@system-service', 'SystemCallFilter=@sistem'],
        [`ExecStart=${PROGRAM} `, 'ExecStart=no-such-program '],
        [`ExecStart=${PROGRAM} `, 'ExecStart=/usr/local/bin/none '],
      ] as const) {
        assert.ok(read(unit).includes(from), from);
        assert.notEqual(verified(read(unit).replace(from, to)).stderr, '', to);
      }
    });

    test(`little is exposed by ${unit}`, (t) => {
      const args = ['security', '--offline=true', `--threshold=${EXPOSED_MAX}`];
      const exposed = (text: string) => analyzed(t, unit, text, ...args);
      assert.equal(exposed(read(unit)).status, 0);
      const careless = read(unit).replace(
        /^(?:Capability|Private|Protect|Restrict|System).*\n/gm,
        '',
      );
      assert.notEqual(exposed(careless).status, 0);
    });
  }
});

test('systemd finds the program under each usual prefix of npm', { skip }, () => {
  const { stdout } = spawnSync('systemd-path', ['search-binaries-default'], { encoding: 'utf8' });
  const folders = stdout.trim().split(':');
  for (const prefix of PREFIXES) assert.ok(folders.includes(`${prefix}/bin`), stdout);
  const starts = UNITS.map((unit) => /^ExecStart=(\S+)/m.exec(read(unit))?.[1]);
  assert.deepEqual(new Set(starts), new Set([PROGRAM]));
});

test('the guide says where the package and a new enough Node come from, and which prefix units take', () => {
  const guide = readFileSync(path.join(PACKAGE_ROOT, 'deploy/README.md'), 'utf8');
  const [, section = ''] = /^## systemd\n([\s\S]*?)^## /m.exec(guide) ?? [];
  const { engines, version } = JSON.parse(
    readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8'),
  );
  const oldest = engines.node.replace('>=', '');
  const [first = '', second = ''] = section.match(/(?<=^|\n)npm .*/g) ?? [];
  assert.match(first, /npm pack/);
  assert.ok(second.includes(`./faultline-${version}.tgz`), second);
  assert.ok(section.includes(`Node ${oldest} or newer`));
  for (const prefix of PREFIXES) assert.ok(section.includes(`\`${prefix}\``), prefix);
});

for (const unit of UNITS) {
  test(`${unit} runs a command line that the program knows, and has its secrets as files`, async () => {
    const [, line = ''] = /^ExecStart=\S+ (.*)$/m.exec(read(unit)) ?? [];
    assert.deepEqual(await unknownFlags(line.split(' ')), []);
    const variables = [...read(unit).matchAll(/^Environment=(.*)$/gm)]
      .flatMap(([, list = '']) => list.split(' '))
      .map((one) => one.split('=')[0] ?? '');
    assert.deepEqual(variables.filter(isSecretName), []);
    const loaded = [...read(unit).matchAll(/^LoadCredential=([\w-]+):/gm)].map(([, name]) => name);
    const used = [...read(unit).matchAll(/%d\/([\w-]+)/g)].map(([, name]) => name);
    assert.deepEqual(used.sort(), loaded.sort());
  });
}
