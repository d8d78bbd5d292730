/** Lines for a mail: plain ASCII, at most 72 wide. */

export const WIDTH = 72;

/** Words of a text in lines of at most `width`; from the second on they begin with `indent`. */
export function wrap(text: string, indent = '', width: number = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(ascii(text), width - indent.length)) {
    if (line !== '' && (line + word).trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += word;
  }
  return line.trim() === '' ? lines : [...lines, line.trimEnd()];
}

/** A word ends with its blank, or with the bar between two labels; one that is too long is cut up. */
function wordsOf(text: string, lengthMax: number): string[] {
  const words = text.split(/(?<=[ |])/);
  return words.flatMap((word) =>
    word.length <= lengthMax ? [word] : (word.match(new RegExp(`.{1,${lengthMax}}`, 'g')) ?? []),
  );
}

/** What a mail reader might not show becomes a question mark. */
export function ascii(text: string): string {
  return text.replace(/[^ -~]/gu, '?');
}
