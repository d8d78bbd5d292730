/** Which coordinator a verb talks to: the one that was named, or the one of the data directory. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../corpus/disk/lock.ts';
import { readStored } from '../../corpus/disk/read-bounded.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { isJsonObject, readJson } from '../../corpus/vocabulary/json.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { isLoopback } from '../http/bind.ts';

/** In the data directory of a coordinator that runs: `{"url": "http://127.0.0.1:…", "pid": 42, …}`. */
export const DAEMON_FILE = 'daemon.json';

/** In a data directory: the token for writing that its coordinator has made. */
export const TOKEN_FILE = 'token';

/** Shown of an address that somebody typed. */
const SHOWN = 80;
const START = 'start one with `faultline up`, or name one, such as http://127.0.0.1:7077';

/** @throws Refusal ENVIRONMENT if no coordinator writes to the data directory */
export function ownAddress(dataDir: string): URL {
  const file = path.join(dataDir, DAEMON_FILE);
  const own = readOwn(file);
  if (own === undefined) {
    const isThere = existsSync(file);
    const what = isThere ? `${file} has no address in it` : `no coordinator runs on ${dataDir}`;
    throw fail('ENVIRONMENT', { what, remedy: START });
  }
  if (!isGone(own)) return own.address;
  const what = `the coordinator that ${file} names (process ${own.pid}) is gone`;
  throw fail('ENVIRONMENT', { what, remedy: START });
}

/** Where its token for writing lies, as it says itself; undefined if no coordinator says so. */
export function ownTokenFile(dataDir: string): string | undefined {
  return readOwn(path.join(dataDir, DAEMON_FILE))?.tokenFile;
}

/** Of the coordinator that writes to this data directory; undefined if none says so, or the one that did is gone. */
export function ownAddressIn(dataDir: string): URL | undefined {
  const own = readOwn(path.join(dataDir, DAEMON_FILE));
  return own === undefined || isGone(own) ? undefined : own.address;
}

interface Own {
  readonly address: URL;
  readonly pid: number | undefined;
  readonly tokenFile: string | undefined;
}

/** One that was killed has left its file, and somebody else may have its port since. */
function isGone({ pid }: Own): boolean {
  return pid !== undefined && !isAlive(pid);
}

function readOwn(file: string): Own | undefined {
  try {
    const value = readJson(readStored(file));
    if (!isJsonObject(value) || typeof value.url !== 'string') return undefined;
    const { url, pid, tokenFile } = value;
    // It is this machine's own, so nobody is on the way, whatever it is called.
    if (urlProblem(url, true) !== null) return undefined;
    return {
      address: new URL(url),
      pid: Number.isSafeInteger(pid) ? Number(pid) : undefined,
      tokenFile: typeof tokenFile === 'string' ? tokenFile : undefined,
    };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** @throws Refusal USAGE for what is no address of a coordinator, or would be readable on the way */
export function parseAddress(text: string, isInsecureAllowed: boolean): URL {
  const problem = urlProblem(text, isInsecureAllowed);
  if (problem === null) return new URL(text);
  throw fail('USAGE', { what: problem });
}

/** What was typed may hold a password, so it is only shown where it cannot. */
function urlProblem(text: string, isInsecureAllowed: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return 'the address must begin with http:// or https://, such as http://127.0.0.1:7077';
  }
  if (text.includes('@')) {
    return 'leave user and password out of the address: findings are read without';
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return `${printable(text, SHOWN)} is more than an address: end it after the port`;
  }
  if (url.protocol === 'https:' || isInsecureAllowed || isLoopback(url.hostname)) return null;
  return `${printable(url.host, SHOWN)} is another machine, and who is on the way could change what comes: use https://, or add --insecure-http where the network is trusted`;
}

export function unreachable(origin: string, why: string): Refusal {
  return fail('ENVIRONMENT', {
    what: `no coordinator answers at ${origin}: ${why}`,
    remedy: START,
  });
}
