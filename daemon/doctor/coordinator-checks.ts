/** Whether a coordinator can serve here, and how the one that does is. */
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { isSystemError } from '../../corpus/disk/atomic.ts';
import { readSecret } from '../../corpus/disk/read-bounded.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { listenRefusal, tokenProblem } from '../http/bind.ts';
import {
  DAEMON_FILE,
  ownAddress,
  ownAddressIn,
  ownTokenFile,
  TOKEN_FILE,
} from '../pull/api-address.ts';
import { type Answer, ApiClient, CLIENT_BOUNDS, statusText } from '../pull/api-client.ts';
import { bad, doubtful, fine, type Judgement } from './judgement.ts';

const HOST = '127.0.0.1';
const READY = '/readyz';
const ALIVE = '/livez';
/** Redis is away, or the disk takes nothing. */
const UNAVAILABLE = 503;
const HTTP_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** @param waitMs how long a coordinator may take to answer */
export async function lookAtPort(
  port: number,
  dataDir: string,
  waitMs: number,
): Promise<Judgement> {
  const problem = await listenProblem(port);
  if (problem === null) return fine(port === 0 ? 'any that is free' : `${port} is free`);
  const own = ownAddressIn(dataDir);
  if (own !== undefined && portOf(own) === port && (await isAnswering(own, waitMs))) {
    return fine(`${port} is that of our own coordinator, ${own.origin}`);
  }
  const who = `\`ss -ltnp 'sport = :${port}'\` says who has it`;
  return bad(problem.message, `${problem.hint}; ${who}`);
}

/** Listens there for a moment. */
async function listenProblem(port: number): Promise<Refusal | null> {
  const server = createServer().listen(port, HOST);
  try {
    await once(server, 'listening');
    return null;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return listenRefusal(error, HOST, port);
  } finally {
    server.close();
  }
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (HTTP_PORTS[protocol] ?? 0) : Number(port);
}

async function isAnswering(address: URL, waitMs: number): Promise<boolean> {
  try {
    return (await ask(address, ALIVE, waitMs)).status === 200;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

export async function lookAtCoordinator(dataDir: string, waitMs: number): Promise<Judgement> {
  const file = path.join(path.resolve(dataDir), DAEMON_FILE);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return fine('none runs here');
  const gone = `if none should run, type \`rm ${file}\`; else start it again with \`faultline up\``;
  try {
    const address = ownAddress(dataDir);
    const answer = await ask(address, READY, waitMs);
    if (answer.status === 200) return fine(`${address.origin} is ready`);
    const isOurs = answer.status === UNAVAILABLE;
    const remedy = isOurs ? '`faultline status` and its log say more' : gone;
    return doubtful(`${address.origin}: ${statusText(READY, answer)}`, remedy);
  } catch (error) {
    if (error instanceof Refusal) return doubtful(error.message, gone);
    throw error;
  }
}

/** Of the coordinator of this folder; one that it was told of by `--token-file` it names itself. */
export function lookAtToken(dataDir: string): Judgement {
  const file = ownTokenFile(dataDir) ?? path.join(path.resolve(dataDir), TOKEN_FILE);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) {
    return fine('none yet; the first coordinator makes one');
  }
  const token = readSecret(file);
  const what = token === '' ? 'the token is empty, so no request may write' : tokenProblem(token);
  if (what === null) return fine(`${file} is for its owner only`);
  return bad(`${file}: ${what}`, `type \`rm ${file}\`: the next coordinator makes another`);
}

async function ask(address: URL, what: string, waitMs: number): Promise<Answer> {
  const client = new ApiClient(address, { ...CLIENT_BOUNDS, answerMs: waitMs, idleMs: waitMs });
  try {
    return await client.get(what);
  } finally {
    client.close();
  }
}
