/**
 * The root folder that a machine of the lab starts from: busybox, the kernel modules that it needs in the order in which
 * they load, programs with their libraries, and the lab's own.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, constants as gzip } from 'node:zlib';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { compileGuest } from './guest-programs.ts';
import type { KernelImage, Programs } from './packages.ts';

const run = promisify(execFile);
/** A persistent memory device made of RAM, and both file systems. */
const MODULES = ['nd_pmem', 'nd_e820', 'crc32c_generic', 'ext4', 'xfs'];
/** `libnvdimm` finds it by name when it first sees a device: nothing depends on it. */
const BEFORE_PMEM = ['libnvdimm', 'nd_btt'];
const TOOLS = ['mkfs.ext4', 'mkfs.xfs'] as const;
/** Compiled for the guest: each a file of `guest/`, or a folder. */
const OURS = { agent: 'agent.c', play: 'play' } as const;

/** @param guestDir the lab's sources for the guest */
export async function makeRoot(
  root: string,
  image: KernelImage,
  programs: Programs,
  guestDir: string,
): Promise<void> {
  for (const folder of ['bin', 'modules', 'dev', 'proc'])
    mkdirSync(path.join(root, folder), { recursive: true });
  cpSync(programs.busybox, path.join(root, 'bin/busybox'));
  const order = inLoadOrder(image);
  for (const file of order) cpSync(file, path.join(root, 'modules', path.basename(file)));
  writeFileSync(
    path.join(root, 'modules/order'),
    order.map((file) => `${path.basename(file)}\n`).join(''),
  );
  for (const tool of TOOLS)
    await copyWithLibraries(programs[tool], path.join(root, 'bin', tool), root);
  for (const [program, source] of Object.entries(OURS))
    await compileGuest(path.join(guestDir, source), path.join(root, program), process.env);
  cpSync(path.join(guestDir, 'init'), path.join(root, 'init'));
  chmodSync(path.join(root, 'init'), 0o755);
}

/** Each module behind those that it names; what is built into the kernel has no file. */
function inLoadOrder({ modules }: KernelImage): readonly string[] {
  const files = new Map<string, string>();
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.ko')) continue;
    files.set(
      entry.name.slice(0, -3).replaceAll('-', '_'),
      path.join(entry.parentPath, entry.name),
    );
  }
  const builtIn = readFileSync(path.join(modules, 'modules.builtin'), 'utf8').replaceAll('-', '_');
  const order = new Set<string>();
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined) {
      if (builtIn.includes(`/${name}.ko`)) return;
      throw fail('ENVIRONMENT', {
        what: `the kernel has no module ${name} in ${modules}`,
        remedy:
          'name a kernel with persistent memory, ext4 and XFS: --kernel VMLINUZ --modules FOLDER',
      });
    }
    for (const other of dependsOf(file)) add(other);
    order.add(file);
  };
  for (const name of [...BEFORE_PMEM, ...MODULES]) add(name);
  return [...order];
}

/** As the module itself names them: an unpacked package has no `modules.dep`. */
function dependsOf(file: string): readonly string[] {
  const names = /\0depends=([\w,-]*)\0/.exec(readFileSync(file, 'latin1'))?.[1] ?? '';
  return names
    .split(',')
    .filter((name) => name !== '')
    .map((name) => name.replaceAll('-', '_'));
}

async function copyWithLibraries(program: string, to: string, root: string): Promise<void> {
  cpSync(program, to, { dereference: true });
  const { stdout } = await run('ldd', [program]);
  for (const [, library] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    if (library === undefined) continue;
    cpSync(library, path.join(root, library), { dereference: true, recursive: true });
  }
}

/** The folder as the kernel unpacks it: a cpio archive, compressed. */
export async function pack(root: string, file: string, busybox: string): Promise<void> {
  const names = ['.', ...(readdirSync(root, { recursive: true }) as string[])];
  const cpio = spawn(busybox, ['cpio', '-o', '-H', 'newc'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const over = once(cpio, 'close');
  cpio.stdin.end(`${names.join('\n')}\n`);
  await pipeline(cpio.stdout, createGzip({ level: gzip.Z_BEST_SPEED }), createWriteStream(file));
  await over;
}
