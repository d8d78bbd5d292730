/**
 * What every manifest of deploy/kubernetes keeps to, a rule each. A schema says what may be written; these say what is safe, and
 * what works: that probes, services, budgets and policies lead to pods that there are.
 */
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.d.ts';
import type { Container, Namespace, PodSpec, Service } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.d.ts';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.d.ts';
import { METRICS, PREFIX } from '../../corpus/exchange/metric-table.ts';
import { isPinned, isReached, isSecretName } from './image-policy.ts';
import { type Manifest, nameOf } from './kustomize.ts';

type Workload = (Deployment | StatefulSet) & Manifest;

/** KEDA publishes no types: as far as the rules look. */
interface ScaledObject extends Manifest {
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly maxReplicaCount?: number;
    readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[];
  };
}

/** Names of what breaks it. */
type Rule = (all: readonly Manifest[]) => readonly string[];

const UID_MIN = 10_000;
const GRACE_SECONDS_MIN = 30;

function ofKind<T extends Manifest>(
  all: readonly Manifest[],
  ...kinds: readonly string[]
): readonly T[] {
  return all.filter(({ kind }) => kinds.includes(kind)) as readonly unknown[] as readonly T[];
}

function workloads(all: readonly Manifest[]): readonly Workload[] {
  return ofKind<Workload>(all, 'Deployment', 'StatefulSet');
}

function podOf(workload: Workload): PodSpec {
  return workload.spec?.template.spec ?? { containers: [] };
}

/** A rule about each workload's pods. */
function pods(isFine: (pod: PodSpec, workload: Workload) => boolean): Rule {
  return (all) =>
    workloads(all)
      .filter((workload) => !isFine(podOf(workload), workload))
      .map(nameOf);
}

/** A rule about each container. */
function containers(isFine: (container: Container) => boolean): Rule {
  return pods(({ containers: main, initContainers = [] }) =>
    [...main, ...initContainers].every(isFine),
  );
}

function labelsOf(workload: Workload): Readonly<Record<string, string>> {
  return workload.spec?.template.metadata?.labels ?? {};
}

function isSelected(
  workload: Workload,
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
): boolean {
  const labels = labelsOf(workload);
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(
      ({ key, operator, values = [] }) => operator === 'In' && values.includes(labels[key] ?? ''),
    )
  );
}

function replicasOf(workload: Workload): number {
  return workload.spec?.replicas ?? 1;
}

function portsOf(workload: Workload): readonly number[] {
  return podOf(workload).containers.flatMap(({ ports = [] }) =>
    ports.map((one) => one.containerPort),
  );
}

function isCoordinator(workload: Workload): boolean {
  return podOf(workload).containers.some(({ args }) => args?.[0] === 'daemon');
}

function hasProbes({
  livenessProbe,
  readinessProbe,
  startupProbe,
  ports = [],
}: Container): boolean {
  const paths = [livenessProbe, readinessProbe, startupProbe].map((probe) => {
    const port = probe?.httpGet?.port;
    if (probe?.exec !== undefined) return 'exec';
    return ports.some(({ name }) => name === port) ? (probe?.httpGet?.path ?? '') : '';
  });
  return paths.every((one) => one === 'exec') || String(paths) === '/livez,/readyz,/livez';
}

function hasOnlyFileSecrets({ env = [], envFrom = [] }: Container): boolean {
  return (
    envFrom.length === 0 &&
    env.every(({ name, valueFrom }) => valueFrom?.secretKeyRef === undefined && !isSecretName(name))
  );
}

/** Of budgets together: nothing is without one, and each lets a drain go on. */
const budgets: Rule = (all) => {
  const rows = ofKind<PodDisruptionBudget & Manifest>(all, 'PodDisruptionBudget');
  const covers = ({ spec }: PodDisruptionBudget, workload: Workload): boolean =>
    isSelected(workload, spec?.selector ?? { matchLabels: { none: '' } });
  const blocks = (row: PodDisruptionBudget): boolean => {
    const { maxUnavailable, minAvailable } = row.spec ?? {};
    const count = workloads(all)
      .filter((workload) => covers(row, workload))
      .reduce((sum, workload) => sum + replicasOf(workload), 0);
    if (maxUnavailable !== undefined) return ['0', '0%'].includes(String(maxUnavailable));
    return typeof minAvailable !== 'number' || minAvailable >= count;
  };
  return [
    ...rows.filter(blocks).map(nameOf),
    ...workloads(all)
      .filter((workload) => !rows.some((row) => covers(row, workload)))
      .map(nameOf),
  ];
};

const network: Rule = (all) => {
  const rows = ofKind<NetworkPolicy & Manifest>(all, 'NetworkPolicy');
  const isWhole = ({
    podSelector = {},
    policyTypes = [],
    ingress,
    egress,
  }: NonNullable<NetworkPolicy['spec']>) =>
    Object.keys(podSelector).length === 0 &&
    ['Ingress', 'Egress'].every((type) => policyTypes.includes(type)) &&
    ingress === undefined &&
    egress === undefined;
  const denies = rows.some(({ spec }) => spec !== undefined && isWhole(spec));
  const isWide = ({ spec }: NetworkPolicy): boolean => {
    const rules = [...(spec?.ingress ?? []), ...(spec?.egress ?? [])];
    const peers = rules.map(
      (rule) => ('from' in rule ? rule.from : 'to' in rule ? rule.to : []) ?? [],
    );
    return (
      rules.some(({ ports = [] }) => ports.length === 0) ||
      peers.some((list) => list.length === 0 || list.some(({ ipBlock }) => ipBlock !== undefined))
    );
  };
  const leadsNowhere = ({ spec }: NetworkPolicy): boolean => {
    const meant = workloads(all).filter((workload) =>
      isSelected(workload, spec?.podSelector ?? {}),
    );
    const ports = (spec?.ingress ?? []).flatMap((rule) => rule.ports ?? []);
    return (
      meant.length === 0 ||
      ports.some(({ port }) => !meant.some((workload) => portsOf(workload).includes(Number(port))))
    );
  };
  return [
    ...(denies ? [] : ['no policy denies everything']),
    ...rows.filter((row) => isWide(row) || leadsNowhere(row)).map(nameOf),
  ];
};

const services: Rule = (all) =>
  ofKind<Service & Manifest>(all, 'Service')
    .filter(({ spec }) => {
      const meant = workloads(all).filter((workload) =>
        isSelected(workload, { matchLabels: spec?.selector ?? { none: '' } }),
      );
      const ports = spec?.ports ?? [];
      return (
        (spec?.type ?? 'ClusterIP') !== 'ClusterIP' ||
        ports.some(({ port }) => !meant.some((workload) => portsOf(workload).includes(port)))
      );
    })
    .map(nameOf);

const oneCoordinator: Rule = (all) => {
  const found = workloads(all).filter(isCoordinator);
  const isAlone = (workload: Workload): boolean =>
    workload.kind === 'StatefulSet' &&
    replicasOf(workload) === 1 &&
    ((workload as StatefulSet).spec?.volumeClaimTemplates ?? []).length > 0;
  return found.length === 1 ? found.filter((one) => !isAlone(one)).map(nameOf) : ['coordinators'];
};

const scaling: Rule = (all) =>
  ofKind<ScaledObject>(all, 'ScaledObject')
    .filter(({ spec }) => {
      const target = workloads(all).find(
        ({ metadata }) => metadata.name === spec.scaleTargetRef.name,
      );
      const queries = spec.triggers.map(({ metadata }) => metadata.query ?? '');
      const asked = queries.flatMap((query) => query.match(/\b[a-z]+_[a-z_]+\b/g) ?? ['none']);
      const known = Object.keys(METRICS).map((name) => `${PREFIX}${name}`);
      return (
        target === undefined ||
        target.spec?.replicas !== undefined ||
        spec.maxReplicaCount === undefined ||
        asked.some((name) => !known.includes(name))
      );
    })
    .map(nameOf);

const namespaces: Rule = (all) => {
  const row = ofKind<Namespace & Manifest>(all, 'Namespace')[0];
  const level = row?.metadata?.labels?.['pod-security.kubernetes.io/enforce'];
  const outside = all.filter(
    ({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== row?.metadata.name,
  );
  return [...(level === 'restricted' ? [] : ['the namespace']), ...outside.map(nameOf)];
};

export const POD_RULES = {
  'runs as a user of its own': pods(
    ({ securityContext }) =>
      securityContext?.runAsNonRoot === true && (securityContext.runAsUser ?? 0) >= UID_MIN,
  ),
  'has the default seccomp profile': pods(
    ({ securityContext }) => securityContext?.seccompProfile?.type === 'RuntimeDefault',
  ),
  'has a read-only root': containers((one) => one.securityContext?.readOnlyRootFilesystem === true),
  'gains no privileges': containers(
    ({ securityContext }) =>
      securityContext?.allowPrivilegeEscalation === false &&
      String(securityContext.capabilities?.drop) === 'ALL' &&
      securityContext.capabilities?.add === undefined,
  ),
  'has no token of the cluster': pods((pod) => pod.automountServiceAccountToken === false),
  'shares nothing with its node': pods(
    ({ hostNetwork, hostPID, hostIPC, volumes = [] }) =>
      [hostNetwork, hostPID, hostIPC].every((one) => one !== true) &&
      volumes.every(({ hostPath }) => hostPath === undefined),
  ),
  'bounds what it writes to its node': pods(({ volumes = [] }) =>
    volumes.every(({ emptyDir }) => emptyDir === undefined || emptyDir.sizeLimit !== undefined),
  ),
  'is asked whether it lives and is ready': containers(hasProbes),
  'listens where its probes ask, and is told that it may': containers(({ args = [], env = [] }) =>
    isReached(args, Object.fromEntries(env.map(({ name, value }) => [name, value]))),
  ),
  'says what it needs, and has a limit of memory': containers(
    ({ resources }) =>
      ['cpu', 'memory'].every((name) => resources?.requests?.[name] !== undefined) &&
      resources?.limits?.memory !== undefined,
  ),
  'runs a pinned image': containers(({ image = '' }) => isPinned(image)),
  'has secrets as files only': containers(hasOnlyFileSecrets),
  'has the time to end': pods(
    ({ terminationGracePeriodSeconds = 0 }) => terminationGracePeriodSeconds >= GRACE_SECONDS_MIN,
  ),
  'has one coordinator with a volume': oneCoordinator,
  'has budgets that let a drain go on': budgets,
  'is in a restricted namespace': namespaces,
  'lets through only what is named': network,
  'has services that lead to pods': services,
  'scales what there is, by a metric that there is': scaling,
} as const satisfies Readonly<Record<string, Rule>>;
