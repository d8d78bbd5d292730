/** What commands of `lab` share: the machine that they boot, how they are stopped, flags that do nothing. */
import path from 'node:path';
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { HeadersPlace } from '../../deploy/lab/headers.ts';
import { bootLab, type Lab } from '../../deploy/lab/lab.ts';
import type { Accelerator } from '../../deploy/lab/machine.ts';
import type { KernelImage } from '../../deploy/lab/packages.ts';
import { withRecorder } from '../../deploy/lab/paths/record.ts';
import { cacheFolder } from '../redis/redis-binary.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { progress, type Settings } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { onInterrupt } from './signals.ts';

const ACCELERATORS = ['kvm', 'tcg'] as const satisfies readonly Accelerator[];
export const PROCESSORS = 2;
export const GUEST_DIR: string = path.join(PACKAGE_ROOT, 'deploy/lab/guest');

export interface MachineFlags {
  readonly kernel?: string;
  readonly modules?: string;
  readonly accel?: Accelerator;
}

export function withMachine(command: CommandUnknownOpts): CommandUnknownOpts {
  return command
    .option(
      '--kernel <vmlinuz>',
      'a kernel of your own (default: Debian’s, unpacked into the cache)',
    )
    .option('--modules <dir>', 'its modules, as in /lib/modules/VERSION')
    .addOption(
      new Option(
        '--accel <name>',
        'kvm or tcg (default: KVM where a machine boots under it)',
      ).choices(ACCELERATORS),
    );
}

/** The first signal ends the program, and what it started with it: half of an answer is no verdict. */
export async function stoppable(settings: Settings, run: () => Promise<void>): Promise<void> {
  const release = onInterrupt(() => {
    progress(settings, 'stopped: there is no verdict');
    process.exit(EXIT.cannotJudge);
  });
  try {
    await run();
  } finally {
    release();
  }
}

/** @param flag as it is typed, `--kernel` */
export function isGiven(command: CommandUnknownOpts, flag: string): boolean {
  const option = command.options.find(({ long }) => long === flag);
  return option !== undefined && command.getOptionValueSource(option.attributeName()) === 'cli';
}

/** @throws Refusal USAGE for a flag that is given and does nothing beside another word */
export function refuseIdle(
  command: CommandUnknownOpts,
  beside: string,
  idle: readonly string[],
): void {
  const flags = idle.filter((flag) => isGiven(command, flag));
  if (flags.length === 0) return;
  const one = flags.length === 1;
  throw fail('USAGE', {
    what: `${flags.join(' and ')} ${one ? 'does' : 'do'} nothing beside ${beside}: leave ${one ? 'it' : 'them'} out`,
  });
}

/** @param hasRecorder with the module that records what the kernel does */
export async function bootMachine(
  flags: MachineFlags,
  settings: Settings,
  hasRecorder = false,
): Promise<Lab> {
  const bring = hasRecorder ? BRING_RECORDER : BRING_NOTHING;
  return await bootWith(flags, settings, bring, PROCESSORS);
}

/** What goes into the root folder, built for the kernel. */
export type Bring = (
  isDebians: boolean,
  place: HeadersPlace,
) => (root: string, image: KernelImage) => Promise<void>;
const BRING_NOTHING: Bring = () => async () => {};
const BRING_RECORDER: Bring = (isDebians, place) => withRecorder(GUEST_DIR, isDebians, place);

export async function bootWith(
  { kernel, modules, accel }: MachineFlags,
  settings: Settings,
  bring: Bring,
  processors: number,
): Promise<Lab> {
  if ((kernel === undefined) !== (modules === undefined)) {
    throw fail('USAGE', { what: '--kernel and --modules go together' });
  }
  const own = kernel === undefined || modules === undefined ? null : { vmlinuz: kernel, modules };
  const place = {
    cacheDir: path.join(cacheFolder(process.env, settings.dataDir), 'lab'),
    env: process.env,
    say: (line: string) => progress(settings, line),
  };
  const lab = await bootLab(
    { ...place, guestDir: GUEST_DIR, kernel: own, accelerator: accel ?? null, processors },
    bring(own === null, place),
  );
  const { release, bootSeconds } = lab.machine;
  progress(settings, `Linux ${release} came up in ${bootSeconds.toFixed(1)} s`);
  return lab;
}
