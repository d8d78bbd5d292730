/**
 * Programs that tests need and Debian has: from the PATH, else unpacked into a folder that the tests keep, else,
 * for those with too many dependencies to unpack, installed if we may. Without it a suite is skipped, visibly;
 * in CI that is a failure.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeFolders } from '../../corpus/disk/atomic.ts';
import { withLock } from '../../corpus/disk/lock.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { NotUnpacked, onPath, unpackDebian } from '../../daemon/redis/debian-package.ts';
import { findRedisServer } from '../../daemon/redis/redis-binary.ts';
import { PACKAGE_ROOT } from './package-root.ts';
import { PATIENCE_MS } from './patience.ts';

export type DebianName =
  | 'redis-server'
  | 'prometheus'
  | 'chromium'
  | 'spin'
  | 'gcc'
  | 'systemd'
  | 'mmdebstrap'
  | 'strace'
  | 'qemu-system-x86';

export interface DebianProgram {
  readonly path: string;
  /** To start it with. */
  readonly env: NodeJS.ProcessEnv;
  /** Where it comes with Prometheus. */
  readonly promtool?: string;
  /** For what SPIN writes. */
  readonly gcc?: string;
}

export interface Missing {
  readonly missing: string;
}

/** Git ignores it; `rm -rf .faultline` makes the next run fetch again. */
export const TEST_CACHE: string = path.join(PACKAGE_ROOT, '.faultline/test-cache');
/** For programs with threads. */
const FAKETIME = 'libfaketimeMT.so.1';
/** 100 MB and the scripts of a hundred packages. */
const INSTALL_TIME_LIMIT_MS = 600_000;

/** A machine of the lab, and a module for its kernel. */
const LAB_PACKAGES = [
  ...['qemu-system-x86', 'busybox-static', 'e2fsprogs', 'xfsprogs', 'gcc', 'libc6-dev'],
  ...['make', 'libelf1'],
];

const run = promisify(execFile);
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** The compiler, and what it needs to make a program. */
const GCC = ['gcc', 'libc6-dev'];

const FINDERS: Readonly<Record<DebianName, () => Promise<DebianProgram | Missing>>> = {
  'redis-server': redisServer,
  prometheus,
  chromium,
  spin,
  gcc: () => program('gcc', GCC),
  systemd: () => program('systemd-analyze', ['systemd']),
  mmdebstrap: () => program('mmdebstrap', ['mmdebstrap']),
  strace: () => program('strace', ['strace']),
  'qemu-system-x86': () => program('qemu-system-x86_64', LAB_PACKAGES),
};
export const DEBIAN_NAMES: readonly string[] = Object.keys(FINDERS);

export async function debianProgram(name: DebianName): Promise<DebianProgram | Missing> {
  try {
    return await FINDERS[name]();
  } catch (error) {
    if (error instanceof Refusal || error instanceof NotUnpacked) return { missing: error.message };
    throw error;
  }
}

/**
 * For node:test's `{ skip }`.
 *
 * @throws in CI, where nothing may be skipped
 */
export async function skipReason(name: DebianName): Promise<false | string> {
  const program = await debianProgram(name);
  if (!('missing' in program)) return false;
  const reason = `no ${name}: ${program.missing}`;
  if (process.env.CI === 'true') throw new Error(`${reason}; in CI it must be there`);
  return reason;
}

async function redisServer(): Promise<DebianProgram> {
  const { binary, libraryPath } = await findRedisServer(TEST_CACHE, say);
  const libraries = libraryPath === null ? {} : { LD_LIBRARY_PATH: libraryPath };
  return { path: binary, env: { ...process.env, ...libraries } };
}

/** One static binary: the rest of its package and of those that it names is for a service. */
async function prometheus(): Promise<DebianProgram> {
  const works = (root: string): Promise<boolean> => runs(path.join(root, 'usr/bin/prometheus'));
  const wanted = { package: 'prometheus', withLibraries: false, works };
  const file =
    onPath('prometheus', process.env) ??
    path.join(
      await unpackDebian(wanted, { cacheDir: TEST_CACHE, env: process.env, say }),
      'usr/bin/prometheus',
    );
  return { path: file, env: process.env, promtool: path.join(path.dirname(file), 'promtool') };
}

async function runs(file: string, versionFlag = '--version'): Promise<boolean> {
  try {
    await run(file, [versionFlag], { timeout: PATIENCE_MS });
    return true;
  } catch {
    return false;
  }
}

function chromium(): Promise<DebianProgram | Missing> {
  return program('chromium', ['chromium']);
}

async function program(
  name: string,
  packages: readonly string[],
): Promise<DebianProgram | Missing> {
  const found = await installed(name, packages);
  return typeof found === 'string' ? { path: found, env: process.env } : found;
}

/** The library that gives a process another clock when it is preloaded; null where it is not to be had. */
export async function libfaketime(): Promise<string | null> {
  const wanted = {
    package: 'libfaketime',
    withLibraries: false,
    works: async (root: string) => libraryIn(root) !== undefined,
  };
  const place = { cacheDir: TEST_CACHE, env: process.env, say };
  try {
    return libraryIn(await unpackDebian(wanted, place)) ?? null;
  } catch (error) {
    if (error instanceof Refusal || error instanceof NotUnpacked) return null;
    throw error;
  }
}

/** Below the name of this machine's architecture. */
function libraryIn(root: string): string | undefined {
  const lib = path.join(root, 'usr/lib');
  if (!existsSync(lib)) return undefined;
  const files = readdirSync(lib).map((name) => path.join(lib, name, 'faketime', FAKETIME));
  return files.find((file) => existsSync(file));
}

/** One binary, which writes C. */
async function spin(): Promise<DebianProgram | Missing> {
  const gcc = await installed('gcc', GCC);
  if (typeof gcc !== 'string') return gcc;
  const works = (root: string): Promise<boolean> => runs(path.join(root, 'usr/bin/spin'), '-V');
  const wanted = { package: 'spin', withLibraries: false, works };
  const file =
    onPath('spin', process.env) ??
    path.join(
      await unpackDebian(wanted, { cacheDir: TEST_CACHE, env: process.env, say }),
      'usr/bin/spin',
    );
  return { path: file, env: process.env, gcc };
}

/** The program's path. */
async function installed(name: string, packages: readonly string[]): Promise<string | Missing> {
  const there = onPath(name, process.env);
  if (there !== null) return there;
  if (process.getuid?.() !== 0)
    return { missing: `${name} is not installed, and only root may do that` };
  makeFolders(TEST_CACHE);
  const why = await withLock(TEST_CACHE, INSTALL_TIME_LIMIT_MS, () => install(name, packages));
  return onPath(name, process.env) ?? { missing: why };
}

/** @returns why it failed, if it did */
async function install(name: string, packages: readonly string[]): Promise<string> {
  if (onPath(name, process.env) !== null) return '';
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    timeout: INSTALL_TIME_LIMIT_MS,
    maxBuffer: 16 << 20,
  };
  say(`installing ${name} with apt-get for the tests`);
  try {
    await run('apt-get', ['update'], options);
    await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
