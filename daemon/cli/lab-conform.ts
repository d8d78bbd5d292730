/** `lab conform`: random operations on a real file system and under a model; with REF, paths of a model against traces. */
import os from 'node:os';
import path from 'node:path';
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { inputToJson } from '../../corpus/vocabulary/input-json.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import {
  type Conformed,
  Conformity,
  type Real,
  type Shrunk,
} from '../../deploy/lab/conform/conform.ts';
import { inMachine, onThisMachine } from '../../deploy/lab/conform/players.ts';
import { scratchFolder } from '../../deploy/lab/ends-with-us.ts';
import {
  FILE_SYSTEM_NAMES,
  FILE_SYSTEMS,
  type FileSystemName,
} from '../../deploy/lab/file-systems.ts';
import { compileGuest } from '../../deploy/lab/guest-programs.ts';
import type { Program } from '../../workers/kernel/program.ts';
import { compile } from '../../workers/model/compile.ts';
import {
  bootMachine,
  GUEST_DIR,
  isGiven,
  type MachineFlags,
  refuseIdle,
  stoppable,
  withMachine,
} from './lab-machine.ts';
import { conformPaths } from './lab-paths.ts';
import { givenModel } from './options/model-argument.ts';
import { parseCount } from './options/quantities.ts';
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

const OPERATIONS = 2000;
/** Of a file system without DAX. */
const MODEL_HERE = 'pagecache-invalidate-lock';

export function conformCommand(): CommandUnknownOpts {
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
    .action(async (ref, { fs, model, ops, here, traces, paths, ...flags }, self) => {
      const settings = settingsOf(self);
      refuseIdleFlags(self, ref);
      const machineFlags = flags as MachineFlags;
      await stoppable(settings, async () => {
        if (ref !== undefined || paths === true || traces !== undefined) {
          const asked = { reference: ref ?? null, given: fs ?? null, folder: traces ?? null };
          await conformPaths(asked, machineFlags, settings);
        } else if (here !== undefined) {
          await conformHere(here, { model: model ?? MODEL_HERE, ops }, settings);
        } else {
          const name = fs ?? 'ext4';
          const asked = { model: model ?? FILE_SYSTEMS[name].model, ops };
          await conformInMachine(name, asked, machineFlags, settings);
        }
      });
    });
  return withCommonOptions(withMachine(command));
}

/** What does nothing beside one of them. */
const IDLE: Readonly<Record<string, readonly string[]>> = {
  REF: ['--paths', '--model', '--ops', '--here'],
  '--paths': ['--model', '--ops', '--here'],
  '--traces': ['--paths', '--model', '--ops', '--here', '--kernel', '--modules', '--accel'],
  '--here': ['--fs', '--kernel', '--modules', '--accel'],
};

function refuseIdleFlags(command: CommandUnknownOpts, ref: string | undefined): void {
  for (const [word, idle] of Object.entries(IDLE)) {
    if (word === 'REF' ? ref !== undefined : isGiven(command, word))
      refuseIdle(command, word, idle);
  }
}

interface Asked {
  readonly model: string;
  readonly ops: number;
}

async function conformInMachine(
  fs: FileSystemName,
  asked: Asked,
  flags: MachineFlags,
  settings: Settings,
): Promise<void> {
  const program = compile(givenModel(asked.model));
  const { machine } = await bootMachine(flags, settings);
  try {
    const seen = await compared(inMachine(machine, fs), program, asked.ops, settings);
    report(seen, { fs, release: machine.release, model: asked.model }, settings);
  } finally {
    machine.stop();
  }
}

async function conformHere(folder: string, asked: Asked, settings: Settings): Promise<void> {
  const program = compile(givenModel(asked.model));
  requireFolder(folder);
  const scratch = scratchFolder('play');
  try {
    const play = path.join(scratch.folder, 'play');
    await compileGuest(path.join(GUEST_DIR, 'play'), play, process.env);
    const seen = await compared(onThisMachine(play, folder), program, asked.ops, settings);
    report(seen, { fs: folder, release: os.release(), model: asked.model }, settings);
  } finally {
    scratch.remove();
  }
}

function requireFolder(folder: string): void {
  try {
    scratchFolder('play', folder).remove();
  } catch {
    throw fail('USAGE', {
      what: `--here ${folder}: there is no such folder, or none to make a folder in`,
    });
  }
}

function compared(
  real: Real,
  program: Program,
  operations: number,
  settings: Settings,
): Promise<Conformed> {
  return new Conformity(real, program).compare(settings.rngSeed ?? 1, operations, {
    played: (done) => detail(settings, `${counted(done, 'operation')} so far`),
    shrinking: (number, of, kind) =>
      progress(settings, `shrinking difference ${number} of ${of}: ${kind}`),
  });
}

interface Subject {
  readonly fs: string;
  readonly release: string;
  readonly model: string;
}

function report(seen: Conformed, subject: Subject, settings: Settings): void {
  if (settings.isJson) sayDocument(documentOf(seen, subject));
  else say(conformedText(seen, subject));
  endWith(exitOf(seen));
}

function exitOf(seen: Conformed): number {
  if (seen.differences.length > 0 || seen.splits.length > 0) return EXIT.bad;
  return isTooLittle(seen) ? EXIT.cannotJudge : EXIT.done;
}

/** Most of what was drawn stands behind an operation that the file system does not have. */
function isTooLittle({ compared, operations }: Conformed): boolean {
  return compared * 2 < operations;
}

function documentOf(
  { differences, splits, explained, ...counts }: Conformed,
  { fs, model, release }: Subject,
): Record<string, unknown> {
  const plain = (all: readonly Shrunk[]): readonly Record<string, unknown>[] =>
    all.map(({ input, op, kernel, simulator, isSmallest }) => ({
      input: inputToJson(input),
      op,
      kernel,
      simulator,
      isSmallest,
    }));
  return {
    release,
    fileSystem: fs,
    model,
    ...counts,
    differences: plain(differences),
    splits: plain(splits),
    explained: Object.fromEntries(explained),
  };
}

function conformedText(seen: Conformed, { fs, model, release }: Subject): string {
  const { cases, operations, differences, splits, explained, notShrunk } = seen;
  const bad =
    differences.length === 0 ? 'no difference' : counted(differences.length, 'difference');
  return [
    `${fs} of Linux ${release} against ${model}: ${counted(operations, 'operation')} in ${counted(cases, 'case')}, ${bad}`,
    ...refusedLines(seen),
    ...differences.flatMap((one) => [
      '',
      'the model says something else:',
      ...differenceLines(one),
    ]),
    ...[...explained].map(
      ([reason, count]) =>
        `${counted(count, 'case')} ${count === 1 ? 'differs, as it' : 'differ, as they'} may: ${reason}`,
    ),
    ...splitLines(seen),
    ...splits.flatMap((one) => ['', 'read(2) and the mapping differ:', ...differenceLines(one)]),
    ...(notShrunk.length === 0 ? [] : ['', `not shrunk, and not shown: ${notShrunk.join(', ')}`]),
  ].join('\n');
}

function refusedLines(seen: Conformed): readonly string[] {
  const { operations, refused, compared } = seen;
  if (refused === 0) return [];
  const lacking = `${counted(refused, 'operation')} the file system does not have (EOPNOTSUPP), each the end of its case`;
  const left = `${compared} of ${counted(operations, 'operation')} were compared`;
  return [
    `${lacking}: ${left}`,
    ...(isTooLittle(seen) ? ['SKIPPED: fewer than half of them say nothing of the model'] : []),
  ];
}

function splitLines({ splitCases }: Conformed): readonly string[] {
  if (splitCases === 0) return [];
  const where = `in ${counted(splitCases, 'case')} the kernel contradicts itself`;
  return ['', `${where}: read(2) and a shared mapping show different bytes`];
}

function differenceLines({ input, op, kernel, simulator, isSmallest }: Shrunk): readonly string[] {
  return [
    ...printInput(input)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    ...(isSmallest ? [] : ['  a smaller one may show it: so many candidates were played']),
    `  after operation ${op + 1}: RESULT, of each file SIZE:LINES by read(2), of each area its lines by ptes`,
    `  kernel    ${kernel}`,
    `  simulator ${simulator}`,
  ];
}
