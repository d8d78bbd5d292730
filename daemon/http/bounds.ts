/** What one server gives to all who ask, and to one of them: every bound of `http/` but those of its queries. */

export interface Bounds {
  /** Bytes of a request's body. */
  readonly bodyBytes: number;
  /** Bytes of a request line and its headers. */
  readonly headerBytes: number;
  /** Milliseconds in which the headers of a request must be there; its body has as long again. */
  readonly headerMs: number;
  /** A connection on which nothing moves for so many milliseconds is closed: it reads its answer too slowly. */
  readonly idleMs: number;
  readonly connections: number;
  /** Of one client address; also how many it may make at once after a pause. */
  readonly requestsPerSecond: number;
  readonly streams: number;
  /** Milliseconds between two signs of life on a stream of events; less than `idleMs`, which would end it. */
  readonly keepAliveMs: number;
  /** Milliseconds that answers under way may still take when the server closes. */
  readonly closeMs: number;
}

export const BOUNDS: Bounds = {
  bodyBytes: 1 << 20,
  headerBytes: 16 << 10,
  headerMs: 10_000,
  idleMs: 30_000,
  connections: 256,
  requestsPerSecond: 100,
  streams: 32,
  keepAliveMs: 15_000,
  closeMs: 1000,
};
