/**
 * Checks in a process of their own, so that whatever hangs or dies in one of them is one more answer. A time limit
 * in the same process would not do: a file system that does not answer stops a whole process, its end included.
 */
import type { ChildProcess } from 'node:child_process';
import { bad, type Check, type Judgement, judgementOf } from './judgement.ts';

/** A start of Node, on a machine with something else to do. */
const START_MS = 20_000;

export interface Apart {
  /** For each check. */
  readonly limitMs: number;
  /** Starts a process with an IPC channel that runs `answer` with these. */
  readonly start: (names: readonly string[]) => ChildProcess;
  /** In the order of the names, each once. */
  readonly told: (name: string, judgement: Judgement) => void;
  readonly stop: AbortSignal;
}

/** Resolves when all are judged. A check that hangs or dies is given up, and another process goes on with the next. */
export async function lookApart(names: readonly string[], apart: Apart): Promise<void> {
  let open = names;
  while (open.length > 0 && !apart.stop.aborted) open = await inOneProcess(open, apart);
  for (const name of open)
    apart.told(name, bad('stopped before it was looked at', 'let it finish'));
}

/** @returns what is still open when the process has ended, or was given up */
function inOneProcess(names: readonly string[], apart: Apart): Promise<readonly string[]> {
  const { limitMs, start, told, stop } = apart;
  const child = start(names);
  const open = [...names];
  const settle = (judgement: Judgement): void => told(open.shift() ?? '', judgement);
  return new Promise((resolve) => {
    const giveUp = (judgement?: Judgement): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', interrupt);
      child.removeAllListeners().on('error', () => {});
      child.kill('SIGKILL');
      // In a system call that does not end, it does not end either; nobody waits for it.
      child.unref();
      child.channel?.unref();
      if (judgement !== undefined && open.length > 0) settle(judgement);
      resolve(open);
    };
    const interrupt = (): void => giveUp();
    const late = (): void => giveUp(slow(limitMs));
    let timer = setTimeout(late, START_MS + limitMs);
    stop.addEventListener('abort', interrupt);
    child.once('error', (error) => giveUp(dead(`cannot be started: ${error.message}`)));
    // Unlike `exit`, after everything that it has sent.
    child.once('close', (exit, signal) => giveUp(dead(`ended with ${signal ?? `status ${exit}`}`)));
    child.on('message', (message) => {
      clearTimeout(timer);
      // Written by `answer`.
      settle(message as Judgement);
      if (open.length === 0) giveUp();
      else timer = setTimeout(late, limitMs);
    });
  });
}

function slow(limitMs: number): Judgement {
  const remedy = `a disk or a network that hangs; if it is only slow, add --timeout ${Math.ceil((4 * limitMs) / 1000)}s`;
  return bad(`no answer within ${limitMs / 1000} s`, remedy);
}

function dead(how: string): Judgement {
  return bad(`its process ${how}`, 'see above for why; where files are missing, `build` says so');
}

/** Judges these for the process that asked, one by one. It ends us: at the last answer, or when it dies. */
export async function answer(checks: readonly Check[], names: readonly string[]): Promise<void> {
  process.once('disconnect', () => process.exit());
  for (const name of names) {
    const check = checks.find((one) => one.name === name);
    if (check !== undefined) process.send?.(await judgementOf(check));
  }
}
