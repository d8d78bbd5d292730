/**
 * Every way the server says no: problem details (RFC 9457), and the headers that every answer carries, whoever
 * writes it.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Json } from '../../corpus/vocabulary/json.ts';

/** For pages without script, styles of their own or frames around them; what is no page has no use for more. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

const CONTENT_TYPE = 'application/problem+json';

export interface More {
  readonly headers?: Readonly<Record<string, string>>;
  /** Members beside those of the RFC. */
  readonly members?: Readonly<Record<string, Json>>;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  private readonly members: Readonly<Record<string, Json>>;

  /** @param detail what is wrong, with which value, and what to do; text from outside made printable */
  constructor(status: number, detail: string, { headers = {}, members = {} }: More = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.members = members;
  }

  get title(): string {
    return STATUS_CODES[this.status] ?? 'Error';
  }

  get body(): string {
    const { status, title, message, members } = this;
    return `${JSON.stringify({ type: 'about:blank', title, status, detail: message, ...members })}\n`;
  }

  response(): Response {
    const headers = { ...this.headers, 'Content-Type': CONTENT_TYPE };
    return new Response(this.body, { status: this.status, headers });
  }

  send(outgoing: ServerResponse): void {
    outgoing.writeHead(this.status, { ...this.headers, 'Content-Type': CONTENT_TYPE });
    outgoing.end(this.body);
  }

  /** A whole answer, for a connection that has no request to answer. */
  text(): string {
    const headers = {
      ...COMMON_HEADERS,
      ...this.headers,
      'Content-Type': CONTENT_TYPE,
      'Content-Length': String(Buffer.byteLength(this.body)),
      Connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `HTTP/1.1 ${this.status} ${this.title}\r\n${lines.join('')}\r\n${this.body}`;
  }
}
