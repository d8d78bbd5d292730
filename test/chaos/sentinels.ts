/**
 * A Redis, its replica and three Sentinels, all on sockets, with a relay in front of each through which the others see it.
 * Clients have one address, a further relay, which follows what Sentinel says as late as it is told to.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectionOptions } from '../../corpus/exchange/redis.ts';
import type { Cleanup } from '../queue/redis.ts';
import { type DebianProgram, debianProgram } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { type Launch, Part } from './part.ts';
import { Relay } from './relay.ts';

const NAME = 'fleet';
const SENTINELS = 3;
const QUORUM = 2;
/** Silent for so long a primary is down; a busy machine is slow, which must not look like it. */
const DOWN_MS = 3000;
/** After twice that a primary may be replaced again. */
const FAILOVER_MS = 5000;
const ASKED_MS = 100;

export const AT_ONCE = (): Promise<void> => Promise.resolve();

export interface Server {
  readonly part: Part;
  readonly socket: string;
  /** Where the others see it. */
  readonly relay: Relay;
}

export class Sentinels {
  /** Where clients connect. */
  readonly stable: Relay;
  /** After an election, for as long as clients are still led to the one that was primary. */
  lag: () => Promise<unknown> = AT_ONCE;
  /** Whether connections to that one are ended then; a Kubernetes Service, say, leaves them. */
  hangsUp = true;
  private readonly nodes: readonly Server[];
  private readonly watchers: readonly Server[];
  private readonly clients = new Map<string, Redis>();
  private pointedTo: Server;
  private isOver = false;

  private constructor(nodes: readonly Server[], watchers: readonly Server[], stable: Relay) {
    const [first] = nodes;
    assert.ok(first !== undefined);
    this.nodes = nodes;
    this.watchers = watchers;
    this.stable = stable;
    this.pointedTo = first;
  }

  static async start(t: Cleanup, folder: string): Promise<Sentinels> {
    const program = await debianProgram('redis-server');
    assert.ok('path' in program, 'a test that needs Redis asks for skipReason first');
    const relayTo = (name: string): Promise<Relay> => Relay.start(t, socketIn(folder, name));
    const names = ['left', 'right'] as const;
    const relays = { left: await relayTo('left'), right: await relayTo('right') };
    const nodes = names.map((name) => {
      const args = nodeArgs(folder, name, relays[name], name === 'left' ? null : relays.left);
      return {
        part: partOf(program, name, args),
        socket: socketIn(folder, name),
        relay: relays[name],
      };
    });
    const watchers: Server[] = [];
    for (let i = 0; i < SENTINELS; i++) {
      const name = `sentinel-${i}`;
      const relay = await relayTo(name);
      const args = [sentinelFile(folder, name, relay, relays.left), '--sentinel'];
      watchers.push({ part: partOf(program, name, args), socket: socketIn(folder, name), relay });
    }
    const stable = await Relay.start(t, socketIn(folder, 'left'));
    const sentinels = new Sentinels(nodes, watchers, stable);
    t.after(() => sentinels.end());
    for (const { part } of [...nodes, ...watchers]) part.start();
    await sentinels.inStep();
    void sentinels.follow();
    return sentinels;
  }

  /** Where clients are led to. */
  get primary(): Server {
    return this.pointedTo;
  }

  /** A failover that somebody asks for, as before maintenance. */
  async force(): Promise<void> {
    const before = this.primary;
    await this.until('a forced failover', async () => {
      await this.sentinel('FAILOVER', NAME).catch(() => {});
      await sleep(ASKED_MS);
      return (await this.elected()) !== before;
    });
  }

  /** Until Sentinel has another primary, and clients are led there. */
  async followed(before: Server): Promise<void> {
    await this.until('a primary in its place', async () => this.primary !== before);
  }

  /** Until clients are led to the primary, its replica follows it, and every Sentinel knows of both and of each other. */
  async inStep(): Promise<void> {
    await this.until('a replica in step', async () => {
      const [primary, ...others] = await Promise.all(
        this.watchers.map((one) => this.electedBy(one)),
      );
      if (primary !== this.primary || others.some((other) => other !== primary)) return false;
      const replica = this.nodes.find((one) => one !== primary);
      assert.ok(replica !== undefined);
      const info = await this.infoOf(replica);
      if (info.get('role') !== 'slave' || info.get('master_link_status') !== 'up') return false;
      if ((await this.infoOf(primary)).get('connected_slaves') !== '1') return false;
      const quorum = await Promise.all(
        this.watchers.map((one) => this.client(one).call('SENTINEL', 'CKQUORUM', NAME)),
      );
      return quorum.every((answer) => String(answer).startsWith(`OK ${SENTINELS} `));
    });
  }

  /**
   * Until the one that was primary takes no more writes.
   *
   * @returns bytes of writes that it had acknowledged and that went with it
   */
  async demoted(before: Server): Promise<number> {
    const after = this.nodes.find((one) => one !== before);
    assert.ok(after !== undefined);
    let had = 0;
    await this.until('the end of the one that was primary', async () => {
      const info = await this.infoOf(before);
      if (info.get('role') === 'slave') return true;
      had = Number(info.get('master_repl_offset'));
      return false;
    });
    // The first that the other one wrote itself.
    const own = Number((await this.infoOf(after)).get('second_repl_offset'));
    return Math.max(0, had - (own - 1));
  }

  client({ socket }: Server): Redis {
    const there = this.clients.get(socket);
    if (there !== undefined) return there;
    // One that answers READONLY or is away says so.
    const options = { reconnectOnError: () => false, enableOfflineQueue: true } as const;
    const made = new Redis({ ...connectionOptions({ path: socket }), ...options });
    made.on('error', () => {});
    this.clients.set(socket, made);
    return made;
  }

  said(): string {
    return [...this.nodes, ...this.watchers].map(({ part }) => part.said).join('\n');
  }

  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    // An answer may be that a server is loading, or busy.
    const isReallySo = (): Promise<boolean> => isSo().catch(() => false);
    await until(what, isReallySo, { said: () => this.said(), askedMs: ASKED_MS });
  }

  private async follow(): Promise<void> {
    while (!this.isOver) {
      const elected = await this.elected().catch(() => undefined);
      if (elected !== undefined && elected !== this.pointedTo) {
        await this.lag();
        this.stable.point(elected.socket);
        if (this.hangsUp) this.stable.hangUp();
        this.pointedTo = elected;
      }
      await sleep(ASKED_MS);
    }
  }

  private async elected(): Promise<Server | undefined> {
    const [one] = this.watchers;
    return one && (await this.electedBy(one));
  }

  private async electedBy(watcher: Server): Promise<Server | undefined> {
    const answer = await this.client(watcher).call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    const port = Number((answer as readonly string[])[1]);
    return this.nodes.find(({ relay }) => relay.port === port);
  }

  private sentinel(...words: readonly string[]): Promise<unknown> {
    const [one] = this.watchers;
    assert.ok(one !== undefined);
    return this.client(one).call('SENTINEL', ...words);
  }

  private async infoOf(node: Server): Promise<ReadonlyMap<string, string>> {
    const rows = (await this.client(node).info('replication')).matchAll(/^(\w+):(.*?)\r?$/gm);
    return new Map(Array.from(rows, ([, name = '', value = '']) => [name, value]));
  }

  private async end(): Promise<void> {
    this.isOver = true;
    for (const client of this.clients.values()) client.disconnect();
    await Promise.all([...this.nodes, ...this.watchers].map(({ part }) => part.stop('SIGKILL')));
  }
}

function socketIn(folder: string, name: string): string {
  return path.join(folder, `${name}.sock`);
}

function partOf(
  { path: command, env }: DebianProgram,
  name: string,
  args: readonly string[],
): Part {
  const launch: Launch = { command, args, env };
  return new Part({ name, launch });
}

function nodeArgs(folder: string, name: string, own: Relay, primary: Relay | null) {
  const dir = path.join(folder, name);
  mkdirSync(dir);
  const place = ['--port', '0', '--unixsocket', socketIn(folder, name), '--dir', dir];
  const kept = ['--appendonly', 'yes', '--save', '', '--repl-diskless-sync-delay', '0'];
  const seen = ['--replica-announce-ip', own.host, '--replica-announce-port', String(own.port)];
  const of = primary === null ? [] : ['--replicaof', `${primary.host} ${primary.port}`];
  return [...place, ...kept, ...seen, ...of];
}

/** Sentinel writes into its file what it learns. */
function sentinelFile(folder: string, name: string, own: Relay, primary: Relay): string {
  const dir = path.join(folder, name);
  mkdirSync(dir);
  const file = path.join(dir, 'sentinel.conf');
  const lines = [
    'port 0',
    `unixsocket ${socketIn(folder, name)}`,
    `dir ${dir}`,
    `sentinel announce-ip ${own.host}`,
    `sentinel announce-port ${own.port}`,
    `sentinel monitor ${NAME} ${primary.host} ${primary.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_MS}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
