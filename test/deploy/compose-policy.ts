/** What every service of deploy/compose.yaml keeps to, a rule each. The schema says what may be written; these say what is safe. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isPinned, isReached, isSecretName } from './image-policy.ts';

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: unknown;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly stop_grace_period?: string;
  readonly logging?: { readonly options?: Readonly<Record<string, string>> };
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
  readonly deploy?: { readonly replicas?: number };
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly file?: string }>>;
}

/** Names of what breaks it; `folder` is where the file lies. */
type Rule = (compose: Compose, folder: string) => readonly string[];

function services(isFine: (service: Service, name: string, compose: Compose) => boolean): Rule {
  return (compose) =>
    Object.entries(compose.services)
      .filter(([name, service]) => !isFine(service, name, compose))
      .map(([name]) => name);
}

/** Source of a mount: a path, the name of a volume, or nothing for an anonymous one. */
function sourceOf(volume: string): string {
  return volume.includes(':') ? (volume.split(':')[0] ?? '') : '';
}

const mounts: Rule = ({ services: all, volumes }, folder) =>
  Object.entries(all).flatMap(([name, service]) =>
    (service.volumes ?? [])
      .filter((volume) => {
        const source = sourceOf(volume);
        if (source === '') return false;
        if (!source.startsWith('.')) return volumes[source] === undefined;
        return !volume.endsWith(':ro') || !existsSync(path.join(folder, source));
      })
      .map((volume) => `${name}: ${volume}`),
  );

const GRAFANA = {
  GF_USERS_ALLOW_SIGN_UP: 'false',
  GF_AUTH_ANONYMOUS_ENABLED: 'false',
} as const;

export const COMPOSE_RULES = {
  'runs a pinned image': services(({ image }) => isPinned(image)),
  'runs as a user that is not root': services(({ user = '0' }) => /^[1-9]\d*:\d+$/.test(user)),
  'has a read-only root': services((one) => one.read_only === true),
  'has no capabilities and gains none': services(
    ({ cap_add, cap_drop, security_opt = [], privileged }) =>
      cap_add === undefined &&
      String(cap_drop) === 'ALL' &&
      security_opt.includes('no-new-privileges:true') &&
      privileged !== true,
  ),
  'says whether it is well': services(({ healthcheck }) => healthcheck?.test[0] === 'CMD'),
  'has limits, and logs that end': services(
    ({ mem_limit, pids_limit, logging }) =>
      mem_limit !== undefined &&
      pids_limit !== undefined &&
      logging?.options?.['max-size'] !== undefined,
  ),
  'has the time to end': services((one) => one.stop_grace_period === '30s'),
  'has secrets as files only': services(
    ({ environment = {}, env_file }, _name, { secrets }) =>
      env_file === undefined &&
      !Object.keys(environment).some(isSecretName) &&
      Object.values(secrets).every(({ file }) => file?.startsWith('./secrets/')),
  ),
  'knows the secrets and networks that it names': services(
    ({ secrets = [], networks = [] }, _name, compose) =>
      networks.length > 0 &&
      secrets.every((one) => compose.secrets[one] !== undefined) &&
      networks.every((one) => compose.networks[one] !== undefined),
  ),
  'listens on loopback only': services(({ ports = [] }) =>
    ports.every((port) => /^127\.0\.0\.1:\d+:\d+$/.test(port)),
  ),
  'is on a network that leads outside where it publishes a port': services(
    ({ ports = [], networks = [] }, _name, compose) =>
      ports.length === 0 || networks.some((one) => compose.networks[one]?.internal !== true),
  ),
  'listens where the others ask it, and is told that it may': services(
    ({ command = [], environment = {} }) => isReached(command, environment),
  ),
  'leaves Redis to the fleet': services(({ networks = [] }, name, compose) => {
    const isOfFleet = ['redis', 'coordinator', 'worker'].includes(name);
    const isApart = String(compose.services.redis?.networks) === 'queue';
    return (
      (isOfFleet || !networks.includes('queue')) &&
      isApart &&
      compose.networks.queue?.internal === true
    );
  }),
  'mounts what there is, read-only': mounts,
  'has one coordinator': ({ services: all }) => {
    const found = Object.entries(all).filter(([, { command }]) => command?.[0] === 'daemon');
    const [one] = found;
    const isAlone = found.length === 1 && (one?.[1].deploy?.replicas ?? 1) === 1;
    return isAlone ? [] : found.map(([name]) => name);
  },
  'lets no stranger into Grafana': services(
    ({ environment = {} }, name) =>
      name !== 'grafana' ||
      (environment.GF_SECURITY_ADMIN_PASSWORD__FILE !== undefined &&
        Object.entries(GRAFANA).every(([key, value]) => environment[key] === value)),
  ),
} as const satisfies Readonly<Record<string, Rule>>;
