/** `lab`: a real kernel with real DAX in qemu, and the models held against it. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { FILE_SYSTEM_NAMES, MOUNTED, mountScript } from '../../deploy/lab/file-systems.ts';
import { conformCommand } from './lab-conform.ts';
import { forceCommand } from './lab-force.ts';
import { bootMachine, type MachineFlags, stoppable, withMachine } from './lab-machine.ts';
import { traceCommand } from './lab-paths.ts';
import { parseDuration } from './options/quantities.ts';
import { detail, progress, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';

const SCRIPT_MS = 600_000;
/** What `lab boot` does without a script: each file system is made, and the kernel says how it is mounted. */
const SMOKE = FILE_SYSTEM_NAMES.map(
  (name) => `${mountScript(name)}grep ${MOUNTED} /proc/mounts\n`,
).join('');

export function labCommand(): CommandUnknownOpts {
  return new Command('lab')
    .description('a real Linux with real DAX in qemu, and the models held against it')
    .addCommand(bootCommand())
    .addCommand(conformCommand())
    .addCommand(traceCommand())
    .addCommand(forceCommand())
    .helpOption('-h, --help', 'show this help');
}

function bootCommand(): CommandUnknownOpts {
  const command = new Command('boot')
    .description(
      'boot the machine and run a shell script in it (default: make and mount each file system)',
    )
    .argument('[script]', 'a file with the script')
    .addOption(
      new Option('--time <duration>', 'the script may take so long, by the guest’s clock')
        .argParser(parseDuration)
        .default(SCRIPT_MS, '10m'),
    )
    .action(async (script, options, self) => {
      const settings = settingsOf(self);
      const text = script === undefined ? SMOKE : readNamed(script);
      const seconds = options.time / 1000;
      await stoppable(settings, async () => {
        const { machine } = await bootMachine(options as MachineFlags, settings);
        try {
          const lines = new Lines(say);
          const hear = settings.isJson ? undefined : (part: string): void => lines.take(part);
          const { status, output } = await machine.run(text, seconds, hear);
          lines.end();
          const { release, bootSeconds } = machine;
          if (settings.isJson) sayDocument({ release, bootSeconds, status, output });
          const why = whyItEnded(status, seconds);
          if (why !== null) progress(settings, why);
          detail(settings, `the console said:\n${machine.consoleText.trim()}`);
          endWith(status === 0 ? EXIT.done : EXIT.bad);
        } finally {
          machine.stop();
        }
      });
    });
  return withCommonOptions(withMachine(command));
}

const TIME_IS_UP = 124;
const SIGNALLED = 128;

/** Null where the script did well. */
function whyItEnded(status: number, seconds: number): string | null {
  if (status === 0) return null;
  if (status === TIME_IS_UP)
    return `the script had ${seconds} s, and they were up; --time gives it more`;
  if (status > SIGNALLED) return `signal ${status - SIGNALLED} ended the script`;
  return `the script ended with ${status}`;
}

/** What comes in parts, handed on in lines. */
class Lines {
  private readonly hear: (line: string) => void;
  private begun = '';

  constructor(hear: (line: string) => void) {
    this.hear = hear;
  }

  take(part: string): void {
    const end = part.lastIndexOf('\n');
    if (end < 0) {
      this.begun += part;
      return;
    }
    this.hear(this.begun + part.slice(0, end));
    this.begun = part.slice(end + 1);
  }

  end(): void {
    if (this.begun !== '') this.hear(this.begun);
  }
}
