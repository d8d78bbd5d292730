/** The tools of `npm run lint` with answers to read, on this tree or on one that a test has planted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { PACKAGE_ROOT } from '../package-root.ts';
import { FOLDERS } from './rules.ts';

export interface Room {
  readonly name: string;
  readonly prefix: string;
  readonly imports: readonly string[];
  readonly pure: boolean;
}

const TABLE = 'test/support/house/rooms.mjs';
const table = await import(pathToFileURL(path.join(PACKAGE_ROOT, TABLE)).href);
export const { ROOMS } = table as { readonly ROOMS: readonly Room[] };

/** What the tools read besides sources. */
const SETTINGS = [
  'package.json',
  'tsconfig.json',
  'biome.json',
  '.knip.jsonc',
  '.dependency-cruiser.mjs',
  TABLE,
  'test/support/house/house.grit',
  'test/support/house/left-out.grit',
  'test/support/house/pure.grit',
];

/** A tree under the rules of this one; `use` may not keep it. */
export function withPlanted<T>(
  files: Readonly<Record<string, string>>,
  use: (root: string) => T,
): T {
  const root = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  const place = (file: string): string => {
    const placed = path.join(root, file);
    mkdirSync(path.dirname(placed), { recursive: true });
    return placed;
  };
  try {
    for (const folder of FOLDERS) mkdirSync(path.join(root, folder));
    for (const file of SETTINGS) copyFileSync(path.join(PACKAGE_ROOT, file), place(file));
    symlinkSync(path.join(PACKAGE_ROOT, 'node_modules'), path.join(root, 'node_modules'), 'dir');
    for (const [file, text] of Object.entries(files)) writeFileSync(place(file), text);
    return use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What the linter says of each file: the name of the rule, or the message of one of the house. */
export function lintOf(root: string): ReadonlyMap<string, readonly string[]> {
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
  const { diagnostics } = run<Lint>(root, '@biomejs/biome/bin/biome', args);
  const said = new Map<string, string[]>();
  for (const { category, message, location } of diagnostics) {
    const list = said.get(location.path) ?? [];
    said.set(location.path, list);
    list.push(category === 'plugin' ? message : path.posix.basename(category));
  }
  return said;
}

interface Lint {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly message: string;
    readonly location: { readonly path: string };
  }[];
}

interface ImportOffence {
  readonly file: string;
  readonly rule: string;
  /** The files of a circle of imports. */
  readonly circle: readonly string[];
}

export interface Imports {
  /** For each file the files of this tree that it imports, types too. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly offences: readonly ImportOffence[];
}

export function importsOf(root: string): Imports {
  const args = ['--output-type', 'json', ...FOLDERS];
  const bin = 'dependency-cruiser/bin/dependency-cruise.mjs';
  const { modules, summary } = run<Cruise>(root, bin, args);
  const files = modules
    .filter(({ source }) => FOLDERS.some((folder) => source.startsWith(`${folder}/`)))
    .map(({ source, dependencies }) => {
      const local = dependencies.filter(({ dependencyTypes }) => dependencyTypes.includes('local'));
      return [source, local.map(({ resolved }) => resolved)] as const;
    });
  const offences = summary.violations.map(({ from, rule, cycle = [] }) => {
    return { file: from, rule: rule.name, circle: cycle.map(({ name }) => name) };
  });
  return { files: new Map(files), offences };
}

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly {
      readonly resolved: string;
      readonly dependencyTypes: readonly string[];
    }[];
  }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly rule: { readonly name: string };
      readonly cycle?: readonly { readonly name: string }[];
    }[];
  };
}

/** Files that no entry reaches, and exports that no other file imports. */
export function unusedIn(root: string): { files: readonly string[]; exports: readonly string[] } {
  const { issues } = run<Unused>(root, 'knip/bin/knip.js', ['--reporter', 'json']);
  const named = (list: readonly { readonly name: string }[]): readonly string[] =>
    list.map(({ name }) => name);
  return {
    files: issues.flatMap(({ files }) => named(files)).sort(),
    exports: issues.flatMap(({ exports, types }) => named([...exports, ...types])).sort(),
  };
}

interface Unused {
  readonly issues: readonly Readonly<
    Record<'files' | 'exports' | 'types', readonly { readonly name: string }[]>
  >[];
}

function run<T>(root: string, tool: string, args: readonly string[]): T {
  const script = path.join(PACKAGE_ROOT, 'node_modules', tool);
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [script, ...args], options);
  assert.ok(stdout.startsWith('{'), `${tool}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
