/**
 * What comes from outside, made safe for a terminal, a log and a mail: control, bidi, zero-width
 * and other invisible characters are written as `\u{...}`, and the rest is cut.
 */

/**
 * Anything quoted in a message is cut here: enough to recognise it, too little to hide the message.
 */
const QUOTED_LENGTH_MAX = 40;

/**
 * Control, format (bidi, zero-width), lone surrogates, private use; blanks of any width; fillers.
 */
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;
const CUT = '...';
/** A message names a file in full up to this length, so that its reader can open it. */
const FILE_NAME_LENGTH_MAX = 256;

export function printable(text: string, lengthMax: number = QUOTED_LENGTH_MAX): string {
  let shown = '';
  let cut = CUT;
  for (const character of text) {
    shown += escaped(character);
    if (shown.length > lengthMax) return cut;
    if (shown.length + CUT.length <= lengthMax) cut = shown + CUT;
  }
  return shown;
}

export function printableFile(name: string): string {
  return printable(name, FILE_NAME_LENGTH_MAX);
}

function escaped(character: string): string {
  if (character === ' ' || !INVISIBLE.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
