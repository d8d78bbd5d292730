/** Ctrl-C or a closed terminal: the first one drains, a second one stops at once with 128 + its number. */

import { type Clock, SYSTEM_CLOCK } from '../log/clock.ts';

/** Under npm a terminal's Ctrl-C reaches us twice within some milliseconds; people need longer to mean it. */
const SAME_PRESS_MS = 500;
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Stop = keyof typeof NUMBERS;

/** @returns takes the handlers off again */
export function onInterrupt(drain: () => void, clock: Clock = SYSTEM_CLOCK): () => void {
  let firstMs = -1;
  const handle = (signal: Stop): void => {
    const nowMs = clock.monotonicMs();
    if (firstMs < 0) {
      firstMs = nowMs;
      if (signal === 'SIGHUP') dieOfIt();
      drain();
    } else if (nowMs - firstMs > SAME_PRESS_MS) process.exit(128 + NUMBERS[signal]);
  };
  const handlers = (Object.keys(NUMBERS) as Stop[]).map((signal) => {
    const handler = (): void => handle(signal);
    process.on(signal, handler);
    return (): void => {
      process.off(signal, handler);
    };
  });
  return () => {
    for (const off of handlers) off();
  };
}

/** In the end, as is the custom; also, Node aborts where it cannot set back a terminal that is gone. */
function dieOfIt(): void {
  process.once('exit', () => {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
}
