/**
 * The scripts of the page: each one file with all that it imports, the engine among it, and small. They are compiled apart
 * from the rest, for a browser has other globals than Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from '@rollup/wasm-node';
import { minify } from '@swc/core';
import { ROOT } from './root.mjs';

export const WEB = path.join(ROOT, 'dashboards/web');
const COMPILED = path.join(ROOT, 'dist/web/dashboards/web');
const SCRIPTS = ['campaign', 'list', 'player'];

/** Packages lie where Node finds them, as modules where they say so; from there on everything is a file. */
const packages = {
  name: 'packages',
  resolveId: (id) => {
    if (id.startsWith('.') || path.isAbsolute(id)) return null;
    const manifest = path.join(ROOT, 'node_modules', id, 'package.json');
    const { module } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
    if (module === undefined) return fileURLToPath(import.meta.resolve(id));
    return path.join(path.dirname(manifest), module);
  },
};

export async function bundleScripts(folder) {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', WEB], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the scripts of the page do not compile:\n${stdout}`);
  mkdirSync(folder, { recursive: true });
  for (const name of SCRIPTS) {
    const bundle = await rollup({ input: path.join(COMPILED, `${name}.js`), plugins: [packages] });
    const { output } = await bundle.generate({ format: 'es' });
    await bundle.close();
    const { code } = await minify(output[0].code, { module: true, compress: true, mangle: true });
    writeFileSync(path.join(folder, `${name}.js`), code);
  }
}
