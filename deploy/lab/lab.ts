/** A booted machine and what it was made of: packages, root folder, accelerator. */
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { scratchFolder } from './ends-with-us.ts';
import { makeRoot, pack } from './initramfs.ts';
import { type Accelerator, Machine } from './machine.ts';
import {
  debianKernel,
  findPrograms,
  givenKernel,
  type KernelImage,
  type Programs,
} from './packages.ts';

export interface LabOptions {
  readonly cacheDir: string;
  /** The lab's sources for the guest. */
  readonly guestDir: string;
  /** A kernel of the user's: `--kernel`, `--modules`. */
  readonly kernel: { readonly vmlinuz: string; readonly modules: string } | null;
  readonly accelerator: Accelerator | null;
  readonly processors: number;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

export interface Lab {
  readonly machine: Machine;
  readonly programs: Programs;
}

const KVM = '/dev/kvm';
/** In the cache: KVM is there, and no machine comes up under it. */
const KVM_FAILS = 'kvm-does-not-boot';

/**
 * @param addTo puts more into the root folder
 * @throws Refusal ENVIRONMENT that says what is missing
 */
export async function bootLab(
  options: LabOptions,
  addTo: (root: string, image: KernelImage, programs: Programs) => Promise<void> = async () => {},
): Promise<Lab> {
  const { cacheDir, env, say, kernel, guestDir, processors } = options;
  const programs = await findPrograms(env);
  const image =
    kernel === null
      ? await debianKernel(cacheDir, env, say)
      : givenKernel(kernel.vmlinuz, kernel.modules);
  const { folder, remove } = scratchFolder('initramfs');
  try {
    const root = path.join(folder, 'root');
    await makeRoot(root, image, programs, guestDir);
    await addTo(root, image, programs);
    const initramfs = path.join(folder, 'initramfs.gz');
    await pack(root, initramfs, programs.busybox);
    const { 'qemu-system-x86_64': qemu, setpriv } = programs;
    const { vmlinuz } = image;
    const start = (accelerator: Accelerator): Promise<Machine> =>
      Machine.boot({ qemu, setpriv, vmlinuz, initramfs, accelerator, processors });
    return { machine: await withAccelerator(options, start), programs };
  } finally {
    remove();
  }
}

/** KVM where it works. A host that has the device and cannot run a guest is told apart once. */
async function withAccelerator(
  { accelerator, cacheDir, say }: LabOptions,
  start: (accelerator: Accelerator) => Promise<Machine>,
): Promise<Machine> {
  if (accelerator !== null) return await start(accelerator);
  const failed = path.join(cacheDir, KVM_FAILS);
  if (!isUsable(KVM) || existsSync(failed)) return await start('tcg');
  try {
    return await start('kvm');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(`no machine comes up under KVM (${error.message}); the lab goes on without`);
    writeFileSync(failed, '');
    return await start('tcg');
  }
}

function isUsable(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
