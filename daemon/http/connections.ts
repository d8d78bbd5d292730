/**
 * Who holds a connection. When there are too many, those give way that have asked for nothing yet, then those
 * that wait between two requests, so that whoever only holds connections cannot keep others out.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Connection {
  readonly socket: Socket;
  hasAsked: boolean;
  /** Requests under way. */
  answering: number;
}

export class Connections {
  /** The oldest is first. */
  private readonly open = new Map<string, Connection>();
  private readonly most: number;

  constructor(server: Server, most: number) {
    this.most = most;
    // With TLS this is the socket below; both have the same addresses.
    server.on('connection', (socket: Socket) => this.add(socket));
  }

  /** To be told of every request before it is answered. */
  begin(socket: Socket, outgoing: ServerResponse): void {
    const connection = this.open.get(keyOf(socket));
    if (connection === undefined) return;
    connection.hasAsked = true;
    connection.answering += 1;
    outgoing.once('close', () => {
      connection.answering -= 1;
    });
  }

  isAnswering(socket: Socket): boolean {
    return (this.open.get(keyOf(socket))?.answering ?? 0) > 0;
  }

  endIdle(): void {
    for (const { socket, answering } of this.open.values()) if (answering === 0) socket.destroy();
  }

  endAll(): void {
    for (const { socket } of this.open.values()) socket.destroy();
  }

  private add(socket: Socket): void {
    const key = keyOf(socket);
    if (this.open.size >= this.most && !this.makeRoom()) {
      socket.destroy();
      return;
    }
    const connection = { socket, hasAsked: false, answering: 0 };
    this.open.set(key, connection);
    socket.once('close', () => {
      if (this.open.get(key) === connection) this.open.delete(key);
    });
  }

  private makeRoom(): boolean {
    const all = [...this.open];
    const victim =
      all.find(([, { hasAsked }]) => !hasAsked) ?? all.find(([, { answering }]) => answering === 0);
    if (victim === undefined) return false;
    const [key, { socket }] = victim;
    this.open.delete(key);
    socket.destroy();
    return true;
  }
}

/** Both ends: there is no other connection with the same, now. */
function keyOf(socket: Socket): string {
  const { localAddress, remoteAddress, remotePort } = socket;
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
