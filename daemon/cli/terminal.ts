/**
 * The way out: answers on stdout, everything else on stderr. What others wrote may be in any text, so all of it
 * is made printable here, and nowhere is it forgotten.
 */
import { printable } from '../../corpus/vocabulary/printable.ts';

/** The answer, in lines. */
export function say(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`);
}

/** The answer as the one JSON document of `--json`. */
export function sayDocument(document: unknown): void {
  const json = JSON.stringify(document, null, 2);
  process.stdout.write(`${json.replace(/[\u007f-\uffff]/g, escapedUnit)}\n`);
}

/** Progress, warnings, refusals. */
export function note(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

export function printableLines(text: string): string {
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
