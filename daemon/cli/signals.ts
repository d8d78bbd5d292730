/** Ctrl-C: the first one drains, a second one stops at once with 128 + its number. */

/** Under npm a terminal's Ctrl-C reaches us twice within some milliseconds; people need longer to mean it. */
const SAME_PRESS_MS = 500;
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
type Stop = keyof typeof NUMBERS;

/** @returns takes the handlers off again */
export function onInterrupt(drain: () => void): () => void {
  let firstMs = -1;
  const handle = (signal: Stop): void => {
    const nowMs = performance.now();
    if (firstMs < 0) {
      firstMs = nowMs;
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
