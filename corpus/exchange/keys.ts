/**
 * Names in Redis. Everything lies under one prefix with a hash tag, so that scripts over several keys also work
 * where Redis is a cluster.
 */
export const PREFIX_DEFAULT = '{faultline}';
/** Characters of a build's digest in a queue's name. */
const BUILD_SHOWN = 12;

export interface Keys {
  /** BullMQ's prefix. */
  readonly prefix: string;
  /** Number of the coordinator that writes now. */
  readonly epoch: string;
  /** Name of the coordinator that leads; goes unless it says so again. */
  readonly leader: string;
  /** Hash: batch id to report, until the coordinator has it on disk. */
  readonly reports: string;
  /** List of the ids in `reports`, the oldest first. */
  readonly arrivals: string;
  /** Sorted set of ids of batches whose report the coordinator's log has, by the second, in Redis time, since when. */
  readonly logged: string;
  /** Sorted set of worker ids by the second, in Redis time, in which they were last seen. */
  readonly seen: string;
  /** Hash: worker id to its heartbeat. */
  readonly workers: string;
  /** A list that batches name by its SHA-256 (named-lists.ts). */
  list(digest: string): string;
}

export function keysOf(prefix: string): Keys {
  return {
    prefix,
    epoch: `${prefix}:epoch`,
    leader: `${prefix}:leader`,
    reports: `${prefix}:reports`,
    arrivals: `${prefix}:arrivals`,
    logged: `${prefix}:logged`,
    seen: `${prefix}:seen`,
    workers: `${prefix}:workers`,
    list: (digest) => `${prefix}:list:${digest}`,
  };
}

/** One queue a build: old and new workers never mix. */
export function queueName(build: string): string {
  return `batches-${build.slice(0, BUILD_SHOWN)}`;
}
