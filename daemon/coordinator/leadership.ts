/**
 * One coordinator leads a Redis: its name lies there, and goes ten seconds after it was last said. Another one waits for
 * that, or is told to take over. A predecessor that died on this machine is not waited for.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../corpus/disk/lock.ts';
import { type Exchange, LEADER_SECONDS } from '../../corpus/exchange/scripts.ts';
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Clock } from '../log/clock.ts';

/** Host, process, and what no other process has. */
const NAME = /^(?<host>[^/]+)\/(?<pid>\d+)\/\w+$/;
const ASKED_MS = 500;
/** Longer than a name holds that is not said again. */
const PATIENCE_MS = (LEADER_SECONDS + 2) * 1000;
const SAID_EVERY_MS = 1000;

export interface LeadershipParts {
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** Whether another one that lives has to give way. */
  readonly takesOver: boolean;
  /** One line for people. */
  readonly said: (text: string) => void;
}

export class Leadership {
  private readonly parts: LeadershipParts;
  private readonly me = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;
  private saidMs = Number.NEGATIVE_INFINITY;

  constructor(parts: LeadershipParts) {
    this.parts = parts;
  }

  /**
   * @returns the new epoch
   * @throws Refusal ENVIRONMENT if another one leads and goes on to
   */
  async take(epochAtLeast: number): Promise<number> {
    const { exchange, clock, takesOver, said } = this.parts;
    const startedMs = clock.monotonicMs();
    let inPlaceOf = '';
    let isSaid = false;
    for (;;) {
      const answer = await exchange.lead(epochAtLeast, this.me, inPlaceOf);
      if (typeof answer === 'number') return answer;
      if (takesOver || isDead(answer)) {
        inPlaceOf = answer;
        continue;
      }
      if (clock.monotonicMs() - startedMs > PATIENCE_MS) throw led(answer);
      if (!isSaid)
        said(`${shown(answer)} leads this Redis; waiting ${PATIENCE_MS / 1000} s for it`);
      isSaid = true;
      await delay(ASKED_MS);
    }
  }

  /** To be called at every turn. @returns false if it leads no longer */
  async stay(): Promise<boolean> {
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.saidMs < SAID_EVERY_MS) return true;
    this.saidMs = nowMs;
    return await this.parts.exchange.stay(this.me);
  }

  async resign(): Promise<void> {
    await this.parts.exchange.resign(this.me);
  }
}

function led(name: string): Refusal {
  return fail('ENVIRONMENT', {
    what: `${shown(name)} leads this Redis`,
    remedy: 'stop it, give each its own Redis or FAULTLINE_REDIS_PREFIX, or type --take-over',
  });
}

function shown(name: string): string {
  const { host = '?', pid = '?' } = NAME.exec(name)?.groups ?? {};
  return `another coordinator (process ${pid} on ${host})`;
}

/** A process of this machine that is gone, or had our number before us. */
function isDead(name: string): boolean {
  const { host, pid } = NAME.exec(name)?.groups ?? {};
  return host === hostname() && (Number(pid) === process.pid || !isAlive(Number(pid)));
}
