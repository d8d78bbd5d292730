/** `daemon --stay`: what has ended is served on, and stays ended when it is started again with the same flags. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { faultlineHere, MAIN } from '../cli/faultline.ts';
import { Talking } from '../e2e/fuzz.ts';
import { temporaryFolder } from '../store/sample.ts';

const FLAGS = ['--redis', 'none', '--jobs', '1', '--port', '0', '--model', 'canary'];

function daemon(t: TestContext, folder: string, ...more: readonly string[]): Talking {
  const process = new Talking([MAIN, 'daemon', ...FLAGS, ...more], folder);
  t.after(() => process.interrupt());
  return process;
}

async function finished(folder: string): Promise<string> {
  const { stdout } = await faultlineHere(['status'], folder);
  assert.match(stdout, /^campaign {2}\w+ on http:\S+: finished/);
  const file = path.join(folder, '.faultline/daemon.json');
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string };
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  return stdout.split(' on ')[0] ?? '';
}

async function end(one: Talking): Promise<void> {
  one.interrupt();
  assert.equal((await one.ended()).exit, 0);
}

test('a campaign that was stopped is served on, and stays stopped', async (t) => {
  const folder = temporaryFolder(t);
  const first = daemon(t, folder, '--stay');
  await first.until(/campaign \w+ begun/);
  assert.equal((await faultlineHere(['campaign', 'stop'], folder)).exit, 0);
  await first.until(/the campaign has come to its end/);
  const campaign = await finished(folder);
  await end(first);

  const second = daemon(t, folder, '--stay');
  await second.until(/campaign \w+ resumed[\s\S]*the campaign has come to its end/);
  assert.equal(await finished(folder), campaign);
  await end(second);

  // Other flags are another campaign; so are the same ones of a person.
  const other = daemon(t, folder, '--stay', '--rng-seed', '7');
  await other.until(/campaign \w+ begun/);
  await end(other);
});
