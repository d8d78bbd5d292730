/**
 * The way out: answers on stdout, everything else on stderr. What others wrote may be in any text, so all of it
 * is made printable here, and nowhere is it forgotten.
 */
import { printable } from '../../../corpus/vocabulary/printable.ts';

/** Where a verb's words go, and what it reads. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly input: AsyncIterable<Uint8Array | string>;
  readonly end: (exit: number) => void;
}

const OF_THE_PROCESS: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  get input() {
    return process.stdin;
  },
  end: (exit) => {
    process.exitCode = exit;
  },
};

let terminal = OF_THE_PROCESS;

/** Tests run verbs in their own process, one at a time, and read what they say. */
export async function withTerminal(other: Terminal, run: () => Promise<void>): Promise<void> {
  terminal = other;
  try {
    await run();
  } finally {
    terminal = OF_THE_PROCESS;
  }
}

/** Whether a picture can be drawn: the process's own ways out are one terminal, which takes control sequences. */
export function isScreen(): boolean {
  const { stdout, stderr } = process;
  return terminal === OF_THE_PROCESS && stdout.isTTY && stderr.isTTY && process.env.TERM !== 'dumb';
}

/** Hands over what is said from now on, `isAnswer` where it is for stdout. @returns lets it out again as before */
export function takeWords(take: (text: string, isAnswer: boolean) => void): () => void {
  const mine = terminal;
  terminal = {
    out: (text) => take(text, true),
    err: (text) => take(text, false),
    get input() {
      return mine.input;
    },
    end: (exit) => mine.end(exit),
  };
  return () => {
    terminal = mine;
  };
}

/** The exit code; the program ends once nothing is under way. */
export function endWith(exit: number): void {
  terminal.end(exit);
}

export function input(): AsyncIterable<Uint8Array | string> {
  return terminal.input;
}

/** The answer, in lines. */
export function say(text: string): void {
  terminal.out(`${printableLines(text)}\n`);
}

/** The answer as the one JSON document of `--json`. */
export function sayDocument(document: unknown): void {
  const json = JSON.stringify(document, null, 2);
  terminal.out(`${json.replace(/[\u007f-\uffff]/g, escapedUnit)}\n`);
}

/** Progress, warnings, refusals. */
export function note(text: string): void {
  terminal.err(`${printableLines(text)}\n`);
}

function printableLines(text: string): string {
  const lines = text.split('\n').map((line) => printable(line, Number.POSITIVE_INFINITY));
  return lines.join('\n');
}

/** A reader that has seen enough (`| head`) is no error; a full disk under the answer is the world's. */
export function endWithoutReader(exitIfUnwritable: number): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      // The terminal was closed: SIGHUP says so too, and what is under way is to be finished.
      if (error.code === 'EIO' && stream.isTTY) return;
      if (stream === process.stdout) note(`faultline: cannot write the answer: ${error.message}`);
      process.exit(exitIfUnwritable);
    });
  }
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
