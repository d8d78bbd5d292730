/** The live screen as it comes to a terminal: its pictures, and what it leaves. */
import assert from 'node:assert/strict';
import path from 'node:path';
import stringWidth from 'string-width';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import type { Pty, PtySize } from '../support/pty.ts';

export const MAIN: string = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');
export const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const END = '\x1b[J';
export const ESCAPE: string = '\x1b';
const SEQUENCE = new RegExp(`${ESCAPE}\\[[\\d;?]*[A-Za-z]`, 'g');
export const COLOUR: RegExp = new RegExp(`${ESCAPE}\\[[\\d;]*m`);
export const REDRAWS_MAX = 4;
/** So many, each so long, that their line is as wide as any terminal here, within one of them and what counts the rest. */
export const MODELS: readonly string[] = Array.from(
  { length: 14 },
  (_, index) => `soundest-of-all-${10 + index}`,
);
const SLACK = 18 + 2 + ', +14 more'.length;
export const SIZES: readonly PtySize[] = [
  { columns: 80, rows: 24 },
  { columns: 132, rows: 43 },
  { columns: 40, rows: 10 },
  { columns: 200, rows: 60 },
  { columns: 100, rows: 30 },
];
export const SMALL: PtySize = { columns: 80, rows: 24 };
export const SOUND: readonly string[] = [
  '--model',
  'xfs-mmaplock-prezero',
  '--jobs',
  '1',
  '--rng-seed',
  '1',
];

/** Whole pictures, as lines without control sequences. */
export function pictures({ text }: Pty): readonly (readonly string[])[] {
  const drawn = text.split(HOME).slice(1);
  return drawn.flatMap((one) => {
    const end = one.indexOf(END);
    return end < 0 ? [] : [one.slice(0, end).replace(SEQUENCE, '').split('\r\n')];
  });
}

export function isOf(lines: readonly string[], { columns, rows }: PtySize): boolean {
  const fits = lines.length <= rows && lines.every((line) => stringWidth(line) <= columns);
  const models = lines.find((line) => line.startsWith('models'));
  const isWide = models === undefined ? columns === 40 : models.trimEnd().length > columns - SLACK;
  return fits && isWide;
}

export async function pictureOf(
  pty: Pty,
  what: string,
  isIt: (text: string) => boolean,
): Promise<void> {
  await pty.until(what, () => isIt((pictures(pty).at(-1) ?? []).join('\n')));
}

/** What is left on the terminal, which is as it was. */
export function leftOf({ text }: Pty): string {
  assert.equal(text.split(ENTER).length, text.split(LEAVE).length, 'as often left as entered');
  assert.ok(text.lastIndexOf(LEAVE) > text.lastIndexOf(ENTER));
  for (const clear of ['\x1b[3J', '\x1bc']) assert.ok(!text.includes(clear), 'scrollback is kept');
  const left = text.slice(text.lastIndexOf(LEAVE) + LEAVE.length);
  assert.ok(!left.includes(ESCAPE), left);
  return left;
}

/** What the terminal is when the command has ended. */
export const STTY: RegExp = /^speed [\s\S]*/m;

/** In a shell that lives on until it has said what the terminal is. */
export function inShell(command: readonly string[]): readonly string[] {
  const line = 'trap : INT TERM USR2; "$@"; exit=$?; stty -a; exit $exit';
  return ['/bin/sh', '-c', line, 'sh', ...command];
}

/** Lines, echo and signals are the terminal's again. */
export function assertCooked({ text }: Pty): void {
  const [said = ''] = STTY.exec(text) ?? [];
  for (const mode of ['icanon', 'isig', 'echo', 'icrnl']) {
    assert.match(said, new RegExp(`(?<![-\\w])${mode}\\b`), said);
  }
}

export function assertSixLines(left: string): void {
  const lines = left.trimEnd().split('\r\n').slice(-6);
  const labels = lines.map((line) => line.slice(0, 10).trimEnd());
  assert.deepEqual(labels, ['found', 'ran', 'silence', 'not seen', 'list', 'go on'], left);
}
