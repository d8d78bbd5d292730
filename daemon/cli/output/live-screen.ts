/**
 * The live screen: a picture of figures on the terminal's alternate screen, which has no scrollback to spoil. What is said
 * meanwhile is held, shown in the picture, and written where it belongs once the terminal is given back. That happens
 * at every end of the process but SIGKILL.
 */
import { readFileSync } from 'node:fs';
import { BARS, type Figures, frame, type Size } from './frame.ts';
import { type Keys, takeKeys } from './keyboard.ts';
import type { Line, Tone } from './rows.ts';
import { isScreen, takeWords } from './terminal.ts';

interface Held {
  readonly text: string;
  readonly isAnswer: boolean;
}

const REDRAW_MS = 250;
/** Somebody may have typed over it, or a warning of Node's come in between. */
const REPAINT_MS = 2000;
/** Where the terminal does not say. */
const SIZE: Size = { columns: 80, rows: 24 };
/** Of what is not for stdout: a process that cannot be helped says so for days. */
const NOTES_MAX = 200;
/** Alternate screen, no cursor, no wrapping: a character that is wider than it is taken for makes no second line. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const PLAIN = '\x1b[0m';
const BOLD = '\x1b[1m';
const TONES: Readonly<Record<Tone, string>> = {
  plain: '',
  good: '\x1b[32m',
  bad: '\x1b[31m',
  faint: '\x1b[2m',
};
const UTF_8 = /utf-?8/i;
const PREFIX = /^faultline: /;

/** What the screen adds to figures by itself. */
export type Source = () => Omit<Figures, 'messages' | 'hasKeys'>;
const NO_KEYS: Keys = new Map();

export class LiveScreen {
  private readonly source: Source;
  private readonly keys: Keys;
  private giveKeysBack: (() => void) | null = null;
  private held: Held[] = [];
  private giveBack: (() => void) | null = null;
  private drawn = '';
  private drawnMs = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(source: Source, keys: Keys) {
    this.source = source;
    this.keys = keys;
    this.timer = setInterval(() => this.draw(), REDRAW_MS);
    process.on('exit', this.leave);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGCONT', this.enter);
    process.stderr.on('resize', this.forget);
    this.enter();
  }

  /**
   * Null where there is no terminal to draw on, or another program has it.
   *
   * @param keys besides `q`, which does what Ctrl-C does
   */
  static open(source: Source, keys: Keys = NO_KEYS): LiveScreen | null {
    return isScreen() && isInForeground() ? new LiveScreen(source, keys) : null;
  }

  close(): void {
    clearInterval(this.timer);
    process.off('exit', this.leave);
    process.off('SIGTSTP', this.suspend);
    process.off('SIGCONT', this.enter);
    process.stderr.off('resize', this.forget);
    this.leave();
  }

  private readonly enter = (): void => {
    if (this.giveBack !== null || !isInForeground()) return;
    this.giveBack = takeWords((text, isAnswer) => this.hold(text, isAnswer));
    this.giveKeysBack = takeKeys(this.keys);
    process.stderr.write(ENTER);
    this.forget();
    this.draw();
  };

  private readonly leave = (): void => {
    if (this.giveBack === null) return;
    this.giveBack();
    this.giveBack = null;
    this.giveKeysBack?.();
    process.stderr.write(LEAVE);
    for (const { text, isAnswer } of this.held) {
      (isAnswer ? process.stdout : process.stderr).write(text);
    }
    this.held = [];
  };

  /** Ctrl-Z: the shell finds its screen as it was. */
  private readonly suspend = (): void => {
    this.leave();
    process.kill(process.pid, 'SIGSTOP');
  };

  /** After it the picture is drawn whole. */
  private readonly forget = (): void => {
    this.drawn = '';
  };

  private hold(text: string, isAnswer: boolean): void {
    this.held.push({ text, isAnswer });
    const notes = this.held.filter((one) => !one.isAnswer);
    if (notes.length > NOTES_MAX)
      this.held.splice(
        this.held.findIndex((one) => !one.isAnswer),
        1,
      );
  }

  private draw(): void {
    if (this.giveBack === null) return;
    const nowMs = performance.now();
    const text = this.picture();
    if (text === this.drawn && nowMs - this.drawnMs < REPAINT_MS) return;
    this.drawn = text;
    this.drawnMs = nowMs;
    process.stderr.write(`${HOME}${text}${CLEAR_BELOW}`);
  }

  private picture(): string {
    const notes = this.held.filter(({ isAnswer }) => !isAnswer);
    const messages = notes.map(({ text }) => text.trimEnd().replace(PREFIX, ''));
    const figures = { ...this.source(), messages, hasKeys: this.giveKeysBack !== null };
    const lines = frame(figures, sizeNow(), Date.now(), barsNow());
    return lines.map(painted).join('\r\n');
  }
}

function painted({ label, text, tone }: Line): string {
  const isColoured = (process.env.NO_COLOR ?? '') === '';
  const line = isColoured
    ? `${BOLD}${label}${PLAIN}${TONES[tone]}${text}${PLAIN}`
    : `${label}${text}`;
  return `${line}${CLEAR_LINE}`;
}

function sizeNow(): Size {
  const { columns, rows } = process.stderr;
  return { columns: columns || SIZE.columns, rows: rows || SIZE.rows };
}

/** As the locale says, like every program. */
function barsNow(): string {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return UTF_8.test(LC_ALL || LC_CTYPE || LANG || '') ? BARS.unicode : BARS.ascii;
}

/** Whether the terminal is with this job, not with the shell that has it in the background; where Linux does not say it, it is. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    return true;
  }
}
