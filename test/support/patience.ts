/**
 * How long a test waits before it calls something hung. Minutes, because a machine with other work takes many times
 * its usual seconds; nothing may pass or fail by how fast it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export const PATIENCE_MS = 10 * 60_000;
const ASKED_MS = 10;

export interface Waiting {
  /** Printed where the wait ends in vain. */
  readonly said?: () => string;
  readonly askedMs?: number;
}

/** Asks until it is so. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { said, askedMs = ASKED_MS }: Waiting = {},
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > endMs) {
      throw new Error(`waited ${PATIENCE_MS / 60_000} minutes for ${what}\n${said?.() ?? ''}`);
    }
    await sleep(askedMs);
  }
}

/** What a promise resolves to. @throws Error if that takes longer than anything that is merely slow */
export async function patiently<T>(
  what: string,
  awaited: Promise<T>,
  said: () => string = () => '',
): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  awaited.then(over, over);
  await until(what, () => isOver, { said });
  return await awaited;
}

/** Where lines begin that the runner shows: seconds and rates, which `bench` judges and no test does. */
export const FIGURE = 'figure: ';

export function figure(what: string): void {
  console.log(`${FIGURE}${what}`);
}

export function secondsSince(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}
