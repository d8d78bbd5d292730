/** SPIN beside the schedulers of `bench detect`: only where it is named, from programs that are installed. */
import { fail } from '../../corpus/vocabulary/errors.ts';
import { SPIN_RANDOM, SPIN_VERIFY } from '../../workers/bench/detect/detectors.ts';
import { SpinPeer } from '../../workers/bench/detect/spin/peer.ts';
import type { SpinPrograms } from '../../workers/bench/detect/spin/programs.ts';
import { onPath } from '../redis/debian-package.ts';

/**
 * @returns null where SPIN is not among the schedulers
 * @throws Refusal ENVIRONMENT, which says what to type, before anything is measured
 */
export async function spinFor(
  schedulers: readonly string[],
  stop: AbortSignal,
): Promise<SpinPeer | null> {
  const named = schedulers.filter((name) => name === SPIN_RANDOM || name === SPIN_VERIFY);
  return named.length === 0 ? null : await SpinPeer.open(programsFor(named, process.env), stop);
}

function programsFor(named: readonly string[], env: NodeJS.ProcessEnv): SpinPrograms {
  const [spin, gcc] = [onPath('spin', env), onPath('gcc', env)];
  if (spin !== null && gcc !== null) return { spin, gcc };
  const missing = [spin === null ? 'spin' : '', gcc === null ? 'gcc' : ''].filter(Boolean);
  const names = named.join(',');
  throw fail('ENVIRONMENT', {
    what: `--schedulers ${names}: there is no ${missing.join(' and no ')} on the PATH`,
    remedy: `type \`sudo apt-get install spin gcc\`, or leave ${names} out`,
  });
}
