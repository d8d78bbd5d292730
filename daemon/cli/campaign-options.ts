/** The flags that say what a campaign is to do, for `up` and `daemon`; a campaign file says the same. */
import { availableParallelism } from 'node:os';
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import {
  canonicalReference,
  MODEL_NAMES,
  modelDigest,
  modelOf,
} from '../../workers/models/registry.ts';
import type { Wanted } from '../begin.ts';
import { type CampaignFile, readCampaignFile } from '../campaign-file.ts';
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
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

/** @throws Refusal for an unknown model or a file that does not fit */
export function wantedOf(flags: CampaignFlags, { rngSeed }: Settings): Wanted {
  const file: CampaignFile = flags.campaign === undefined ? {} : readCampaignFile(flags.campaign);
  const both = (['model', 'runs', 'time', 'quietTime'] as const).find(
    (name) => flags.campaign !== undefined && flags[name] !== undefined,
  );
  if (both !== undefined) {
    throw fail('USAGE', { what: `--${flagOf(both)} and --campaign both say what to do; give one` });
  }
  const { stop = {} } = file;
  return {
    models: pinsOf(flags.model ?? file.models ?? MODEL_NAMES),
    rngSeed: rngSeed ?? file.rngSeed,
    shares: file.shares,
    stop: {
      runs: flags.runs ?? stop.runs ?? null,
      milliseconds: flags.time ?? inMs(stop.seconds),
      quietMilliseconds: flags.quietTime ?? inMs(stop.quietSeconds),
    },
  };
}

/** The same flags again, for a process that does the work. */
export function campaignArgs(flags: CampaignFlags, { rngSeed }: Settings): readonly string[] {
  const { model, runs, time, quietTime, campaign } = flags;
  return [
    ...(model === undefined ? [] : ['--model', ...model]),
    ...(runs === undefined ? [] : ['--runs', String(runs)]),
    ...(time === undefined ? [] : ['--time', `${time}ms`]),
    ...(quietTime === undefined ? [] : ['--quiet-time', `${quietTime}ms`]),
    ...(campaign === undefined ? [] : ['--campaign', campaign]),
    ...(rngSeed === undefined ? [] : ['--rng-seed', String(rngSeed)]),
  ];
}

export function pinOf(reference: string): ModelPin {
  const model = modelOf(reference);
  return { reference: canonicalReference(model), digest: modelDigest(model) };
}

function pinsOf(references: readonly string[]): readonly ModelPin[] {
  const pins = new Map(references.map(pinOf).map((pin) => [pin.reference, pin]));
  return [...pins.values()];
}

export function jobsByDefault(): number {
  return availableParallelism();
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
