/** What `init` shows in comments. */
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { assertScaffold } from './scaffold.ts';

test('what `init` shows in comments applies to the base, block by block', async (t) => {
  const folder = temporaryFolder(t);
  // Punch of the modern ones gives its lock up to wait for pins, and takes it again.
  for (const base of ['xfs-mmaplock-prezero', 'modern-xfs:reflink=on']) {
    await assertScaffold(base, folder);
  }
});
