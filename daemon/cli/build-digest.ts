/**
 * Which build computes: the SHA-256 of everything compiled that determines a report, by name and content. Only
 * workers of one build take the batches that it planned.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { PACKAGE_ROOT } from './installation.ts';

/** Folders of the compiled program, also where it runs as a bundle of them. */
const ROOMS = ['corpus/vocabulary', 'corpus/breeding', 'workers'] as const;
/** What carries reports, and what measures. */
const APART = /^workers\/(?:service|bench)\//;
const DIST = path.join(PACKAGE_ROOT, 'dist');

let known: string | undefined;

export function buildDigest(): string {
  known ??= computed();
  return known;
}

function computed(): string {
  const hash = createHash('sha256');
  const files = ROOMS.flatMap(modulesOf).filter((file) => !APART.test(file));
  assert(files.length > 0, 'compiled modules of the engine');
  for (const file of files.sort()) {
    const text = readFileSync(path.join(DIST, file), 'utf8');
    hash.update(`${file} ${text.length}\n${text}`);
  }
  return hash.digest('hex');
}

function modulesOf(room: string): readonly string[] {
  const names = readdirSync(path.join(DIST, room), { recursive: true, encoding: 'utf8' });
  const modules = names.filter((name) => name.endsWith('.js'));
  return modules.map((name) => `${room}/${name.replaceAll('\\', '/')}`);
}
