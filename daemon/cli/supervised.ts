/** A process that `up` started: it says when it is ready, and ends when `up` is gone. */

/** Set for a process that takes the place of one that died. */
export const RESTARTED_VARIABLE = 'FAULTLINE_RESTARTED';

export type Told =
  /** The coordinator serves, and its campaign goes on. */
  | { readonly kind: 'ready'; readonly url: string }
  /** The worker takes batches. */
  | { readonly kind: 'working' }
  /** The campaign has come to its end. */
  | { readonly kind: 'finished' }
  /** It ends, and would end again if it were started again. */
  | { readonly kind: 'refused' };

export function isSupervised(): boolean {
  return process.channel !== undefined;
}

export function tellSupervisor(told: Told): void {
  if (process.connected) process.send?.(told, undefined, undefined, () => {});
}

/**
 * Calls `stop` once: at a signal, or when the supervisor is gone, which may have been killed.
 * @returns takes the handlers off again
 */
export function onOrphaned(stop: () => void): () => void {
  let isStopped = false;
  const once = (): void => {
    if (isStopped) return;
    isStopped = true;
    stop();
  };
  process.on('disconnect', once);
  process.on('SIGTERM', once);
  process.on('SIGINT', once);
  if (!process.connected) once();
  return () => {
    process.off('disconnect', once);
    process.off('SIGTERM', once);
    process.off('SIGINT', once);
    // The channel would keep this process alive.
    if (process.connected) process.disconnect();
  };
}
