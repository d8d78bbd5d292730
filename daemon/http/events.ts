/**
 * Server-sent events. A stream is a cursor into the findings: what its reader has not taken yet is not kept for
 * him, he goes on where he was when there is room. So a slow reader costs nothing, and misses nothing but
 * states of the campaign that are over.
 */
import type { ServerResponse } from 'node:http';
import type { CampaignStatus, Published } from '../campaign/views.ts';
import { after, latestOf, shownFinding } from './listing.ts';
import type { Showing, ShownEvent } from './showing.ts';

interface Stream {
  readonly outgoing: ServerResponse;
  /** The highest revision that was sent. */
  sent: number;
}

/** Milliseconds after which a browser asks again when a stream has ended. */
const RETRY_MS = 3000;
const KEEP_ALIVE = ': still here\n\n';

export class EventStreams {
  private readonly showing: Showing;
  private readonly most: number;
  private readonly streams = new Set<Stream>();
  private readonly unsubscribe: () => void;
  private readonly timer: NodeJS.Timeout;

  constructor(showing: Showing, most: number, keepAliveMs: number) {
    this.showing = showing;
    this.most = most;
    this.unsubscribe = showing.subscribe((event) => this.tell(event));
    this.timer = setInterval(() => this.keepAlive(), keepAliveMs);
    this.timer.unref();
  }

  get isFull(): boolean {
    return this.streams.size >= this.most;
  }

  /** @param since the revision after which to go on; null for what is published from now on */
  open(outgoing: ServerResponse, since: number | null): void {
    const latest = latestOf(this.showing.published());
    // Who has seen more than there is has seen another campaign, and nothing of this one.
    const sent = since === null ? latest : since > latest ? 0 : since;
    const stream = { outgoing, sent };
    this.streams.add(stream);
    outgoing.once('close', () => this.streams.delete(stream));
    outgoing.on('drain', () => this.sendFindings(stream));
    outgoing.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // nginx would gather events into blocks.
      'X-Accel-Buffering': 'no',
    });
    outgoing.write(`retry: ${RETRY_MS}\n\n${statusText(this.showing.status(), sent)}`);
    this.sendFindings(stream);
  }

  close(): void {
    clearInterval(this.timer);
    this.unsubscribe();
    for (const { outgoing } of this.streams) outgoing.end();
  }

  private tell(event: ShownEvent): void {
    for (const stream of this.streams) {
      if (event.kind === 'finding') this.sendFindings(stream);
      else if (hasRoom(stream)) stream.outgoing.write(statusText(event.status, stream.sent));
    }
  }

  private sendFindings(stream: Stream): void {
    for (const published of after(this.showing.published(), stream.sent)) {
      if (!hasRoom(stream)) return;
      stream.outgoing.write(findingText(published));
      stream.sent = published.revision;
    }
  }

  private keepAlive(): void {
    for (const stream of this.streams) if (hasRoom(stream)) stream.outgoing.write(KEEP_ALIVE);
  }
}

function hasRoom({ outgoing }: Stream): boolean {
  return outgoing.writable && !outgoing.writableNeedDrain;
}

function findingText(published: Published): string {
  return eventText('finding', published.revision, shownFinding(published));
}

function statusText(status: CampaignStatus, sent: number): string {
  return eventText('status', sent, status);
}

/** JSON has no line ends of its own, so it is one line of data. */
function eventText(kind: ShownEvent['kind'], id: number, data: unknown): string {
  return `event: ${kind}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
