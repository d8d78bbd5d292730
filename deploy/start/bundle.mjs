/**
 * Joins the compiled modules of the command line into `dist/bundle`. Not for size: V8 folds a constant of the
 * same module into the machine code, one of another module it loads and checks at every use, and the engine is
 * mostly constants. Measured: a quarter of the time of a run (`npm run bench`). Before that, says in
 * `dist/identity.json` which engine and which build it is.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { rollup } from '@rollup/wasm-node';
import { writeIdentity } from './identity.mjs';
import { ROOT } from './root.mjs';
import { bundleScripts } from './web.mjs';

const DIST = path.join(ROOT, 'dist');
const FOLDER = path.join(DIST, 'bundle');
const ENGINE = /^(?:workers\/(?!service\/|bench\/|api\/)|corpus\/(?:vocabulary|breeding)\/)/;
const ENTRIES = [
  'daemon/cli/main.js',
  'workers/service/executor-main.js',
  'workers/service/search-main.js',
  'workers/service/sweep-main.js',
  'workers/api/faultline.js',
];

writeIdentity(ROOT);
const bundle = await rollup({
  input: ENTRIES.map((entry) => path.join(DIST, entry)),
  // Packages and Node's own modules stay where they are.
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  onLog: (level, log) => {
    if (level === 'warn') process.stderr.write(`bundle: ${log.message}\n`);
  },
});
const { output } = await bundle.write({
  dir: FOLDER,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  // The engine stays in one piece, whoever asks for a part of it.
  manualChunks: (id) => (ENGINE.test(path.relative(DIST, id)) ? 'shared' : undefined),
  sourcemap: false,
});
await bundle.close();

// The package holds the whole folder, so no chunk of an older build stays there.
const written = new Set(output.map(({ fileName }) => fileName));
for (const name of readdirSync(FOLDER)) {
  if (!written.has(name)) rmSync(path.join(FOLDER, name), { recursive: true });
}
await bundleScripts(path.join(FOLDER, 'web'));
