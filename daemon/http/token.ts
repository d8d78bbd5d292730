/** Who may write (reliability.md S2): whoever has the token, compared so that time tells nothing about it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem } from './problem.ts';

/** What a header `Authorization: Bearer` can carry (RFC 6750). */
export const TOKEN = /[\w.~+/-]+=*/;
const BEARER = new RegExp(`^Bearer (${TOKEN.source})$`, 'i');

export class Token {
  /** null admits nobody. */
  private readonly digest: Buffer | null;

  /** @param text the empty one admits nobody */
  constructor(text: string) {
    this.digest = text === '' ? null : sha256(text);
  }

  /** Why a request with this `Authorization` may not write, or undefined. */
  problem(authorization: string | undefined): Problem | undefined {
    const given = BEARER.exec(authorization ?? '')?.[1];
    if (given === undefined) {
      const headers = { 'WWW-Authenticate': 'Bearer realm="faultline"' };
      return new Problem(401, 'writes need the header Authorization: Bearer TOKEN', { headers });
    }
    if (this.digest !== null && timingSafeEqual(sha256(given), this.digest)) return undefined;
    return new Problem(403, 'this is not the token of this server');
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
