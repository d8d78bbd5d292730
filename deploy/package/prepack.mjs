/**
 * `npm pack` runs this first: it makes the build, and in `dist/types` the declarations of what `import … from 'faultline'`
 * gives. The usual build makes no declarations: only users of the package read them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensure, ROOT } from '../start/ensure.mjs';

const TYPES = path.join(ROOT, 'dist/types');
const ENTRY = 'workers/api/faultline.d.ts';
/** A module of this tree, as a declaration names it. */
const IMPORTED = /\b(?:from|import\() ?'(\.[^']*)\.ts'/g;
const OUR_BUG = 70;

ensure();
const scratch = mkdtempSync(path.join(tmpdir(), 'faultline-types-'));
try {
  declare(scratch);
  keep(scratch, reachedFrom(scratch, ENTRY));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The compiler declares every module that the entry imports, the engine's too. */
function declare(folder) {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', path.join(ROOT, 'deploy/package'), '--outDir', folder];
  const result = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  process.exitCode = OUR_BUG;
  throw new Error('the types of the package cannot be made');
}

/** The entry's declarations, and those that they name. */
function reachedFrom(folder, entry) {
  const reached = new Set([entry]);
  for (const file of reached) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, module] of text.matchAll(IMPORTED)) {
      reached.add(path.posix.join(path.posix.dirname(file), `${module}.d.ts`));
    }
  }
  return reached;
}

/** No file that stays is missing meanwhile: another `npm pack` may be reading it. */
function keep(folder, files) {
  for (const file of files) cpSync(path.join(folder, file), path.join(TYPES, file));
  const there = readdirSync(TYPES, { recursive: true, withFileTypes: true });
  for (const entry of there.filter((one) => one.isFile())) {
    const name = path.join(entry.parentPath, entry.name);
    if (!files.has(path.relative(TYPES, name).replaceAll('\\', '/'))) rmSync(name);
  }
}
