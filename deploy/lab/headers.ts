/**
 * What a module is built with: the headers of the kernel that it goes into. Debian's are unpacked into the cache, a kernel
 * of the user's has them where its modules have `build`.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { NotUnpacked, onPath, unpackDebian } from '../../daemon/redis/debian-package.ts';
import { endWithUs, scratchFolder } from './ends-with-us.ts';
import { compileGuest } from './guest-programs.ts';
import type { KernelImage } from './packages.ts';

const run = promisify(execFile);
/** What the name of the folder that all flavours share ends with. */
const COMMON = '-common';
const SAID_LENGTH_MAX = 1000;
const BUILD_SECONDS_MAX = 600;

export interface Headers {
  /** Configured for the kernel. */
  readonly folder: string;
  /** For make(1): Debian's own names a folder that only an installed package has. */
  readonly makefile: string;
}

export interface HeadersPlace {
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/**
 * @param isDebians whether the image is the lab's own
 * @throws Refusal ENVIRONMENT if there are none
 */
export async function headersOf(
  image: KernelImage,
  isDebians: boolean,
  place: HeadersPlace,
): Promise<Headers> {
  if (onPath('make', place.env) === null) {
    throw fail('ENVIRONMENT', {
      what: 'the lab lacks make, to build a module',
      remedy: 'type `sudo apt-get install --no-install-recommends make`',
    });
  }
  if (isDebians) return await debianHeaders(path.basename(image.modules), place);
  const folder = path.join(image.modules, 'build');
  const makefile = path.join(folder, 'Makefile');
  if (existsSync(makefile)) return { folder, makefile };
  throw fail('ENVIRONMENT', {
    what: `there is no ${makefile}, to build a module with`,
    remedy: 'make a link `build` there to the tree that the kernel was built in',
  });
}

/** Those that were unpacked before, else Debian's. */
async function debianHeaders(release: string, place: HeadersPlace): Promise<Headers> {
  const name = `linux-headers-${release}`;
  const before = readdirSync(place.cacheDir)
    .filter((folder) => folder.startsWith(`${name}-`))
    .map((folder) => headersIn(path.join(place.cacheDir, folder), name))
    .find((headers) => headers !== null);
  if (before !== undefined) return before;
  const works = async (root: string): Promise<boolean> => headersIn(root, name) !== null;
  try {
    const along = await partsOf(name, place.env);
    const root = await unpackDebian({ package: name, along, withLibraries: false, works }, place);
    const headers = headersIn(root, name);
    if (headers !== null) return headers;
    throw new NotUnpacked(`${root} has no ${name}`);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const image =
      readdirSync(place.cacheDir).find((one) => one.includes(`image-${release}-`)) ?? '';
    throw fail('ENVIRONMENT', {
      what: `there are no headers of Linux ${release}: ${error instanceof Error ? error.message : error}`,
      remedy: `where Debian has a newer kernel by now, remove ${path.join(place.cacheDir, image)}`,
    });
  }
}

/** Headers that all flavours share, and programs of the kernel's own build; not the compiler. */
async function partsOf(name: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const options = { env: { ...env, LC_ALL: 'C' } };
  const { stdout } = await run('apt-cache', ['depends', name], options).catch((error: Error) => {
    throw new NotUnpacked(error.message);
  });
  return Array.from(
    stdout.matchAll(/Depends: (linux-(?:headers|kbuild)-\S+)/g),
    ([, part = '']) => part,
  );
}

function headersIn(root: string, name: string): Headers | null {
  const sources = path.join(root, 'usr/src');
  if (!existsSync(sources)) return null;
  const common = readdirSync(sources).find((folder) => folder.endsWith(COMMON)) ?? '';
  const folder = path.join(sources, name);
  const makefile = path.join(sources, common, 'Makefile');
  const scripts = path.join(folder, 'scripts/Makefile.build');
  return [makefile, scripts].every((file) => existsSync(file)) ? { folder, makefile } : null;
}

/**
 * Builds the module of a folder with a Kbuild file.
 *
 * @param name without `.ko`
 * @param to the file
 * @throws Refusal ENVIRONMENT with what the compiler says
 */
async function buildModule(
  headers: Headers,
  sources: string,
  name: string,
  to: string,
): Promise<void> {
  const { folder, remove } = scratchFolder('module');
  try {
    cpSync(sources, folder, { recursive: true });
    const { folder: tree, makefile } = headers;
    const goal = [`M=${folder}`, 'modules'];
    const building = run('make', ['-s', '-C', tree, '-f', makefile, ...goal], {
      timeout: BUILD_SECONDS_MAX * 1000,
      maxBuffer: 16 << 20,
    });
    // It ends its compilers.
    endWithUs(building.child, 'SIGTERM');
    await building;
    cpSync(path.join(folder, `${name}.ko`), to);
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw fail('ENVIRONMENT', {
      what: `the module ${name} was not built: ${(stderr.trim() || message).slice(0, SAID_LENGTH_MAX)}`,
      remedy: 'a compiler as old as the kernel’s may help',
    });
  } finally {
    remove();
  }
}

/** A module of the lab's: a folder of `guestDir`. */
export interface GuestModule {
  readonly guestDir: string;
  readonly folder: string;
  readonly name: string;
}

/** Puts the module, built for the machine's kernel, and what finds its parameters into the root folder. */
export async function addModule(
  { guestDir, folder, name }: GuestModule,
  root: string,
  headers: Headers,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  await buildModule(headers, path.join(guestDir, folder), name, path.join(root, fileOf(name)));
  await compileGuest(path.join(guestDir, 'offsets.c'), path.join(root, 'offsets'), env);
}

/** In a script. Of a field that the kernel does not have, the offset is unknown to the module, and stderr says so. */
export function loadText(name: string): string {
  return `insmod /${fileOf(name)} $(/offsets /${fileOf(name)} /sys/kernel/btf)`;
}

function fileOf(name: string): string {
  return `modules/${name}.ko`;
}
