/** Where a redis-server comes from: the PATH, what was unpacked before, or the packages of a Debian. */
import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { makeFolders } from '../../corpus/disk/atomic.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { NotUnpacked, onPath, unpackDebian } from './debian-package.ts';

export interface RedisBinary {
  readonly binary: string;
  /** LD_LIBRARY_PATH for one that was unpacked. */
  readonly libraryPath: string | null;
}

/** Valkey is Redis under the licence it had until 2024. */
const PROGRAMS = ['redis-server', 'valkey-server'];
const VERSION_TIME_LIMIT_MS = 5000;

/** @throws Refusal REDIS_MISSING, which says what to type; DATA_DIR if nothing can be kept in the cache */
export async function findRedisServer(
  cacheDir: string,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RedisBinary> {
  for (const program of PROGRAMS) {
    const binary = onPath(program, env);
    if (binary !== null) return { binary, libraryPath: null };
  }
  const works = (root: string): Promise<boolean> => runs(unpackedIn(root));
  try {
    const wanted = { package: 'redis-server', withLibraries: true, works };
    return unpackedIn(await unpackDebian(wanted, { cacheDir, env, say }));
  } catch (error) {
    throw error instanceof NotUnpacked ? fail('REDIS_MISSING', { why: error.message }) : error;
  }
}

function unpackedIn(root: string): RedisBinary {
  return { binary: path.join(root, 'usr/bin/redis-server'), libraryPath: librariesIn(root) };
}

/** Debian puts them into a folder named after the machine, and some packages into one of their own below. */
function librariesIn(root: string): string {
  const folders = ['usr/lib', 'lib'].flatMap((top) => foldersWithLibraries(path.join(root, top)));
  return folders.join(path.delimiter);
}

function foldersWithLibraries(top: string): readonly string[] {
  try {
    const entries = readdirSync(top, { recursive: true, withFileTypes: true });
    const libraries = entries.filter(({ name }) => /\.so(?:\.|$)/.test(name));
    return [...new Set(libraries.map(({ parentPath }) => parentPath))];
  } catch {
    return [];
  }
}

function runs({ binary, libraryPath }: RedisBinary): Promise<boolean> {
  const options = {
    env: { LD_LIBRARY_PATH: libraryPath ?? '' },
    timeout: VERSION_TIME_LIMIT_MS,
  };
  return new Promise((resolve) => {
    execFile(binary, ['--version'], options, (error) => resolve(error === null));
  });
}

/** Where what can be had again is kept: the user's cache, or the data folder where there is none to write to. */
export function cacheFolder(env: NodeJS.ProcessEnv, dataDir: string): string {
  try {
    const given = env.XDG_CACHE_HOME ?? '';
    const caches = path.isAbsolute(given) ? given : path.join(env.HOME || homedir(), '.cache');
    const folder = path.join(caches, 'faultline');
    makeFolders(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch {
    return path.join(path.resolve(dataDir), 'cache');
  }
}
