/**
 * What a request must be before any route sees it (reliability.md S3, S4): asked of this server by a name of its
 * own, not by another site's page, and of bounded size. It looks at headers only.
 */
import type { IncomingMessage } from 'node:http';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { bracketed } from './bind.ts';
import { Problem } from './problem.ts';

export interface Site {
  readonly isTls: boolean;
  readonly port: number;
  /** Values of `Host` that mean us. */
  readonly names: ReadonlySet<string>;
  readonly bodyBytesMax: number;
}

export function requestProblem(incoming: IncomingMessage, site: Site): Problem | undefined {
  return (
    targetProblem(incoming) ??
    hostProblem(incoming, site) ??
    originProblem(incoming, site) ??
    bodyProblem(incoming, site)
  );
}

/** A target with a host of its own would be believed before the `Host` header. */
function targetProblem({ url = '' }: IncomingMessage): Problem | undefined {
  if (url.startsWith('/')) return undefined;
  return new Problem(400, 'the request target must be a path, such as /api/v1/findings');
}

/** A page of another site whose name was made to lead here (DNS rebinding) still says that name. */
function hostProblem(incoming: IncomingMessage, { names, port }: Site): Problem | undefined {
  const [host, ...others] = incoming.headersDistinct.host ?? [];
  if (host === undefined || others.length > 0) return new Problem(400, 'there must be one Host');
  const name = host.toLowerCase();
  // An address is no name that anybody could have made to lead here.
  const own = `${bracketed(incoming.socket.localAddress ?? '')}:${port}`;
  if (names.has(name) || name === own) return undefined;
  return new Problem(
    421,
    `this server is not called "${printable(host)}"; --allow-host adds a name`,
  );
}

/** Scripts of other sites may neither act nor look; a link to a page may be followed. */
function originProblem(incoming: IncomingMessage, { isTls }: Site): Problem | undefined {
  const { host, origin } = incoming.headers;
  const own = `${isTls ? 'https' : 'http'}://${host?.toLowerCase()}`;
  if (origin !== undefined && origin !== own) {
    return new Problem(403, `requests from "${printable(origin)}" are not answered`);
  }
  const site = incoming.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  const isLink =
    incoming.method === 'GET' &&
    incoming.headers['sec-fetch-mode'] === 'navigate' &&
    incoming.headers['sec-fetch-dest'] === 'document';
  return isLink ? undefined : new Problem(403, "requests from other sites' pages are not answered");
}

function bodyProblem(incoming: IncomingMessage, { bodyBytesMax }: Site): Problem | undefined {
  const length = Number(incoming.headers['content-length'] ?? 0);
  if (length > bodyBytesMax) return tooLarge(bodyBytesMax);
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
  const hasBody = length > 0 || incoming.headers['transfer-encoding'] !== undefined;
  if (isRead || !hasBody) return undefined;
  const type = incoming.headers['content-type'] ?? '';
  // A form of another site cannot be sent as JSON.
  if (/^application\/json(?:;\s*charset=utf-8)?$/i.test(type)) return undefined;
  return new Problem(415, 'a body must have Content-Type: application/json');
}

export function tooLarge(bytesMax: number): Problem {
  return new Problem(413, `a body has at most ${bytesMax} bytes`);
}
