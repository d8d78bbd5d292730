/** The flags that every verb has. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { note } from '../output/terminal.ts';
import { parseRngSeed } from './quantities.ts';

export interface Settings {
  /** One JSON document on stdout, nothing else there. */
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly dataDir: string;
  /** As given: a verb that needs one and got none draws it and says so. */
  readonly rngSeed: number | undefined;
}

const DATA_DIR_DEFAULT = '.faultline';
const DATA_DIR_VARIABLE = 'FAULTLINE_DATA_DIR';
const GROUP = 'Common options:';

/** Called last, so that help shows a verb's own options first. */
export function withCommonOptions(command: CommandUnknownOpts): CommandUnknownOpts {
  const options = [
    new Option('--json', 'print one JSON document on stdout'),
    new Option('--rng-seed <n>', 'the number that everything random comes from').argParser(
      parseRngSeed,
    ),
    new Option(
      '--data-dir <dir>',
      `where findings are kept (${DATA_DIR_VARIABLE}, else ${DATA_DIR_DEFAULT})`,
    ),
    new Option('-q, --quiet', 'no progress on stderr'),
    new Option('-v, --verbose', 'more on stderr'),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command.helpOption('-h, --help', 'show this help');
}

export function settingsOf(command: CommandUnknownOpts): Settings {
  const { json, quiet, verbose, dataDir, rngSeed } = command.opts();
  return {
    isJson: json === true,
    isQuiet: quiet === true,
    isVerbose: verbose === true,
    dataDir: typeof dataDir === 'string' ? dataDir : dataDirByDefault(),
    rngSeed: typeof rngSeed === 'number' ? rngSeed : undefined,
  };
}

/** What goes without a flag; commands that people are to repeat need not name it. */
export function dataDirByDefault(): string {
  return process.env[DATA_DIR_VARIABLE] || DATA_DIR_DEFAULT;
}

export function progress({ isQuiet }: Settings, text: string): void {
  if (!isQuiet) note(`faultline: ${text}`);
}

export function detail({ isVerbose, isQuiet }: Settings, text: string): void {
  if (isVerbose && !isQuiet) note(`faultline: ${text}`);
}
