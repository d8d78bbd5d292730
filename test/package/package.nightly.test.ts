/**
 * The package as a user has it: packed, installed into an empty folder, its command run there, its types and its example
 * compiled and run. Where no registry answers, what needs an installation is skipped; in CI that is a failure.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { assertTables } from '../support/tables.ts';
import { type Contents, offencesIn } from './contents.ts';
import { type Ended, npm, program } from './npm.ts';

/** Other packages that an installation may bring. */
const PACKAGES_MAX = 90;
/** What npm says where no registry answers. */
const UNREACHABLE =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/;
const EXAMPLE = 'property-test';

const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-package-'));
/** Where npm installs; the package lies in its `node_modules/faultline`. */
const folder = path.join(scratch, 'empty');
let contents: Contents = new Map();
/** Why nothing is installed, if so. */
let missing: string | null = null;

before(async () => {
  // Its last line is the name.
  const packed = await npm(['pack', '--silent', '--pack-destination', scratch], PACKAGE_ROOT);
  assert.equal(packed.exit, 0, packed.stderr);
  const tarball = path.join(scratch, packed.stdout.trim().split('\n').at(-1) ?? '');
  const unpacked = await program('tar', ['-xzf', tarball, '-C', scratch], scratch);
  assert.equal(unpacked.exit, 0, unpacked.stderr);
  contents = contentsOf(path.join(scratch, 'package'));
  missing = await install(tarball);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** @returns why not, where no registry answers, twice */
async function install(tarball: string): Promise<string | null> {
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  // Without a prefix npm looks for a package above an empty folder. Its own retries wait for half a minute.
  const command = ['install', '--prefix', folder, ...flags, '--fetch-retries', '0', tarball];
  let code = '';
  for (let tries = 0; tries < 2; tries++) {
    const installed = await npm(command, scratch);
    if (installed.exit === 0) return null;
    [code] = UNREACHABLE.exec(installed.stderr) ?? assert.fail(installed.stderr);
  }
  return `no registry answers npm install: ${code}`;
}

function contentsOf(root: string): Contents {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return [path.relative(root, file), readFileSync(file, 'utf8')] as const;
      }),
  );
}

/** @throws in CI, where nothing may be skipped */
function isMissing(t: TestContext): boolean {
  if (missing === null) return false;
  if (process.env.CI === 'true') throw new Error(`${missing}; in CI it must be there`);
  t.skip(missing);
  return true;
}

function npx(...args: readonly string[]): Promise<Ended> {
  return npm(['exec', '--offline', '--no', '--', 'faultline', ...args], folder);
}

test('what does not belong into a package is found', () => {
  const clean = (name: string): Contents =>
    new Map([...contents, [name, "import './shared.js';\n[verbs](README.md#verbs)"]]);
  assert.deepEqual(offencesIn(clean('dashboards/docs/more.md'), ['/home/me']), [
    'dashboards/docs/more.md leads to dashboards/docs/README.md',
  ]);
  const planted: readonly (readonly [string, string])[] = [
    ['test/run.js', 'test/run.js'],
    ['dist/test/run.js', 'dist/test/run.js'],
    ['workers/run/engine.ts', 'workers/run/engine.ts'],
    ['.ci/run', '.ci/run'],
    ['dist/.tsbuildinfo', 'dist/.tsbuildinfo'],
    ['dist/bundle/main.js.map', 'dist/bundle/main.js.map'],
    ['dist/bundle/old.js', 'nothing imports dist/bundle/old.js'],
  ];
  for (const [name, offence] of planted) {
    assert.ok(offencesIn(clean(name), []).includes(offence), name);
  }
  const without = new Map([...contents].filter(([name]) => name !== 'dist/bundle/main.js'));
  assert.ok(offencesIn(without, []).includes('dist/bundle/main.js is missing'));
  const named = new Map([['LICENSE', 'built in /home/me/faultline']]);
  assert.ok(offencesIn(named, ['/home/me']).includes('LICENSE names /home/me'));
});

test('the package holds what a user needs, no tests, and nothing of this machine', () => {
  // The home of a container's user may be /, which is in every text.
  const places = [PACKAGE_ROOT, scratch, homedir()].filter((place) => place.length > 1);
  assert.deepEqual(offencesIn(contents, places), []);
  const seeds = readdirSync(path.join(PACKAGE_ROOT, 'corpus/seeds'));
  const docs = readdirSync(path.join(PACKAGE_ROOT, 'dashboards/docs'), {
    recursive: true,
    encoding: 'utf8',
  }).filter((name) => path.extname(name) !== '');
  const wanted = [
    ...seeds.map((name) => `corpus/seeds/${name}`),
    ...docs.map((name) => `dashboards/docs/${name}`),
    'README.md',
    'LICENSE',
    'dist/identity.json',
    'dist/types/workers/api/faultline.d.ts',
    'node_modules/grafana-dashboards/grafana/faultline-exploration.json',
    'node_modules/grafana-dashboards/grafana/faultline-findings.json',
    'node_modules/grafana-dashboards/grafana/faultline-fleet.json',
    'node_modules/grafana-dashboards/prometheus/faultline.rules.yaml',
  ];
  assert.deepEqual(
    wanted.filter((name) => !contents.has(name)),
    [],
  );
});

test('README.md shows the example as it is; UPDATE_GOLDEN=1 copies it anew', () => {
  const example = readFileSync(path.join(PACKAGE_ROOT, `dashboards/docs/${EXAMPLE}.mts`), 'utf8');
  assertTables(PACKAGE_ROOT, { [EXAMPLE]: () => `\`\`\`ts\n${example}\`\`\`` });
});

test('npm installs it into an empty folder, and asks no registry for grafana-dashboards', (t) => {
  if (isMissing(t)) return;
  const lock = path.join(folder, 'node_modules/.package-lock.json');
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as Lock;
  const ours = 'node_modules/faultline/node_modules/grafana-dashboards';
  assert.equal(packages[ours]?.inBundle, true);
  const strange = Object.keys(packages).filter((name) => name.endsWith('/grafana-dashboards'));
  assert.deepEqual(strange, [ours]);
  assert.ok(Object.keys(packages).length <= PACKAGES_MAX);
});

interface Lock {
  readonly packages: Readonly<Record<string, { readonly inBundle?: boolean }>>;
}

test('its command runs there', async (t) => {
  if (isMissing(t)) return;
  const { engine } = JSON.parse(contents.get('dist/identity.json') ?? '{}') as { engine?: string };
  const [version, fuzz, against] = await Promise.all([
    npx('version'),
    npx('fuzz', '--runs', '20k', '--model', 'canary', '--rng-seed', '1'),
    npx('bench', '--against', 'HEAD', '--time', '1ms'),
  ]);
  assert.equal(version.exit, 0, version.stderr);
  assert.match(version.stdout, new RegExp(`^engine ${engine}$`, 'm'));

  assert.equal(fuzz.exit, 1, fuzz.stderr);
  assert.match(fuzz.stdout, /^CANARY {2}the model that must always fail$/m);
  assert.match(fuzz.stdout, /, 20000 runs, /);
  assert.ok(readdirSync(path.join(folder, '.faultline/findings')).length > 0);

  assert.equal(against.exit, 3, against.stderr);
  assert.match(against.stderr, /is an installed package, which has no revisions\nhint: .*clone/);
});

test('its types and its example compile, the example passes, and fails on a broken model', async (t) => {
  if (isMissing(t)) return;
  const source = contents.get(`dashboards/docs/${EXAMPLE}.mts`) ?? '';
  writeFileSync(path.join(folder, `${EXAMPLE}.mts`), source);
  const edit = /^in fault: .*\n/m;
  assert.match(source, edit);
  writeFileSync(path.join(folder, 'broken.mts'), source.replace(edit, ''));
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: STRICT }));
  const tsc = path.join(PACKAGE_ROOT, 'node_modules/typescript/bin/tsc');
  const compiled = await program(process.execPath, [tsc, '-p', '.'], folder);
  assert.equal(compiled.exit, 0, compiled.stdout);

  const [passed, failed] = await Promise.all(
    [EXAMPLE, 'broken'].map((name) =>
      program(process.execPath, ['--test-reporter=tap', `${name}.mjs`], folder),
    ),
  );
  assert.equal(passed?.exit, 0, passed?.stdout);
  assert.match(passed?.stdout ?? '', /^# pass 2$/m);
  assert.equal(failed?.exit, 1, failed?.stdout);
  assert.match(failed?.stdout ?? '', /^# fail 2$/m);
  assert.match(failed?.stdout ?? '', /looks like B10: zero page stays mapped/);
});

/** Also of the declarations of the package. */
const STRICT = {
  target: 'es2023',
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ['node'],
  typeRoots: [path.join(PACKAGE_ROOT, 'node_modules/@types')],
};
