/** A reader of server-sent events, as slow as a test wants it. */
import { type IncomingMessage, request } from 'node:http';
import { until } from '../support/patience.ts';

export interface Seen {
  readonly event: string;
  readonly id: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export class Reader {
  readonly incoming: IncomingMessage;
  readonly comments: string[] = [];
  readonly seen: Seen[] = [];
  private rest = '';

  constructor(incoming: IncomingMessage) {
    this.incoming = incoming;
    incoming.setEncoding('utf8');
    incoming.on('data', (part: string) => this.take(part));
    // Cut off is an end too.
    incoming.on('error', () => {});
  }

  get status(): number {
    return this.incoming.statusCode ?? 0;
  }

  /** Revisions of the findings, as they came. */
  get findings(): readonly number[] {
    return this.seen.filter(({ event }) => event === 'finding').map(({ id }) => id);
  }

  get last(): Seen {
    const last = this.seen.at(-1);
    if (last === undefined) throw new Error('nothing was seen');
    return last;
  }

  get hasEnded(): boolean {
    return this.incoming.closed;
  }

  async has(revision: number): Promise<void> {
    await until(`finding ${revision}`, () => this.findings.includes(revision));
  }

  private take(part: string): void {
    const blocks = (this.rest + part).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) this.takeBlock(block);
  }

  private takeBlock(block: string): void {
    if (block.startsWith(':')) this.comments.push(block);
    const lines = block.split('\n').map((line) => line.split(/: (.*)/s, 2));
    const { event, id, data } = Object.fromEntries(lines) as Record<string, string | undefined>;
    if (event === undefined || data === undefined) return;
    this.seen.push({ event, id: Number(id), data: JSON.parse(data) });
  }
}

export async function follow(
  { port }: { readonly port: number },
  headers: Readonly<Record<string, string>> = {},
  search = '',
): Promise<Reader> {
  const path = `/api/v1/events${search}`;
  const outgoing = request({ host: '127.0.0.1', port, path, agent: false, headers });
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end();
  });
  return new Reader(incoming);
}
