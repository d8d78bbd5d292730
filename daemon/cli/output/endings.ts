/** How the program ends: the exit codes that scripts rely on, and what is said on the way out. */
import { CommanderError } from '@commander-js/extra-typings';
import { AssertionFailure } from '../../../corpus/vocabulary/assert.ts';
import { type FileProblem, problemText, Refusal } from '../../../corpus/vocabulary/errors.ts';
import { engineDigest } from '../identity.ts';
import { VERSION } from '../installation.ts';
import { note, sayDocument } from './terminal.ts';

export const EXIT = {
  /** The asked-for thing is done and nothing bad was found. */
  done: 0,
  /** A violation was found, or a repro still fails. */
  bad: 1,
  usage: 2,
  environment: 3,
  nothing: 4,
  ourBug: 70,
  restart: 75,
  /** Inconclusive: what `git bisect run` skips. */
  cannotJudge: 125,
} as const;

interface Ending {
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly problems: readonly FileProblem[];
  /** Problems that are not listed. */
  readonly more: number;
}

const NO_PROBLEMS = { problems: [], more: 0 } as const;

/**
 * Says what went wrong and returns the exit code.
 * @param asked the command whose help has more, `faultline lab boot`
 */
export function sayEnding(
  error: unknown,
  args: readonly string[],
  asked: string = 'faultline',
): number {
  if (error instanceof CommanderError && isAnswer(error)) return EXIT.done;
  const { exit, code, message, hint, problems, more } = endingOf(error, `see \`${asked} --help\``);
  note(`faultline: ${message}`);
  for (const problem of problems.slice(1)) note(`faultline: ${problemText(problem)}`);
  if (more > 0) note(`faultline: ${more} more problems are not listed`);
  if (exit === EXIT.ourBug) note(bugReport(error, args));
  if (hint !== '') note(`hint: ${hint}`);
  if (isJsonWanted(args)) {
    sayDocument({ error: { code, message, hint, problems, more } });
  }
  return exit;
}

/** Help and version were asked for and have been printed. */
function isAnswer({ exitCode }: CommanderError): boolean {
  return exitCode === 0;
}

/** @param help where to read how a command is typed */
function endingOf(error: unknown, help: string): Ending {
  if (error instanceof Refusal) {
    const { exit, code, message, problems, more } = error;
    const hint = code === 'USAGE' ? help : error.hint;
    return { exit, code, message, hint, problems, more };
  }
  if (error instanceof CommanderError) return usageEnding(error, help);
  return {
    exit: EXIT.ourBug,
    code: 'OUR_BUG',
    message: `this is a bug in Faultline: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'please report it with the lines above and the files that the command names',
    ...NO_PROBLEMS,
  };
}

/** Commander's `error: unknown command 'x'\n(Did you mean y?)`; bare `faultline` has printed its help. */
function usageEnding(error: CommanderError, help: string): Ending {
  const isBare = error.code === 'commander.help';
  const text = isBare ? 'a verb is missing' : error.message.replace(/^error: /, '');
  const [message = '', guess = ''] = text.split('\n');
  const hint = guess === '' ? help : guess.replace(/^\(|\)$/g, '');
  return { exit: EXIT.usage, code: 'USAGE', message, hint, ...NO_PROBLEMS };
}

function bugReport(error: unknown, args: readonly string[]): string {
  const isExpected = error instanceof AssertionFailure;
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : String(error);
  return [
    `  command  faultline ${args.map(withoutSecrets).join(' ')}`,
    `  build    faultline ${VERSION}, engine ${shownEngine()}, node ${process.versions.node}`,
    `  kind     ${isExpected ? 'a check of our own failed' : 'nobody expected this'}`,
    ...stack.split('\n').map((line) => `  ${line}`),
  ].join('\n');
}

/** A damaged build can be reported too. */
function shownEngine(): string {
  try {
    return engineDigest();
  } catch {
    return 'unknown';
  }
}

/** People paste a report; user and password of an address stand between `//` and its last `@`. */
function withoutSecrets(argument: string): string {
  return argument.replace(/\/\/.*@/s, '//***@');
}

function isJsonWanted(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}
