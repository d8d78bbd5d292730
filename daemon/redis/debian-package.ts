/**
 * Programs from Debian packages, unpacked into a folder of ours. Nothing is installed: no service starts, root is
 * not needed, and the package lists and caches of the system stay as they are.
 */
import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { asRefusal, codeOf, makeFolders, onDisk } from '../../corpus/disk/atomic.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';

export interface Wanted {
  readonly package: string;
  /** Others whose files go into the same folder, each of the version that goes with it. */
  readonly along?: readonly string[];
  /** Whether the libraries that it needs, and this system lacks, come along. */
  readonly withLibraries: boolean;
  /** Whether the program works from here; asked of what was unpacked before, too. */
  readonly works: (root: string) => Promise<boolean>;
}

export interface Place {
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/** Why there is no such program to be had here. */
export class NotUnpacked extends Error {
  override readonly name = 'NotUnpacked';
}

const TOOLS = ['apt-get', 'apt-cache', 'dpkg', 'dpkg-deb'];
const WHY_LENGTH_MAX = 200;
/** Package lists and packages together are some 20 MB: a minute at 3 Mbit/s. */
const TOOL_TIME_LIMIT_MS = 120_000;
const OUTPUT_BYTES_MAX = 16 << 20;
/** A mirror that says nothing for so long says nothing at all. */
const MIRROR_TIMEOUT_SECONDS = 10;
/** What a process that was killed has left is removed by one that comes so much later. */
const LEFTOVER_MS = 3_600_000;
const TEMPORARY = '.unpacking-';

/**
 * The folder that holds the package's files as the system's root would.
 *
 * @throws NotUnpacked if it is not there and cannot be brought, Refusal DATA_DIR if it cannot be kept
 */
export async function unpackDebian(wanted: Wanted, place: Place): Promise<string> {
  const before = await unpackedBefore(wanted, place);
  if (before !== null) return before;
  const lacking = TOOLS.filter((tool) => onPath(tool, place.env) === null);
  if (lacking.length > 0) throw new NotUnpacked(`this system has no ${lacking.join(', ')}`);
  place.say(`unpacking ${wanted.package} from its Debian package into ${place.cacheDir}`);
  const temporary = onDisk(place.cacheDir, () => {
    makeFolders(place.cacheDir);
    removeLeftovers(place.cacheDir);
    return mkdtempSync(path.join(place.cacheDir, TEMPORARY));
  });
  try {
    return await unpackInto(temporary, wanted, place);
  } catch (error) {
    throw asRefusal(error, place.cacheDir);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function unpackInto(temporary: string, wanted: Wanted, place: Place): Promise<string> {
  const files = await download(wanted, temporary, place.env);
  const root = path.join(temporary, 'root');
  for (const file of files) await run('dpkg-deb', ['-x', file, root], temporary, place.env);
  if (!(await wanted.works(root))) {
    throw new NotUnpacked(`${wanted.package} was unpacked, but does not run here`);
  }
  const home = path.join(place.cacheDir, stemOf(wanted) + versionOf(files, wanted.package));
  while (!moved(root, home, ['EEXIST', 'ENOTEMPTY'])) {
    // Somebody was faster; or what is there was damaged, or it would have been used before.
    if (await wanted.works(home)) break;
    moved(home, mkdtempSync(path.join(temporary, 'damaged-')), ['ENOENT']);
  }
  return home;
}

/** @returns false if it was refused for one of these reasons */
function moved(from: string, to: string, reasons: readonly string[]): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (reasons.includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

async function unpackedBefore(wanted: Wanted, { cacheDir }: Place): Promise<string | null> {
  const names = namesIn(cacheDir).filter((name) => name.startsWith(stemOf(wanted)));
  for (const name of names.sort()) {
    const root = path.join(cacheDir, name);
    if (await wanted.works(root)) return root;
  }
  return null;
}

/** A home folder may be shared by machines of several kinds. */
function stemOf(wanted: Wanted): string {
  return `${wanted.package}-${process.arch}-`;
}

/** `redis-server_5%3a7.0.15-1_amd64.deb` is 7.0.15-1: a colon would end a folder in a list of them. */
function versionOf(files: readonly string[], name: string): string {
  const file = files.map((f) => path.basename(f)).find((f) => f.startsWith(`${name}_`)) ?? '';
  return (file.split('_')[1] ?? '').replace(/^\d+%3a/i, '');
}

function removeLeftovers(cacheDir: string): void {
  for (const name of namesIn(cacheDir).filter((n) => n.startsWith(TEMPORARY))) {
    const folder = path.join(cacheDir, name);
    const { mtimeMs = Date.now() } = statSync(folder, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > LEFTOVER_MS) rmSync(folder, { recursive: true, force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Packages as files, by the system's lists, or by new ones where those are missing or too old. */
async function download(
  wanted: Wanted,
  temporary: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const options = aptOptions(temporary);
  try {
    return await downloadBy(options, wanted, temporary, env);
  } catch (error) {
    if (!(error instanceof NotUnpacked)) throw error;
  }
  const own = [...options, ...ownLists(temporary)];
  // One source of several that fails is no reason to stop: the download tells.
  await run('apt-get', [...own, 'update'], temporary, env).catch(() => '');
  return await downloadBy(own, wanted, temporary, env);
}

function aptOptions(temporary: string): readonly string[] {
  const settings = [
    `Dir::Cache=${path.join(temporary, 'cache')}`,
    // A user that apt would change to cannot write to a folder of ours.
    'APT::Sandbox::User=root',
    `Acquire::http::Timeout=${MIRROR_TIMEOUT_SECONDS}`,
    `Acquire::https::Timeout=${MIRROR_TIMEOUT_SECONDS}`,
    'Acquire::Retries=1',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

/** Lists in a folder of ours, and none of the commands that a system runs after it has brought its lists. */
function ownLists(temporary: string): readonly string[] {
  const lists = path.join(temporary, 'lists');
  mkdirSync(path.join(lists, 'partial'), { recursive: true });
  const file = path.join(temporary, 'apt.conf');
  const hooks = ['Pre-Invoke', 'Post-Invoke', 'Post-Invoke-Success'];
  writeFileSync(file, hooks.map((hook) => `#clear APT::Update::${hook};\n`).join(''));
  return ['-c', file, '-o', `Dir::State::lists=${lists}`];
}

async function downloadBy(
  options: readonly string[],
  wanted: Wanted,
  temporary: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const names = wanted.withLibraries
    ? await withLibraries(wanted.package, options, temporary, env)
    : [wanted.package];
  await run('apt-get', [...options, 'download', ...names, ...(wanted.along ?? [])], temporary, env);
  return namesIn(temporary)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => path.join(temporary, name));
}

/**
 * The package, those of the same program (Debian's redis-server is a link into redis-tools), and the libraries
 * of both that are not installed.
 */
async function withLibraries(
  name: string,
  options: readonly string[],
  temporary: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const flags = ['--recurse', ...kinds.map((kind) => `--no-${kind}`)];
  const tree = await run('apt-cache', [...options, 'depends', ...flags, name], temporary, env);
  const known = await run('dpkg', ['--get-selections'], temporary, env);
  const installed = new Set(Array.from(known.matchAll(/^([\w.+-]+).*\sinstall$/gm), (m) => m[1]));
  const family = `${name.split('-')[0]}-`;
  const needs = dependencies(tree);
  const chosen = new Set([name]);
  // A set that grows while it is walked is walked to its end.
  for (const one of chosen) {
    for (const other of needs.get(one) ?? []) {
      if (other.startsWith(family) || (isLibrary(other) && !installed.has(other)))
        chosen.add(other);
    }
  }
  return [...chosen];
}

/** A package stands at the margin, and below it what it needs: `  Depends: libc6`, ` |Depends: this-or`. */
function dependencies(tree: string): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, string[]>();
  let list: string[] = [];
  for (const line of tree.split('\n')) {
    const need = /^ [ |](?:Pre)?Depends: ([\w.+-]+)$/.exec(line)?.[1];
    if (need !== undefined) list.push(need);
    if (!/^\w/.test(line)) continue;
    list = [];
    needs.set(line, list);
  }
  return needs;
}

/** The C library itself is the system's, or nothing here would run. */
function isLibrary(name: string): boolean {
  return name.startsWith('lib') && !/^libc\d/.test(name);
}

/** @returns what the tool says; @throws NotUnpacked with the line in which it says why not */
function run(
  tool: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const options = {
    cwd,
    env: { ...env, LC_ALL: 'C' },
    timeout: TOOL_TIME_LIMIT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  };
  return new Promise((resolve, reject) => {
    execFile(onPath(tool, env) ?? tool, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const line = stderr.split('\n').find((l) => /^E:|error/i.test(l)) ?? error.message;
      reject(new NotUnpacked(`${tool}: ${printable(line, WHY_LENGTH_MAX)}`));
    });
  });
}

/** The program as the shell would find it. */
export function onPath(program: string, env: NodeJS.ProcessEnv): string | null {
  const folders = (env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder));
  return folders.map((folder) => path.join(folder, program)).find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
