/** `lab`: a real kernel with real DAX in qemu, and the models held against it. */
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { inputToJson } from '../../corpus/vocabulary/input-json.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { kindsPlayed } from '../../deploy/lab/conform/cases.ts';
import {
  type Conformed,
  Conformity,
  type Difference,
  type Play,
} from '../../deploy/lab/conform/conform.ts';
import { inMachine, onThisMachine } from '../../deploy/lab/conform/players.ts';
import {
  FILE_SYSTEM_NAMES,
  FILE_SYSTEMS,
  MOUNTED,
  mountScript,
} from '../../deploy/lab/file-systems.ts';
import { compileGuest } from '../../deploy/lab/guest-programs.ts';
import { compile } from '../../workers/model/compile.ts';
import { forceCommand } from './lab-force.ts';
import { bootMachine, GUEST_DIR, type MachineFlags, withMachine } from './lab-machine.ts';
import { conformPaths, traceCommand } from './lab-paths.ts';
import { givenModel } from './options/model-argument.ts';
import { parseCount, parseDuration } from './options/quantities.ts';
import {
  detail,
  progress,
  type Settings,
  settingsOf,
  withCommonOptions,
} from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';

const SCRIPT_MS = 600_000;
const OPERATIONS = 2000;
/** Of a file system without DAX. */
const MODEL_HERE = 'pagecache-invalidate-lock';
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
      const { machine } = await bootMachine(options as MachineFlags, settings);
      try {
        const { status, output } = await machine.run(text, options.time / 1000);
        const { release, bootSeconds } = machine;
        if (settings.isJson) sayDocument({ release, bootSeconds, status, output });
        else say(output.trimEnd());
        const why = whyItEnded(status, options.time / 1000);
        if (why !== null) progress(settings, why);
        detail(settings, `the console said:\n${machine.consoleText.trim()}`);
        endWith(status === 0 ? EXIT.done : EXIT.bad);
      } finally {
        machine.stop();
      }
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

function conformCommand(): CommandUnknownOpts {
  const command = new Command('conform')
    .description(
      'play random operations on a real file system and under a model; compare bytes and sizes after each. ' +
        'With REF: hold the paths of a model against what the kernel does',
    )
    .argument('[ref]', 'a model whose paths are compared, instead of bytes')
    .addOption(new Option('--fs <name>', 'the file system').choices(FILE_SYSTEM_NAMES))
    .option('--paths', 'compare paths of the models of 6.1, on each file system')
    .option('--traces <dir>', 'no machine: compare paths with the traces of a folder')
    .option('--model <ref>', 'what it is held against (default: the model of 6.1 as traced)')
    .addOption(
      new Option('--ops <n>', 'at least so many operations')
        .argParser(parseCount)
        .default(OPERATIONS),
    )
    .option('--here <dir>', 'no machine: the file system of a folder of this one, without DAX')
    .action(async (ref, { fs: given, model, ops, here, paths, traces, ...flags }, self) => {
      const settings = settingsOf(self);
      if (ref !== undefined || paths === true || traces !== undefined) {
        if (here !== undefined || model !== undefined)
          throw fail('USAGE', { what: '--here and --model are for bytes: type REF for paths' });
        await conformPaths(
          ref ?? null,
          given ?? null,
          traces ?? null,
          flags as MachineFlags,
          settings,
        );
        return;
      }
      const fs = given ?? 'ext4';
      const reference = model ?? (here === undefined ? FILE_SYSTEMS[fs].model : MODEL_HERE);
      const program = compile(givenModel(reference));
      const compare = (kinds: readonly OpKind[], play: Play): Promise<Conformed> =>
        new Conformity(kinds, program, play).compare(settings.rngSeed ?? 1, ops, (done) =>
          detail(settings, `${done} operations`),
        );
      if (here !== undefined) {
        requireFolder(here);
        const seen = await playHere(here, (play) => compare(kindsPlayed(false), play));
        report(seen, { fs: here, release: os.release(), model: reference }, settings);
        return;
      }
      const { machine } = await bootMachine(flags as MachineFlags, settings);
      try {
        const seen = await compare(kindsPlayed(FILE_SYSTEMS[fs].canShare), inMachine(machine, fs));
        report(seen, { fs, release: machine.release, model: reference }, settings);
      } finally {
        machine.stop();
      }
    });
  return withCommonOptions(withMachine(command));
}

function requireFolder(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (statSync(folder).isDirectory()) return;
  } catch {
    // Said below.
  }
  throw fail('USAGE', { what: `--here ${folder}: there is no such folder, or none to write to` });
}

async function playHere(
  folder: string,
  compare: (play: Play) => Promise<Conformed>,
): Promise<Conformed> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'faultline-play-'));
  try {
    const program = path.join(scratch, 'play');
    await compileGuest(path.join(GUEST_DIR, 'play'), program, process.env);
    return await compare(onThisMachine(program, folder));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Subject {
  readonly fs: string;
  readonly release: string;
  readonly model: string;
}

function report(seen: Conformed, subject: Subject, settings: Settings): void {
  if (settings.isJson) sayDocument(documentOf(seen, subject));
  else say(conformedText(seen, subject));
  const isBad = seen.differences.length > 0 || seen.splits.length > 0;
  endWith(isBad ? EXIT.bad : EXIT.done);
}

function documentOf(
  { cases, operations, refused, differences, splits, splitCases, explained }: Conformed,
  { fs, model, release }: Subject,
): Record<string, unknown> {
  const plain = (all: readonly Difference[]): readonly Record<string, unknown>[] =>
    all.map(({ input, op, kernel, simulator }) => ({
      input: inputToJson(input),
      op,
      kernel,
      simulator,
    }));
  return {
    release,
    fileSystem: fs,
    model,
    cases,
    operations,
    refused,
    differences: plain(differences),
    splits: plain(splits),
    splitCases,
    explained: Object.fromEntries(explained),
  };
}

function conformedText(seen: Conformed, { fs, model, release }: Subject): string {
  const { cases, operations, refused, differences, splits, splitCases, explained } = seen;
  const bad =
    differences.length === 0 ? 'no difference' : counted(differences.length, 'difference');
  return [
    `${fs} of Linux ${release} against ${model}: ${counted(operations, 'operation')} in ${counted(cases, 'case')}, ${bad}`,
    ...(refused === 0 ? [] : [`${counted(refused, 'operation')} the file system does not have`]),
    ...differences.flatMap((one) => [
      '',
      'the model says something else:',
      ...differenceLines(one),
    ]),
    ...[...explained].map(
      ([reason, count]) => `${counted(count, 'case')} differ, as they may: ${reason}`,
    ),
    ...(splitCases === 0
      ? []
      : [
          '',
          `in ${counted(splitCases, 'case')} the kernel contradicts itself: read(2) and a shared mapping show different bytes`,
        ]),
    ...splits.flatMap((one) => ['', 'read(2) and the mapping differ:', ...differenceLines(one)]),
  ].join('\n');
}

function differenceLines({ input, op, kernel, simulator }: Difference): readonly string[] {
  return [
    ...printInput(input)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    `  after operation ${op + 1}: RESULT, of each file SIZE:LINES by read(2), of each area its lines by ptes`,
    `  kernel    ${kernel}`,
    `  simulator ${simulator}`,
  ];
}
