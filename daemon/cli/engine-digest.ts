/**
 * Which engine judges: the SHA-256 of the compiled kernel and oracles, by name and content. Two builds with one
 * digest give one verdict.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { PACKAGE_ROOT } from './installation.ts';

const ROOMS = ['kernel', 'oracles'] as const;
/** The modules as compiled, also where the program runs as a bundle of them. */
const WORKERS = path.join(PACKAGE_ROOT, 'dist/workers');

let known: string | undefined;

export function engineDigest(): string {
  known ??= computed();
  return known;
}

function computed(): string {
  const hash = createHash('sha256');
  for (const file of ROOMS.flatMap(sourcesOf).sort()) {
    const text = readFileSync(path.join(WORKERS, file), 'utf8');
    hash.update(`${file} ${text.length}\n${text}`);
  }
  return hash.digest('hex');
}

function sourcesOf(room: string): readonly string[] {
  const names = readdirSync(path.join(WORKERS, room), { recursive: true, encoding: 'utf8' });
  const sources = names.filter((name) => name.endsWith('.js'));
  assert(sources.length > 0, 'compiled sources of the engine', room);
  return sources.map((name) => `${room}/${name.replaceAll('\\', '/')}`);
}
