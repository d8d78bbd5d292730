/** The flags that say what a campaign is to do, for `up` and `daemon`; a campaign file says the same. */
import { availableParallelism } from 'node:os';
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { parseCount, parseDuration } from './quantities.ts';
import type { Settings } from './settings.ts';

const GROUP = 'Campaign options:';

/** What a command's `opts()` holds of them. */
export interface CampaignFlags {
  readonly model?: readonly string[];
  readonly runs?: number;
  readonly time?: number;
  readonly quietTime?: number;
  readonly campaign?: string;
  readonly takeOver?: boolean;
}

export function withCampaignOptions(command: CommandUnknownOpts): CommandUnknownOpts {
  const options = [
    new Option('--model <ref...>', 'fuzz these; all built-in models if none is named'),
    new Option('--time <duration>', 'end after so much fuzzing').argParser(parseDuration),
    new Option('--runs <n>', 'end after so many runs').argParser(parseCount),
    new Option('--quiet-time <duration>', 'end after so long without a new finding').argParser(
      parseDuration,
    ),
    new Option('--campaign <file>', 'all of this from a JSON file (daemon/README.md)'),
    new Option('--take-over', 'lead a Redis that another coordinator leads, which then ends'),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

/** The same flags again, for a process that does the work. */
export function campaignArgs(flags: CampaignFlags, { rngSeed }: Settings): readonly string[] {
  const { model, runs, time, quietTime, campaign, takeOver } = flags;
  return [
    ...(model === undefined ? [] : ['--model', ...model]),
    ...(runs === undefined ? [] : ['--runs', String(runs)]),
    ...(time === undefined ? [] : ['--time', `${time}ms`]),
    ...(quietTime === undefined ? [] : ['--quiet-time', `${quietTime}ms`]),
    ...(campaign === undefined ? [] : ['--campaign', campaign]),
    ...(takeOver === true ? ['--take-over'] : []),
    ...(rngSeed === undefined ? [] : ['--rng-seed', String(rngSeed)]),
  ];
}

export function jobsByDefault(): number {
  return availableParallelism();
}
