/** What a machine says over its line: handed on as it comes, wherever it is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, FrameReader } from '../../deploy/lab/framing.ts';

const TEXT = 'ün 1\n';
const SAID = Buffer.from(TEXT);
const LINE = Buffer.concat([
  Buffer.from(`ready 6.1\r\nout ${SAID.length - 4}\n`),
  SAID.subarray(0, -4),
  Buffer.from('out 4\n'),
  SAID.subarray(-4),
  Buffer.from('end 7\n'),
]);

function heard(parts: readonly Buffer[]): {
  readonly said: readonly string[];
  readonly frames: readonly Frame[];
} {
  const said: string[] = [];
  const frames: Frame[] = [];
  const reader = new FrameReader({
    said: (text) => said.push(text),
    framed: (frame) => frames.push(frame),
  });
  for (const part of parts) reader.receive(part);
  return { said, frames };
}

test('wherever the line is cut, in a head, a part or a character, the same is heard', () => {
  const whole = heard([LINE]);
  assert.deepEqual(whole.frames, [
    { word: 'ready', value: '6.1' },
    { word: 'end', value: '7' },
  ]);
  assert.equal(whole.said.join(''), TEXT);
  const bytes = Array.from(LINE, (byte) => Buffer.from([byte]));
  for (const parts of [bytes, ...bytes.map((_, at) => [LINE.subarray(0, at), LINE.subarray(at)])]) {
    const { said, frames } = heard(parts);
    assert.deepEqual(frames, whole.frames);
    assert.equal(said.join(''), TEXT);
  }
});

test('a part is handed on before the rest of it comes, so that none is read twice', () => {
  const { said, frames } = heard([Buffer.from('out 100\nfirst')]);
  assert.deepEqual({ said, frames }, { said: ['first'], frames: [] });
});
