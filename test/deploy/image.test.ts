/**
 * deploy/Dockerfile under its rules, each shown what it must catch; and the program runs from exactly the files that the image has.
 * image.nightly.test.ts executes the steps themselves.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { copied, IMAGE_RULES, stagesOf, stepsOf } from './image-file.ts';

const TEXT = readFileSync(path.join(PACKAGE_ROOT, 'deploy/Dockerfile'), 'utf8');
const STAGES = stagesOf(TEXT);

const PLANTED: Readonly<Record<keyof typeof IMAGE_RULES, readonly (readonly [string, string])[]>> =
  {
    'begins from pinned images': [['node:20.20.2-bookworm-slim AS build', 'node:20-slim AS build']],
    'has steps that are known': [['COPY . .', 'ADD . .']],
    'ends with neither a shell nor a package manager': [
      ['FROM scratch', 'FROM debian:12.11-slim'],
      ['VOLUME /data', 'RUN apt-get update'],
    ],
    'runs as a user that is not root': [
      ['USER 10001:10001', 'USER root'],
      ['USER 10001:10001', 'USER 0:0'],
      ['USER 10001:10001\n', ''],
    ],
    'starts the program itself': [
      ['ENTRYPOINT ["/usr/local/bin/node", "/app/dist/bundle/main.js"]', 'ENTRYPOINT node /app'],
    ],
    'has no secret': [['NODE_ENV=production', 'FAULTLINE_REDIS_URL=redis://queue']],
    'runs no script of a package': [
      ['npm ci --ignore-scripts --omit=dev', 'npm ci --omit=dev'],
      ['npm ci --ignore-scripts --omit=dev', 'npm install --ignore-scripts'],
    ],
    'copies what there is': [
      ['COPY .npmrc', 'COPY .npmrd'],
      ['--from=packages', '--from=package'],
    ],
  };

for (const [name, look] of Object.entries(IMAGE_RULES)) {
  test(`the image ${name}, and one that does not is caught`, () => {
    assert.deepEqual(look(STAGES, PACKAGE_ROOT), []);
    for (const [from, to] of PLANTED[name as keyof typeof IMAGE_RULES]) {
      assert.ok(TEXT.includes(from), from);
      assert.notDeepEqual(look(stagesOf(TEXT.replace(from, to)), PACKAGE_ROOT), [], to);
    }
  });
}

interface Locked {
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** Folders of packages that `npm ci --omit=dev --workspaces=false` would bring. */
function packagesForRunning(): readonly string[] {
  const lock = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package-lock.json'), 'utf8'));
  const rows = Object.entries(lock.packages as Readonly<Record<string, Locked>>);
  return rows
    .filter(
      ([where, { dev, link }]) =>
        where.startsWith('node_modules/') && dev !== true && link !== true,
    )
    .filter(([where]) => !where.includes('@grafana/') && existsSync(path.join(PACKAGE_ROOT, where)))
    .map(([where]) => where);
}

test('the program runs from the files that the image has', (t) => {
  const root = temporaryFolder(t);
  const last = STAGES.at(-1) ?? assert.fail('no stage');
  const files = stepsOf(last, 'COPY').flatMap((step) => copied(step));
  for (const { source, target } of files.filter((one) => one.source.startsWith('/src/'))) {
    const inTree = source.slice('/src/'.length);
    const names = inTree === 'node_modules' ? packagesForRunning() : [inTree];
    for (const name of names) {
      const place = path.join(root, target, path.relative(inTree, name));
      cpSync(path.join(PACKAGE_ROOT, name), place, { recursive: true });
    }
  }
  const [, main = ''] = JSON.parse(
    stepsOf(last, 'ENTRYPOINT')[0]?.text ?? '[]',
  ) as readonly string[];
  const dataDir = path.join(root, 'data');
  const env = { NODE_ENV: 'production', HOME: dataDir, FAULTLINE_DATA_DIR: dataDir };
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [path.join(root, main), ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
    });

  const { build } = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'dist/identity.json'), 'utf8'));
  const version = run('version');
  assert.equal(version.status, 0, version.stderr);
  assert.ok(version.stdout.includes(build.slice(0, 12)), version.stdout);
  // All that a worker and a coordinator import is loaded before these are refused.
  for (const args of [
    ['worker', '--redis', 'nowhere'],
    ['daemon', '--host', '0.0.0.0'],
  ]) {
    const refused = run(...args);
    assert.equal(refused.status, 2, refused.stderr);
  }
  const seed = path.join(root, path.dirname(main), '../../corpus/seeds/b12-fault-vs-punch.txt');
  const checked = run('check', seed, '--model', 'v42-immap-read');
  assert.equal(checked.status, 1, checked.stderr);
  assert.ok(existsSync(path.join(dataDir, 'findings')), checked.stderr);
});
