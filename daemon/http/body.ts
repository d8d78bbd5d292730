/** The body of a request, within its bound. */
import type { IncomingMessage } from 'node:http';
import { tooLarge } from './gate.ts';
import { Problem } from './problem.ts';

/** @throws Problem for one that is too large, or ends early */
export async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Destroying the stream would take the connection with it, and the answer.
  const parts: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  try {
    for await (const chunk of parts) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    // The client went away: this answer is not read.
    throw incoming.errored === null ? error : new Problem(400, 'the body ended early');
  }
  return Buffer.concat(chunks).toString('utf8');
}
