/** One check as the doctor makes it, and servers for it that end with the test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Check,
  type Judgement,
  judgementOf,
  type Level,
} from '../../daemon/doctor/judgement.ts';

type Cleanup = Pick<TestContext, 'after'>;

/** Judges, and sees to what holds for every judgement: one line, printable, and a remedy where one is needed. */
async function judged(look: Check['look']): Promise<Judgement> {
  const judgement = await judgementOf({ name: 'check', look });
  const { level, detail, remedy } = judgement;
  assert.match(detail, /^[^\p{C}]+$/u);
  assert.match(remedy, /^[^\p{C}]*$/u);
  assert.equal(remedy !== '', level === 'warn' || level === 'fail', `${detail}: ${remedy}`);
  return judgement;
}

export async function assertJudged(
  look: Check['look'],
  level: Level,
  detail: RegExp,
  remedy = /./,
): Promise<void> {
  const judgement = await judged(look);
  assert.equal(judgement.level, level, `${judgement.detail}: ${judgement.remedy}`);
  assert.match(judgement.detail, detail);
  if (judgement.remedy !== '') assert.match(judgement.remedy, remedy);
}

/** A server that does with a connection what it is told; @returns its port */
export async function server(t: Cleanup, act: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    act(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listening.close();
  });
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
}

/** Takes what comes and says nothing. */
export function silent(socket: Socket): void {
  socket.resume();
}

/**
 * Stands in where no real Redis can be had: one of old, and one on a machine whose clock is wrong. Commands come
 * as arrays of bulk strings.
 */
export function redisThatSays(answers: Readonly<Record<string, string>>): (socket: Socket) => void {
  return (socket) => {
    socket.on('data', (data) => {
      for (const [, name = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        socket.write(answers[name.toLowerCase()] ?? '+OK\r\n');
      }
    });
  };
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** Every file below, with what is in it and when it was changed. */
export function contentsOf(folder: string): unknown {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const file = path.join(folder, name);
    const { mtimeMs } = statSync(file);
    return [name, mtimeMs, statSync(file).isFile() ? readFileSync(file, 'utf8') : null];
  });
}
