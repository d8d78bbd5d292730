/** A port of its own in front of a socket that may be exchanged or cut: what a network, or a stable address, is to a Redis. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Cleanup } from '../queue/redis.ts';

const HOST = '127.0.0.1';

export class Relay {
  readonly host = HOST;
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private target: string;
  private isCut = false;

  private constructor(target: string) {
    this.target = target;
    this.server = createServer((near) => this.join(near));
  }

  /** @param target path of a Unix socket */
  static async start(t: Cleanup, target: string): Promise<Relay> {
    const relay = new Relay(target);
    relay.server.listen(0, HOST);
    await once(relay.server, 'listening');
    t.after(() => {
      relay.cut();
      relay.server.close();
    });
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** New connections lead there; those that are open stay. */
  point(target: string): void {
    this.target = target;
  }

  hangUp(): void {
    for (const socket of this.open) socket.destroy();
  }

  cut(): void {
    this.isCut = true;
    this.hangUp();
  }

  mend(): void {
    this.isCut = false;
  }

  private join(near: Socket): void {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.open.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
