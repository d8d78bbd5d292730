/**
 * The manifests of deploy/kubernetes, as overlays resolve to them: of the published types, under the rules of pod-policy.ts, with
 * command lines that the program takes. Each check is shown what it must catch.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Operation } from 'fast-json-patch';
import { parseAllDocuments } from 'yaml';
import { onPath } from '../../daemon/redis/debian-package.ts';
import { temporaryFolder } from '../store/sample.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { unknownFlags } from './command-lines.ts';
import { kustomize, type Manifest, nameOf, withPatch } from './kustomize.ts';
import { POD_RULES } from './pod-policy.ts';

const OVERLAYS = path.join(PACKAGE_ROOT, 'deploy/kubernetes/overlays');
const NAMES = readdirSync(OVERLAYS);
const VERSION: string = JSON.parse(
  readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8'),
).version;

/** Where kubernetes-types has each kind. */
const TYPES: Readonly<Record<string, string>> = {
  Namespace: 'core/v1',
  ConfigMap: 'core/v1',
  Service: 'core/v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  PodDisruptionBudget: 'policy/v1',
  NetworkPolicy: 'networking/v1',
};
/** Of KEDA: no package has its types. */
const WITHOUT_TYPES = ['ScaledObject'];

const overlay = (name: string): readonly Manifest[] => kustomize(path.join(OVERLAYS, name));
const replace = (at: string, value: unknown): Operation => ({ op: 'replace', path: at, value });
const add = (at: string, value: unknown): Operation => ({ op: 'add', path: at, value });
const remove = (at: string): Operation => ({ op: 'remove', path: at });

/** The overlay with all that kinds, and one manifest changed. */
function planted(name: string, operation: Operation): readonly Manifest[] {
  const all = overlay('keda');
  assert.ok(
    all.some((one) => nameOf(one) === name),
    name,
  );
  return all.map((one) => (nameOf(one) === name ? withPatch(one, [operation]) : one));
}

const WORKER = 'Deployment/faultline-worker';
const COORDINATOR = 'StatefulSet/faultline-coordinator';
const REDIS = 'StatefulSet/faultline-redis';
const POD = '/spec/template/spec';
const FIRST = `${POD}/containers/0`;

const PLANTED: Readonly<Record<keyof typeof POD_RULES, readonly (readonly [string, Operation])[]>> =
  {
    'runs as a user of its own': [
      [WORKER, remove(`${POD}/securityContext/runAsNonRoot`)],
      [REDIS, replace(`${POD}/securityContext/runAsUser`, 0)],
    ],
    'has the default seccomp profile': [[WORKER, remove(`${POD}/securityContext/seccompProfile`)]],
    'has a read-only root': [
      [REDIS, replace(`${FIRST}/securityContext/readOnlyRootFilesystem`, false)],
    ],
    'gains no privileges': [
      [WORKER, remove(`${FIRST}/securityContext/allowPrivilegeEscalation`)],
      [WORKER, replace(`${FIRST}/securityContext/capabilities/drop`, ['KILL'])],
      [REDIS, add(`${FIRST}/securityContext/capabilities/add`, ['CHOWN'])],
    ],
    'has no token of the cluster': [[COORDINATOR, remove(`${POD}/automountServiceAccountToken`)]],
    'shares nothing with its node': [
      [WORKER, add(`${POD}/hostNetwork`, true)],
      [WORKER, replace(`${POD}/volumes/0`, { name: 'data', hostPath: { path: '/' } })],
    ],
    'bounds what it writes to its node': [[WORKER, replace(`${POD}/volumes/0/emptyDir`, {})]],
    'is asked whether it lives and is ready': [
      [WORKER, remove(`${FIRST}/livenessProbe`)],
      [COORDINATOR, replace(`${FIRST}/readinessProbe/httpGet/path`, '/livez')],
      [COORDINATOR, replace(`${FIRST}/readinessProbe/httpGet/port`, 'page')],
    ],
    'listens where its probes ask, and is told that it may': [
      [WORKER, replace(`${FIRST}/args`, ['worker', '--jobs', '1'])],
      [WORKER, remove(`${FIRST}/env/2`)],
      [WORKER, replace(`${FIRST}/env/2/value`, '127.0.0.1:9100')],
      [COORDINATOR, remove(`${FIRST}/args/4`)],
      [COORDINATOR, replace(`${FIRST}/args/9`, '--token')],
      [COORDINATOR, replace(`${FIRST}/args`, ['daemon'])],
    ],
    'says what it needs, and has a limit of memory': [
      [WORKER, remove(`${FIRST}/resources/limits/memory`)],
      [REDIS, remove(`${FIRST}/resources/requests/cpu`)],
    ],
    'runs a pinned image': [
      [REDIS, replace(`${FIRST}/image`, 'redis:latest')],
      [REDIS, replace(`${FIRST}/image`, 'redis')],
      [WORKER, replace(`${FIRST}/image`, 'faultline:0')],
    ],
    'has secrets as files only': [
      [WORKER, replace(`${FIRST}/env/0/name`, 'FAULTLINE_REDIS_URL')],
      [
        WORKER,
        add(`${FIRST}/env/0/valueFrom`, { secretKeyRef: { name: 'faultline', key: 'token' } }),
      ],
      [WORKER, add(`${FIRST}/envFrom`, [{ secretRef: { name: 'faultline' } }])],
    ],
    'has the time to end': [[WORKER, replace(`${POD}/terminationGracePeriodSeconds`, 5)]],
    'has one coordinator with a volume': [
      [COORDINATOR, replace('/spec/replicas', 2)],
      [COORDINATOR, replace('/kind', 'Deployment')],
      [COORDINATOR, remove('/spec/volumeClaimTemplates')],
      [WORKER, replace(`${FIRST}/args`, ['daemon'])],
    ],
    'has budgets that let a drain go on': [
      ['PodDisruptionBudget/faultline-worker', replace('/spec/maxUnavailable', 0)],
      ['PodDisruptionBudget/faultline-state', replace('/spec/minAvailable', 2)],
      ['PodDisruptionBudget/faultline-worker', replace('/spec/selector/matchLabels', { app: 'x' })],
    ],
    'is in a restricted namespace': [
      ['Namespace/faultline', remove('/metadata/labels/pod-security.kubernetes.io~1enforce')],
      [REDIS, replace('/metadata/namespace', 'default')],
    ],
    'lets through only what is named': [
      ['NetworkPolicy/deny', replace('/spec/policyTypes', ['Ingress'])],
      ['NetworkPolicy/deny', add('/spec/ingress', [{}])],
      ['NetworkPolicy/redis', remove('/spec/ingress/0/from')],
      ['NetworkPolicy/redis', remove('/spec/ingress/0/ports')],
      ['NetworkPolicy/fleet', replace('/spec/egress/0/to', [{ ipBlock: { cidr: '0.0.0.0/0' } }])],
      ['NetworkPolicy/workers', replace('/spec/ingress/0/ports/0/port', 9101)],
      ['NetworkPolicy/workers', replace('/spec/podSelector/matchLabels/app', 'worker')],
    ],
    'has services that lead to pods': [
      ['Service/faultline-redis', replace('/spec/ports/0/port', 6380)],
      ['Service/faultline-redis', replace('/spec/selector/app', 'redis')],
      ['Service/faultline-coordinator', add('/spec/type', 'LoadBalancer')],
    ],
    'scales what there is, by a metric that there is': [
      ['ScaledObject/faultline-worker', replace('/spec/scaleTargetRef/name', 'worker')],
      ['ScaledObject/faultline-worker', remove('/spec/maxReplicaCount')],
      [
        'ScaledObject/faultline-worker',
        replace('/spec/triggers/0/metadata/query', 'sum(faultline_jobs)'),
      ],
      [WORKER, add('/spec/replicas', 3)],
    ],
  };

for (const [name, look] of Object.entries(POD_RULES)) {
  test(`every overlay ${name}, and what does not is caught`, () => {
    for (const one of NAMES) assert.deepEqual(look(overlay(one)), [], one);
    for (const [where, operation] of PLANTED[name as keyof typeof POD_RULES])
      assert.notDeepEqual(look(planted(where, operation)), [], JSON.stringify(operation));
  });
}

test('manifests are of the published types, down to the last field', (t) => {
  const folder = temporaryFolder(t);
  symlinkSync(path.join(PACKAGE_ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  const wrong: readonly (readonly [string, Operation])[] = [
    [WORKER, add(`${FIRST}/imagePullPolic`, 'Always')],
    [WORKER, replace('/spec/selector/matchLabels', 'worker')],
    [REDIS, remove(`${FIRST}/name`)],
    [REDIS, add('/spec/replicas', 'two')],
    ['NetworkPolicy/redis', add('/spec/ingress/0/fron', [])],
    ['Service/faultline-redis', replace('/apiVersion', 'v2')],
  ];
  const texts = new Map(NAMES.map((name) => [`${name}.ts`, typed(overlay(name))]));
  for (const [row, [name, operation]] of wrong.entries())
    texts.set(`wrong-${row}.ts`, typed(planted(name, operation)));
  for (const [file, text] of texts) writeFileSync(path.join(folder, file), text);
  const tsc = path.join(PACKAGE_ROOT, 'node_modules/typescript/bin/tsc');
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
  const { stdout } = spawnSync(process.execPath, [tsc, ...flags, ...texts.keys()], {
    cwd: folder,
    encoding: 'utf8',
  });
  const caught = new Set([...stdout.matchAll(/^([\w-]+\.ts)\(/gm)].map((found) => found[1]));
  assert.deepEqual(
    [...caught].sort(),
    wrong.map((_, row) => `wrong-${row}.ts`),
    stdout,
  );
});

/** A module that says of each manifest of which type it is. */
function typed(all: readonly Manifest[]): string {
  const rows = all.filter(({ kind }) => !WITHOUT_TYPES.includes(kind));
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  return [
    ...kinds.map((kind) => {
      const module = TYPES[kind] ?? assert.fail(`${kind} has no row in TYPES`);
      return `import type { ${kind} } from 'kubernetes-types/${module}';`;
    }),
    ...rows.map((one, row) => `export const m${row}: ${one.kind} = ${JSON.stringify(one)};`),
  ].join('\n');
}

test('an image of this version runs command lines that it knows', async () => {
  for (const name of NAMES) {
    const text = JSON.stringify(overlay(name));
    const ours = [...text.matchAll(/"image":"faultline:([^"]*)"/g)].map((found) => found[1]);
    assert.deepEqual(ours, [VERSION, VERSION], name);
    for (const [, args = ''] of text.matchAll(/"args":(\[[^\]]*\])/g))
      assert.deepEqual(await unknownFlags(JSON.parse(args)), [], args);
  }
  assert.deepEqual(await unknownFlags(['worker', '--jobs', '2', '--metrics-hots', 'x']), [
    '--metrics-hots',
  ]);
});

test('the overlays are what the real kustomize makes of them, where there is one', (t) => {
  const kubectl = onPath('kubectl', process.env);
  if (kubectl === null) {
    t.diagnostic('no kubectl on the PATH, and no package of Debian 12 has one that is new enough');
    return;
  }
  const byName = (all: readonly Manifest[]) =>
    Object.fromEntries(all.map((one) => [nameOf(one), one]));
  for (const name of NAMES) {
    const text: string = execFileSync(kubectl, ['kustomize', path.join(OVERLAYS, name)], {
      encoding: 'utf8',
    });
    const theirs: readonly Manifest[] = parseAllDocuments(text).map(
      (document) => document.toJS() as Manifest,
    );
    assert.deepEqual(byName(overlay(name)), byName(theirs), name);
  }
});
