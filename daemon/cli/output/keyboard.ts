/**
 * Keys of the live screen, taken one by one while it stands. A terminal that hands them over so makes no signals of Ctrl-C,
 * Ctrl-Z and Ctrl-\ any more: they are sent here, to all that the terminal would send them to.
 */

/** By key. */
export type Keys = ReadonlyMap<string, () => void>;

/** Kill takes it for the process's own group, which is what has the terminal. */
const OWN_GROUP = 0;
const SIGNALS: ReadonlyMap<string, NodeJS.Signals> = new Map([
  ['q', 'SIGINT'],
  ['\x03', 'SIGINT'],
  ['\x1a', 'SIGTSTP'],
  ['\x1c', 'SIGQUIT'],
]);

/** @returns gives the keys back; null where none are typed */
export function takeKeys(keys: Keys): (() => void) | null {
  const { stdin } = process;
  if (!stdin.isTTY) return null;
  const take = (typed: Buffer): void => {
    for (const key of typed.toString('latin1')) {
      const signal = SIGNALS.get(key);
      if (signal === undefined) keys.get(key)?.();
      else process.kill(OWN_GROUP, signal);
    }
  };
  stdin.on('error', ignore);
  stdin.setRawMode(true);
  stdin.on('data', take);
  stdin.resume();
  return () => {
    stdin.off('data', take);
    stdin.pause();
    stdin.setRawMode(false);
    stdin.off('error', ignore);
  };
}

/** The terminal was closed: SIGHUP says so too. */
function ignore(): void {}
