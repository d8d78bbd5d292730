/** Where the server may listen, and under which names it answers (reliability.md S1, S3). */
import { isIP, isIPv4 } from 'node:net';
import { whyOf } from '../../corpus/disk/atomic.ts';
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import { TOKEN } from './token.ts';

export interface Binding {
  readonly host: string;
  readonly hasToken: boolean;
  readonly hasTls: boolean;
  readonly isInsecureAllowed: boolean;
}

/** 256 random bits are 43 characters of base64url, and 64 of hex. */
const TOKEN_LENGTH_MIN = 43;
const WHOLE_TOKEN = new RegExp(`^${TOKEN.source}$`);
const MAKE_ONE = 'make one with `openssl rand -hex 32`';

/** Why a server may not listen there, or null: only loopback is open to whoever can reach it. */
export function bindProblem({ host, hasToken, hasTls, isInsecureAllowed }: Binding): string | null {
  if (isLoopback(host)) return null;
  const missing = [
    ...(hasToken ? [] : ['a token (--token-file)']),
    ...(hasTls || isInsecureAllowed
      ? []
      : ['TLS (--tls-cert and --tls-key), or --insecure-http where the network is trusted']),
  ];
  if (missing.length === 0) return null;
  return `other machines can reach ${host}, so listening there needs ${missing.join(' and ')}`;
}

/** Why a token can be guessed or never be given, or null; the empty one admits nobody. */
export function tokenProblem(token: string): string | null {
  if (token === '') return null;
  if (!WHOLE_TOKEN.test(token)) {
    return `the token has characters that a header cannot carry: ${MAKE_ONE}`;
  }
  if (token.length >= TOKEN_LENGTH_MIN) return null;
  return `the token has ${token.length} characters, and 256 random bits have ${TOKEN_LENGTH_MIN}: ${MAKE_ONE}`;
}

/** By name or number; any other name might be looked up to be anything. */
export function isLoopback(host: string): boolean {
  const name = withoutBrackets(host);
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/**
 * What a `Host` header may say, so that a name of somebody else's that leads here is not taken for ours.
 * @param hosts further names, such as a proxy's; those without a port have ours
 */
export function namesOf(
  host: string,
  port: number,
  isTls: boolean,
  hosts: readonly string[],
): ReadonlySet<string> {
  const isOursAlone = port === (isTls ? 443 : 80);
  const withPort = (name: string): readonly string[] => {
    if (/[^:\]]:\d+$|\]:\d+$/.test(name) && isIP(name) === 0) return [name];
    return [`${bracketed(name)}:${port}`, ...(isOursAlone ? [bracketed(name)] : [])];
  };
  const names = ['localhost', '127.0.0.1', '::1', ...(isWildcard(host) ? [] : [host]), ...hosts];
  return new Set(names.flatMap((name) => withPort(name.toLowerCase())));
}

/** In an address: what listens on all addresses of this machine is reached by its name. */
export function reachedAs(host: string, machine: string): string {
  return isWildcard(host) ? machine : bracketed(host);
}

/** What people may open; on all addresses, that of this machine. */
export function urlOf(host: string, port: number, isTls: boolean): string {
  const name = reachedAs(host, 'localhost');
  return `${isTls ? 'https' : 'http'}://${name}:${port}`;
}

export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** As in a URL. An IPv4 address that came in by an IPv6 socket is written as what it is. */
export function bracketed(address: string): string {
  const name = withoutBrackets(address).replace(/^::ffff:(?=[\d.]+$)/i, '');
  return isIP(name) === 6 ? `[${name}]` : name;
}

function isWildcard(host: string): boolean {
  return ['', '0.0.0.0', '::'].includes(withoutBrackets(host));
}

/** What the system refuses when a server is to listen. */
export function listenRefusal(error: NodeJS.ErrnoException, host: string, port: number): Refusal {
  const remedy = 'name another with --port (0 takes any free one)';
  switch (error.code) {
    case 'EADDRINUSE':
      return fail('ENVIRONMENT', { what: `port ${port} is in use on ${host}`, remedy });
    case 'EACCES':
      return fail('ENVIRONMENT', {
        what: `port ${port} needs rights that this user lacks`,
        remedy,
      });
    default: {
      const what = `cannot listen on ${host}: ${whyOf(error)}`;
      return fail('ENVIRONMENT', { what, remedy: 'name an address of this machine with --host' });
    }
  }
}
