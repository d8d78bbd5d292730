/** Of images, environments and command lines, in compose and in a cluster alike. */
import { bindProblem, isLoopback } from '../../daemon/http/bind.ts';

/** Three numbers, or a digest: `latest` and `20` are another image tomorrow. */
const PINNED = /(?::v?\d+\.\d+\.\d+(?:-[\w.-]+)?|@sha256:[0-9a-f]{64})$/;
const SECRET = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|REDIS_URL|API_?KEY/i;

export function isPinned(image: string): boolean {
  return PINNED.test(image);
}

/** What would have a secret, and is not the name of its file. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !/_FILES?$/.test(name);
}

/** Where the program listens if nothing is said. */
const LOOPBACK = '127.0.0.1';

/**
 * Whether `daemon` or `worker` listens where others ask it, and is told that it may: else it ends with exit code 2. Other verbs and
 * other programs are not judged.
 */
export function isReached(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const [verb = ''] = args;
  if (!['daemon', 'worker'].includes(verb)) return true;
  const isWorker = verb === 'worker';
  const after = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
  const host = isWorker
    ? (after('--metrics') ?? env.FAULTLINE_METRICS ?? LOOPBACK).replace(/:\w+$/, '')
    : (after('--host') ?? LOOPBACK);
  const binding = {
    host,
    // A worker's metrics are open to all that reach them.
    hasToken: isWorker || args.includes('--token-file'),
    hasTls: args.includes('--tls-cert'),
    isInsecureAllowed: args.includes('--insecure-http'),
  };
  return !isLoopback(host) && bindProblem(binding) === null;
}
