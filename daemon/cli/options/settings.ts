/** The flags that every verb has. */
import { existsSync } from 'node:fs';
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { printableFile } from '../../../corpus/vocabulary/printable.ts';
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

/**
 * Of a verb that only reads: a missing one is a slip of the keyboard, not an empty one.
 *
 * @throws Refusal NOTHING_FOUND
 */
export function existingDataDir({ dataDir }: Settings): string {
  if (existsSync(dataDir)) return dataDir;
  const what = `there is no data directory ${printableFile(dataDir)}`;
  throw fail('NOTHING_FOUND', { what, remedy: 'name the right one with --data-dir DIR' });
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
