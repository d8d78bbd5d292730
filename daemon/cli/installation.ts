/** Where this program lies and which one it is. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../../corpus/vocabulary/assert.ts';

/** The folder of package.json: seeds and guides lie beside it, the compiled program below. */
export const PACKAGE_ROOT: string = rootAbove(path.dirname(fileURLToPath(import.meta.url)));

/**
 * For processes that run for long. Threads of V8 that compile beside them take the core of another executor: without, two
 * workers on two cores make 7 % more runs, one 10 %.
 */
export const NODE_FLAGS: readonly string[] = ['--v8-pool-size=0'];

export const GUIDES: string = path.join(PACKAGE_ROOT, 'dashboards/docs');

/** What deploy/start/web.mjs makes. */
export const WEB_SCRIPTS: string = path.join(PACKAGE_ROOT, 'dist/bundle/web');

export const VERSION: string = readVersion();

/** A clone, which has revisions and can be built; a package that npm has installed has no sources. */
export const HAS_SOURCES: boolean = existsSync(path.join(PACKAGE_ROOT, 'tsconfig.json'));

/** What to type where the build is not whole. */
export const BUILD_AGAIN: string = HAS_SOURCES
  ? `type \`npm run build\` in ${PACKAGE_ROOT}`
  : `remove ${PACKAGE_ROOT} and install the package again`;

function rootAbove(folder: string): string {
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  const parent = path.dirname(folder);
  assert(parent !== folder, 'no package.json above the program');
  return rootAbove(parent);
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8'),
  );
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  assert(isManifest && typeof manifest.version === 'string', 'package.json has no version');
  return manifest.version;
}
