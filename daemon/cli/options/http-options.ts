/** The flags that say where a coordinator serves, and the token that lets one write there. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { makeFolders, onDisk, writeAtomically } from '../../../corpus/disk/atomic.ts';
import { readSecret } from '../../../corpus/disk/read-bounded.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { bindProblem, isLoopback, tokenProblem } from '../../http/bind.ts';
import type { ServerOptions } from '../../http/server.ts';
import { ownTokenFile, TOKEN_FILE } from '../../pull/api-address.ts';
import { GUIDES, WEB_SCRIPTS } from '../installation.ts';
import { addHostName, parsePort } from './quantities.ts';

/** Free for everybody in IANA's list, and easy to type. */
export const PORT_DEFAULT = 7077;
const HOST_DEFAULT = '127.0.0.1';
const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;
const GROUP = 'Page and API options:';

export interface HttpFlags {
  readonly host?: string;
  readonly port?: number;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecureHttp?: boolean;
  readonly allowHost?: readonly string[];
  readonly webhookFile?: string;
}

export function withHttpOptions(command: CommandUnknownOpts): CommandUnknownOpts {
  const options = [
    new Option(
      '--port <n>',
      `port of the page and API (default: ${PORT_DEFAULT}; 0: any)`,
    ).argParser(parsePort),
    new Option('--host <address>', `where it listens (default: ${HOST_DEFAULT})`),
    new Option(
      '--token-file <file>',
      'holds the token for writing (default: made in the data dir)',
    ),
    new Option('--tls-cert <file>', 'certificate, PEM'),
    new Option('--tls-key <file>', 'its key, PEM'),
    new Option('--insecure-http', 'listen, and tell, beyond this machine without TLS'),
    new Option('--webhook-file <file>', 'holds the address that is told of each new finding'),
    new Option('--allow-host <name...>', 'further names under which it is reached').argParser(
      addHostName,
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

type Served = Pick<
  ServerOptions,
  | 'host'
  | 'port'
  | 'token'
  | 'tls'
  | 'isInsecureAllowed'
  | 'hosts'
  | 'scriptsFolder'
  | 'guidesFolder'
> & { readonly tokenFile: string };

/** @throws Refusal USAGE, FILE_UNREADABLE or DATA_DIR */
export function httpOf(flags: HttpFlags, dataDir: string): Served {
  const { tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw fail('USAGE', { what: '--tls-cert and --tls-key belong together; give both' });
  }
  const host = flags.host ?? HOST_DEFAULT;
  const isInsecureAllowed = flags.insecureHttp === true;
  // Said before Redis is looked for, and again by the server, which trusts nobody.
  const binding = { host, hasToken: true, hasTls: tlsCert !== undefined, isInsecureAllowed };
  const what = bindProblem(binding);
  if (what !== null) throw fail('USAGE', { what });
  const tokenFile = flags.tokenFile ?? ownToken(dataDir);
  return {
    host,
    port: flags.port ?? PORT_DEFAULT,
    token: readSecret(tokenFile),
    tokenFile,
    tls:
      tlsCert === undefined || tlsKey === undefined ? null : { certFile: tlsCert, keyFile: tlsKey },
    isInsecureAllowed,
    hosts: flags.allowHost ?? [],
    scriptsFolder: WEB_SCRIPTS,
    guidesFolder: GUIDES,
  };
}

/** The same flags again, for a process that does the work. */
export function httpArgs(flags: HttpFlags): readonly string[] {
  const { host, port, tokenFile, tlsCert, tlsKey, insecureHttp, allowHost, webhookFile } = flags;
  return [
    ...(port === undefined ? [] : ['--port', String(port)]),
    ...(host === undefined ? [] : ['--host', host]),
    ...(tokenFile === undefined ? [] : ['--token-file', tokenFile]),
    ...(tlsCert === undefined ? [] : ['--tls-cert', tlsCert]),
    ...(tlsKey === undefined ? [] : ['--tls-key', tlsKey]),
    ...(insecureHttp === true ? ['--insecure-http'] : []),
    ...(webhookFile === undefined ? [] : ['--webhook-file', webhookFile]),
    ...(allowHost === undefined ? [] : ['--allow-host', ...allowHost]),
  ];
}

/** @throws Refusal USAGE for what is no address, or could be read on the way; it is not shown, for it may be secret */
export function webhookOf({ webhookFile, insecureHttp }: HttpFlags): URL | null {
  if (webhookFile === undefined) return null;
  const text = readSecret(webhookFile);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const what = `${webhookFile} holds no address that begins with https:// or http://`;
    throw fail('USAGE', { what });
  }
  if (url.protocol === 'https:' || insecureHttp === true || isLoopback(url.hostname)) return url;
  throw fail('USAGE', {
    what: `the webhook in ${webhookFile} is on another machine, and who is on the way could read it: use https://, or add --insecure-http where the network is trusted`,
  });
}

/** The token for a coordinator that runs: its own says where, one elsewhere is believed to have the one that is here. */
export function writingToken(flag: string | undefined, dataDir: string): string {
  const file = flag ?? ownTokenFile(dataDir) ?? path.join(dataDir, TOKEN_FILE);
  if (flag === undefined && !existsSync(file)) {
    throw fail('USAGE', {
      what: `there is no token in ${file}: name the coordinator's with --token-file`,
    });
  }
  const token = readSecret(file);
  const what = token === '' ? `${file} is empty` : tokenProblem(token);
  if (what !== null) throw fail('USAGE', { what });
  return token;
}

function ownToken(dataDir: string): string {
  const file = path.join(dataDir, TOKEN_FILE);
  if (existsSync(file)) return file;
  onDisk(dataDir, () => makeFolders(dataDir));
  writeAtomically(dataDir, TOKEN_FILE, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`, OWNER_ONLY);
  return file;
}
