/**
 * What the lab needs of this system: programs on the PATH, and a kernel image of Debian's, which is unpacked into the
 * cache and never installed.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeFolders } from '../../corpus/disk/atomic.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { NotUnpacked, onPath, unpackDebian } from '../../daemon/redis/debian-package.ts';
import { hasStaticLibc } from './guest-programs.ts';

/** Programs of the host, and the Debian package that has each. */
const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  busybox: 'busybox-static',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  gcc: 'gcc',
} as const;
type Program = keyof typeof PROGRAMS;
/** It depends on the image of the day. */
const META_PACKAGE = 'linux-image-amd64';
/** Where administrators' programs are, which are not on everybody's PATH. */
const SYSTEM_FOLDERS = '/usr/sbin:/sbin';

const run = promisify(execFile);

export interface KernelImage {
  readonly vmlinuz: string;
  /** With `modules.dep` in it. */
  readonly modules: string;
}

export type Programs = Readonly<Record<Program, string>>;

/** @throws Refusal ENVIRONMENT that names every package that is missing */
export async function findPrograms(env: NodeJS.ProcessEnv): Promise<Programs> {
  const folders = { ...env, PATH: `${env.PATH ?? ''}:${SYSTEM_FOLDERS}` };
  const names = Object.keys(PROGRAMS) as readonly Program[];
  const found = names.map((name) => [name, onPath(name, folders)] as const);
  const missing: string[] = found.filter(([, file]) => file === null).map(([name]) => name);
  const packages: string[] = names.filter((name) => missing.includes(name)).map((n) => PROGRAMS[n]);
  if (!missing.includes('gcc') && !(await hasStaticLibc())) {
    missing.push('libc.a');
    packages.push('libc6-dev');
  }
  if (missing.length > 0) {
    throw fail('ENVIRONMENT', {
      what: `the lab lacks ${missing.join(', ')}`,
      remedy: `type \`sudo apt-get install --no-install-recommends ${packages.join(' ')}\``,
    });
  }
  return Object.fromEntries(found) as Programs;
}

/**
 * One that was unpacked before, else the newest of Debian's.
 * @throws Refusal ENVIRONMENT if there is none and none is to be had
 */
export async function debianKernel(
  cacheDir: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<KernelImage> {
  makeFolders(cacheDir);
  const before = readdirSync(cacheDir)
    .filter((name) => name.startsWith('linux-image-'))
    .map((name) => imageIn(path.join(cacheDir, name)))
    .find((image) => image !== null);
  if (before !== undefined) return before;
  try {
    const works = async (root: string): Promise<boolean> => imageIn(root) !== null;
    const wanted = { package: await imageOfToday(env), withLibraries: false, works };
    const image = imageIn(await unpackDebian(wanted, { cacheDir, env, say }));
    if (image !== null) return image;
    throw new NotUnpacked(`${wanted.package} has no kernel`);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw fail('ENVIRONMENT', {
      what: `there is no kernel for the lab: ${error instanceof Error ? error.message : error}`,
      remedy: 'name one with --kernel VMLINUZ --modules FOLDER',
    });
  }
}

async function imageOfToday(env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run('apt-cache', ['depends', META_PACKAGE], {
    env: { ...env, LC_ALL: 'C' },
  });
  const name = /Depends: (linux-image-[\w.+-]+)/.exec(stdout)?.[1];
  if (name === undefined) throw new NotUnpacked(`apt knows no ${META_PACKAGE}; try apt-get update`);
  return name;
}

/** Of a tree with `boot/vmlinuz-VERSION` and `lib/modules/VERSION/kernel`. */
function imageIn(root: string): KernelImage | null {
  const boot = path.join(root, 'boot');
  if (!existsSync(boot)) return null;
  const name = readdirSync(boot).find((file) => file.startsWith('vmlinuz-'));
  if (name === undefined) return null;
  const modules = path.join(root, 'lib/modules', name.slice('vmlinuz-'.length));
  return existsSync(modules) ? { vmlinuz: path.join(boot, name), modules } : null;
}

/** @throws Refusal USAGE if either is not there */
export function givenKernel(vmlinuz: string, modules: string): KernelImage {
  const wanted = [
    ['--kernel', vmlinuz],
    ['--modules', path.join(modules, 'kernel')],
    ['--modules', path.join(modules, 'modules.builtin')],
  ] as const;
  for (const [flag, file] of wanted) {
    if (!existsSync(file)) throw fail('USAGE', { what: `${flag}: there is no ${file}` });
  }
  return { vmlinuz, modules };
}
