/** Whether the program knows the flags that files of deploy/ start it with. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { faultlineHere } from '../cli/faultline.ts';

/** Of a verb and what follows it: flags that its help does not name. */
export async function unknownFlags(args: readonly string[]): Promise<readonly string[]> {
  const [verb = '', ...rest] = args;
  const { stdout, exit } = await faultlineHere([verb, '--help'], tmpdir());
  assert.equal(exit, 0, `no verb ${verb}`);
  const known: readonly string[] = stdout.match(/--[\w-]+/g) ?? [];
  return rest.filter((word) => word.startsWith('--') && !known.includes(word));
}
