/** `init` on every built-in model, and on each other value of each of its toggles. */
import { test } from 'node:test';
import { flavours } from '../../workers/models/registry.ts';
import { temporaryFolder } from '../store/sample.ts';
import { assertScaffold } from './scaffold.ts';

for (const base of flavours()) {
  test(`what \`init --from ${base}\` shows in comments applies to it`, (t) =>
    assertScaffold(base, temporaryFolder(t)));
}
