/** Chromium for `bench page`: the one on the PATH, told by its pipe (Chrome DevTools Protocol) what to load and to measure. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { onPath } from '../redis/debian-package.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
const PIPE = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const;

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Chromium {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private asked = 0;
  private rest = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    const [, , , , answers] = child.stdio;
    (answers as Readable).setEncoding('utf8').on('data', (text: string) => this.take(text));
  }

  /** @throws Refusal ENVIRONMENT where there is none */
  static open(folder: string): Chromium {
    const program = NAMES.flatMap((name) => onPath(name, process.env) ?? [])[0];
    if (program === undefined) {
      throw fail('ENVIRONMENT', {
        what: `bench page: there is no ${NAMES.join(', no ')} on the PATH`,
        remedy: 'type `sudo apt-get install chromium`',
      });
    }
    const profile = `--user-data-dir=${path.join(folder, 'chromium')}`;
    const args = [...FLAGS, '--remote-debugging-pipe', profile, 'about:blank'];
    return new Chromium(spawn(program, args, { stdio: [...PIPE] }));
  }

  /** A fresh tab. @returns what `measure`, which runs before the page's own scripts, comes to */
  async measure(url: string, measure: string): Promise<unknown> {
    const { targetId } = await this.ask<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
    });
    const attached = { targetId, flatten: true };
    const { sessionId } = await this.ask<{ sessionId: string }>('Target.attachToTarget', attached);
    await this.ask('Page.enable', {}, sessionId);
    const source = `globalThis.measured = ${measure}`;
    await this.ask('Page.addScriptToEvaluateOnNewDocument', { source }, sessionId);
    await this.ask('Page.navigate', { url }, sessionId);
    const expression = 'globalThis.measured';
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result } = await this.ask<{ result: { value?: unknown } }>(
      'Runtime.evaluate',
      asked,
      sessionId,
    );
    await this.ask('Target.closeTarget', { targetId });
    return result.value;
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await ended;
  }

  private async ask<T>(method: string, params: object, sessionId?: string): Promise<T> {
    const id = ++this.asked;
    const [, , , questions] = this.child.stdio;
    const answered = new Promise<Answer>((resolve) => this.waiting.set(id, resolve));
    (questions as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answered;
    assert(error === undefined, `Chromium does ${method}`, error?.message);
    return result as T;
  }

  private take(text: string): void {
    const parts = (this.rest + text).split('\0');
    this.rest = parts.pop() ?? '';
    for (const part of parts) {
      const answer = JSON.parse(part) as Answer;
      if (answer.id === undefined) continue;
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    }
  }
}
