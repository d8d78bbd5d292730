/** The line of a machine, read: `ready RELEASE`, `end STATUS`, and `out BYTES` with what a script says. Pure; nothing is read twice. */
import { StringDecoder } from 'node:string_decoder';

export interface Frame {
  readonly word: string;
  readonly value: string;
}

export interface Listener {
  /** A part of what is said, as long as it came; characters are whole. */
  readonly said: (text: string, bytes: number) => void;
  readonly framed: (frame: Frame) => void;
}

const NEWLINE = 10;
const HEAD_LENGTH_MAX = 256;

export class FrameReader {
  private readonly listener: Listener;
  private head = '';
  /** Of what is said, so much is to come. */
  private left = 0;
  private decoder = new StringDecoder('utf8');

  constructor(listener: Listener) {
    this.listener = listener;
  }

  receive(part: Buffer): void {
    for (let at = 0; at < part.length; ) {
      at = this.left > 0 ? this.takeSaid(part, at) : this.takeHead(part, at);
    }
  }

  private takeSaid(part: Buffer, at: number): number {
    const end = Math.min(part.length, at + this.left);
    this.left -= end - at;
    this.listener.said(this.decoder.write(part.subarray(at, end)), end - at);
    return end;
  }

  private takeHead(part: Buffer, at: number): number {
    const newline = part.indexOf(NEWLINE, at);
    const end = newline < 0 ? part.length : newline;
    this.head = (this.head + part.toString('latin1', at, end)).slice(0, HEAD_LENGTH_MAX);
    if (newline < 0) return end;
    const [word = '', value = ''] = this.head.trim().split(' ');
    this.head = '';
    if (word === 'out') this.left = Number(value);
    else this.end({ word, value });
    return newline + 1;
  }

  /** A character that is cut off is said as far as it came. */
  private end(frame: Frame): void {
    const rest = this.decoder.end();
    this.decoder = new StringDecoder('utf8');
    if (rest !== '') this.listener.said(rest, 0);
    this.listener.framed(frame);
  }
}
