/** The tree as a whole: what is at its top, its sources, and which of them nobody reaches. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Dependencies, Offence } from './rooms.ts';
import { type Source, sourceOf, targetOf } from './source.ts';

const TOP_FOLDERS = ['daemon', 'workers', 'corpus', 'dashboards', 'deploy', 'test'];
const TOP_FILES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'biome.json',
  'README.md',
  'LICENSE',
];
/** Made by npm and by the build; git ignores them. */
const MADE = ['node_modules', 'dist'];

/** Where execution begins, so that nothing has to import it. */
const ENTRIES = [
  /^daemon\/cli\/main\.ts$/,
  /^workers\/service\/[^/]*\.ts$/,
  /^workers\/api\/faultline\.ts$/,
  /^dashboards\/docs\/[^/]*\.mts$/,
  /^test\/run\.ts$/,
  /^test\/.*\.test\.ts$/,
  /^deploy\/(?:start|package)\/[^/]*\.mjs$/,
];

export function topOffences(names: readonly string[]): readonly Offence[] {
  const known = [...TOP_FOLDERS, ...TOP_FILES, ...MADE];
  return names
    .filter((name) => !name.startsWith('.') && !known.includes(name))
    .map((name) => ({ file: name, line: 1, what: 'does not belong at the top of the tree' }));
}

export function readSources(root: string): readonly Source[] {
  return TOP_FOLDERS.filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) => filesBelow(root, folder))
    .filter((file) => /\.(?:m?ts|mjs)$/.test(file))
    .map((file) => sourceOf(file, readFileSync(path.join(root, file), 'utf8')));
}

function filesBelow(root: string, folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (MADE.includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(root, name) : [name];
  });
}

/** Sources that no chain of imports from an entry reaches: nobody would miss them. */
export function orphanOffences(sources: readonly Source[]): readonly Offence[] {
  const sourceAt = new Map(sources.map((source) => [source.file, source]));
  const reached = new Set<string>();
  const open = sources.map(({ file }) => file).filter((file) => ENTRIES.some((e) => e.test(file)));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const imports = sourceAt.get(file)?.imports ?? [];
    open.push(...imports.flatMap(({ specifier }) => targetOf(file, specifier) ?? []));
  }
  return sources
    .filter(({ file }) => !reached.has(file))
    .map(({ file }) => ({ file, line: 1, what: 'nothing reaches this file' }));
}

export function readDependencies(root: string): Dependencies {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
  const declared = Object.keys(manifest.dependencies);
  return { declared, all: [...declared, ...Object.keys(manifest.devDependencies)] };
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
