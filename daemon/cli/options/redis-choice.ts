/** Which Redis a command talks to: the one it was told of, or the private one of an `up` in the data directory. */
import { parseRedisUrl, type RedisAddress } from '../../../corpus/exchange/redis.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';

export const REDIS_VARIABLE = 'FAULTLINE_REDIS_URL';
const PREFIX_VARIABLE = 'FAULTLINE_REDIS_PREFIX';

/** In place of a URL: no Redis, all in one process. */
export const NO_REDIS = 'none';

export function isWithoutRedis(flag: string | undefined): boolean {
  return (flag ?? process.env[REDIS_VARIABLE]) === NO_REDIS;
}

/** @throws Refusal REDIS_URL */
export function givenRedis(flag: string | undefined): RedisAddress | undefined {
  const url = flag ?? process.env[REDIS_VARIABLE];
  return url === undefined || url === '' ? undefined : parseRedisUrl(url);
}

export function requireRedis(flag: string | undefined): RedisAddress {
  const given = givenRedis(flag);
  if (given !== undefined) return given;
  const what = 'no Redis is named';
  throw fail('USAGE', { what: `${what}: give --redis URL or set ${REDIS_VARIABLE}` });
}

/** One fleet, one prefix; two fleets may share a Redis under two. */
export function redisPrefix(byDefault: string): string {
  return process.env[PREFIX_VARIABLE] || byDefault;
}
