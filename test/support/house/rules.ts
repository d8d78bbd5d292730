/** Rules of the house that no tool states: what the text of a source may not say, and what is at the top of the tree. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Source {
  /** Relative to the root, with slashes. */
  readonly file: string;
  readonly text: string;
}

export interface Offence {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

interface Rule {
  readonly name: string;
  readonly banned: RegExp;
}

/** Spelled apart, so that searching the tree for them finds only real ones. */
const UNFINISHED = ['TO', 'FIX'].map((word, i) => word + ['DO', 'ME'][i]).join('|');
const MUTED_TYPES = ['ignore', 'expect-error', 'nocheck'].join('|');
/** The formatter may be muted: a table keeps its columns. */
const MUTED_LINT = ['', '-all', '-start'].join('|');

export const RULES: readonly Rule[] = [
  { name: 'nothing unfinished', banned: new RegExp(`\\b(?:${UNFINISHED})\\b`, 'g') },
  {
    name: 'a head that says what a file is for',
    banned: /^(?!(?:#![^\n]*\n)?(?:\/\/ [^\n]*\n)*\/\*\*)/g,
  },
  {
    name: 'no muted check',
    banned: new RegExp(`@ts-(?:${MUTED_TYPES})\\b|biome-ignore(?:${MUTED_LINT}) (?!format)`, 'g'),
  },
];

export function offencesOf({ name, banned }: Rule, { file, text }: Source): readonly Offence[] {
  return [...text.matchAll(banned)].map((found) => {
    const line = text.slice(0, found.index).split('\n').length;
    return { file, line, what: `${name}: ${found[0]}` };
  });
}

/** Where sources are; `npm run lint` names the same. */
export const FOLDERS = ['corpus', 'workers', 'daemon', 'dashboards', 'deploy', 'test'];
const TOP_FILES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'biome.json',
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'LICENSE',
];
/** Made by npm and by the build; git ignores them. */
const MADE = ['node_modules', 'dist'];

export function topOffences(names: readonly string[]): readonly Offence[] {
  const known = [...FOLDERS, ...TOP_FILES, ...MADE];
  return names
    .filter((name) => !name.startsWith('.') && !known.includes(name))
    .map((name) => ({ file: name, line: 1, what: 'does not belong at the top of the tree' }));
}

export function readSources(root: string): readonly Source[] {
  return FOLDERS.flatMap((folder) => filesBelow(root, folder))
    .filter((file) => /\.(?:ts|mjs)$/.test(file))
    .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
}

function filesBelow(root: string, folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (MADE.includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(root, name) : [name];
  });
}
