/**
 * Writes `dist/identity.json`: the digests of the engine that judges and of the build that reports. Each is the
 * SHA-256 of the syntax trees of its compiled modules, so comments, white space and types do not count: equal
 * meaning, equal digest. Runs at build time, which has a parser; daemon/cli/identity.ts reads the file.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAst } from '@rollup/wasm-node/parseAst';

/**
 * What belongs to which digest, as beginnings of source names.
 *
 * - `engine`: all that a verdict, a signature or a trace digest depends on. Two builds with the same engine digest
 *   judge a repro alike; if they do not, `replay` reports a bug of Faultline (exit 70).
 * - `build`: all that a report depends on. Only workers of the same build take a coordinator's batches.
 *
 * `roots` are the modules that compute the answer: what they import is in `rooms` or in `apart`
 * (test/deploy/identity.test.ts). `packages` count with their version.
 */
export const DIGESTS = {
  engine: {
    roots: ['workers/run/engine.ts'],
    rooms: [
      'workers/kernel/',
      'workers/oracles/',
      'workers/model/compile.ts',
      'workers/run/engine.ts',
      'workers/run/never-ends.ts',
      'workers/schedulers/replay.ts',
      'corpus/vocabulary/input.ts',
      'corpus/vocabulary/json.ts',
      'corpus/vocabulary/limits.ts',
      'corpus/vocabulary/ops.ts',
      'corpus/vocabulary/verdict.ts',
    ],
    // Which models are accepted, and the words of a failed assertion: no run depends on them.
    apart: [
      'corpus/vocabulary/assert.ts',
      'corpus/vocabulary/errors.ts',
      'corpus/vocabulary/printable.ts',
    ],
    packages: [],
  },
  build: {
    roots: ['workers/batch/run-work.ts'],
    rooms: ['corpus/vocabulary/', 'corpus/breeding/', 'workers/'],
    // What carries reports, what measures, and what users import.
    // Every batch names its models by their digests, which leave out comments.
    apart: ['workers/service/', 'workers/bench/', 'workers/api/', 'workers/models/texts.ts'],
    packages: ['fast-check', 'pure-rand'],
  },
};

/** @param root the folder of package.json; sources are compiled to `dist` below it */
export function writeIdentity(root) {
  const sources = ['corpus', 'workers'].flatMap((top) => sourcesOf(root, top)).sort();
  const trees = new Map();
  const identity = Object.fromEntries(
    Object.entries(DIGESTS).map(([name, row]) => [name, digestOf(root, row, sources, trees)]),
  );
  writeFileSync(path.join(root, 'dist/identity.json'), `${JSON.stringify(identity)}\n`);
}

function digestOf(root, { rooms, apart, packages }, sources, trees) {
  const hash = createHash('sha256');
  for (const name of packages) hash.update(`${name} ${versionOf(root, name)}\n`);
  const files = sources.filter((file) => begins(file, rooms) && !begins(file, apart));
  if (files.length === 0) throw new Error(`no sources of ${rooms.join(', ')} below ${root}`);
  for (const file of files) {
    if (!trees.has(file)) trees.set(file, treeOf(root, file));
    hash.update(`${file} ${trees.get(file)}\n`);
  }
  return hash.digest('hex');
}

function begins(file, names) {
  return names.some((name) => file.startsWith(name));
}

/** Lists sources, because `dist` keeps the compiled modules of deleted ones. */
function sourcesOf(root, top) {
  return readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${top}/${name.replaceAll('\\', '/')}`);
}

function treeOf(root, file) {
  const text = readFileSync(path.join(root, 'dist', file.replace(/\.ts$/, '.js')), 'utf8');
  return JSON.stringify(parseAst(text), meaning);
}

/** Drops positions, comments that the parser keeps, and the spelling of literals. */
function meaning(key, value) {
  if (key === 'start' || key === 'end' || key.startsWith('_rollup')) return undefined;
  if (key === 'raw' && this.type === 'Literal') return undefined;
  return typeof value === 'bigint' ? String(value) : value;
}

function versionOf(root, name) {
  const manifest = path.join(root, 'node_modules', name, 'package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
