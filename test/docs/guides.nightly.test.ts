/** Every line of every `sh` block that a machine alone can run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { shellBlocksOf } from './guides.ts';
import { SESSIONS, whyNotRun } from './sessions.ts';
import { linesOf, Shell } from './shell.ts';

const skip = await skipReason('redis-server');

for (const [guide, session] of Object.entries(SESSIONS)) {
  test(`every line of ${guide} runs`, { skip }, async (t) => {
    const shell = await Shell.open(t, session);
    for (const line of session.before ?? []) await shell.type(line);
    const blocks = shellBlocksOf(guide).filter(({ kind }) => kind === 'sh');
    const lines = blocks.flatMap(linesOf).filter((line) => whyNotRun(guide, line) === null);
    assert.ok(lines.length > 0);
    for (const line of lines) await shell.type(line);
    await shell.close();
  });
}
