/** `lab trace`: what a real kernel does in an operation. `lab conform REF`: the paths of a model held against that. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { FILE_SYSTEM_NAMES, type FileSystemName } from '../../deploy/lab/file-systems.ts';
import type { Machine } from '../../deploy/lab/machine.ts';
import {
  comparePaths,
  type PathDifference,
  type PathsConformed,
  type Traced,
} from '../../deploy/lab/paths/compare.ts';
import { everyPlayed, nameOf, readTraces, writeTraces } from '../../deploy/lab/paths/folder.ts';
import { PATH_MODELS, type Played } from '../../deploy/lab/paths/operations.ts';
import { type Recorded, record } from '../../deploy/lab/paths/record.ts';
import { compile } from '../../workers/model/compile.ts';
import { bootMachine, type MachineFlags, stoppable, withMachine } from './lab-machine.ts';
import { givenModel } from './options/model-argument.ts';
import { detail, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';

/** Of what both sides have before they part, so much is shown. */
const SHOWN_BEFORE = 3;

export function traceCommand(): CommandUnknownOpts {
  const command = new Command('trace')
    .description(
      'record what a real kernel does in an operation: locks, handles, entries, unmaps, flushes, and what becomes of the page',
    )
    .argument('[operation]', 'such as punch (default: every one)')
    .argument('[state]', 'of the page, such as dirty (default: every one)')
    .addOption(
      new Option('--fs <name>', 'the file system (default: every one)').choices(FILE_SYSTEM_NAMES),
    )
    .option('--dest <dir>', 'write DIR/FILE-SYSTEM/OPERATION-STATE.txt')
    .action(async (operation, state, { fs, dest, ...flags }, self) => {
      const settings = settingsOf(self);
      const wanted = wantedOn(fs === undefined ? FILE_SYSTEM_NAMES : [fs], operation, state);
      await stoppable(settings, () => {
        return traceAll(wanted, dest ?? null, flags as MachineFlags, settings);
      });
    });
  return withCommonOptions(withMachine(command));
}

type Wanted = readonly (readonly [FileSystemName, readonly Played[]])[];

/** @param dest a folder for them; null: they are said */
async function traceAll(
  wanted: Wanted,
  dest: string | null,
  flags: MachineFlags,
  settings: Settings,
): Promise<void> {
  const { machine } = await bootMachine(flags, settings, true);
  try {
    const documents: Record<string, unknown>[] = [];
    for (const [fileSystem, played] of wanted) {
      const traces = await recordTold(machine, fileSystem, played, settings);
      if (dest !== null) writeTraces(dest, fileSystem, traces);
      if (settings.isJson) documents.push(...traces.map((one) => traceDocument(fileSystem, one)));
      else if (dest === null) sayTraces(fileSystem, traces);
      else say(`${fileSystem}: ${counted(traces.length, 'trace')} in ${dest}/${fileSystem}`);
    }
    if (settings.isJson) sayDocument(documents);
  } finally {
    machine.stop();
  }
}

/** @throws Refusal USAGE if there is none such on any of them */
function wantedOn(
  fileSystems: readonly FileSystemName[],
  operation: string | undefined,
  state: string | undefined,
): Wanted {
  const every = fileSystems.map((fs) => [fs, everyPlayed(fs)] as const);
  const wanted = every.map(([fs, played]) => {
    const isWanted = ([op, of]: Played): boolean =>
      (operation === undefined || op === operation) && (state === undefined || of === state);
    return [fs, played.filter(isWanted)] as const;
  });
  const found = wanted.filter(([, played]) => played.length > 0);
  if (found.length > 0) return found;
  const all = every.flatMap(([, played]) => played);
  const ofOperation = all.filter(([op]) => op === operation);
  const known = new Set(
    ofOperation.length > 0 ? ofOperation.map(([, of]) => of) : all.map(([op]) => op),
  );
  const what =
    ofOperation.length > 0
      ? `${operation} is not recorded on a page that is ${state}; states: ${[...known].join(', ')}`
      : `no operation is called ${operation}; operations: ${[...known].join(', ')}`;
  throw fail('USAGE', { what });
}

async function recordTold(
  machine: Machine,
  fileSystem: FileSystemName,
  played: readonly Played[],
  settings: Settings,
): Promise<readonly Recorded[]> {
  const { traces, lacking } = await record(machine, fileSystem, played);
  if (lacking.length > 0) detail(settings, `the kernel does not have ${lacking.join(', ')}`);
  return traces;
}

function traceDocument(
  fileSystem: FileSystemName,
  { played: [operation, state], trace }: Recorded,
): Record<string, unknown> {
  return { fileSystem, operation, state, ...trace };
}

function sayTraces(fileSystem: FileSystemName, traces: readonly Recorded[]): void {
  for (const { played, trace } of traces) {
    say([`# ${fileSystem} ${nameOf(played)}`, trace.head, ...trace.events, ''].join('\n'));
  }
}

/** Which paths are compared, and with what. */
interface Asked {
  /** Null: of each file system the model of 6.1. */
  readonly reference: string | null;
  /** Null: the file system that the model is of. */
  readonly given: FileSystemName | null;
  /** With traces; null: they are recorded now. */
  readonly folder: string | null;
}

export async function conformPaths(
  { reference, given, folder }: Asked,
  flags: MachineFlags,
  settings: Settings,
): Promise<void> {
  const fileSystems = fileSystemsOf(reference, given);
  const pairs = fileSystems.map((fs) => [fs, reference ?? PATH_MODELS[fs]] as const);
  const programs = new Map(pairs.map(([fs, ref]) => [fs, compile(givenModel(ref))]));
  const machine = folder === null ? (await bootMachine(flags, settings, true)).machine : null;
  let differing = 0;
  try {
    for (const [fs, model] of pairs) {
      const program = programs.get(fs);
      if (program === undefined) continue;
      const traces = await tracesOf(machine, folder, fs, settings);
      const seen = comparePaths(program, fs, traces);
      const subject = {
        fs,
        model,
        kernel: machine === null ? `${folder}` : `Linux ${machine.release}`,
      };
      differing += seen.differences.length;
      if (settings.isJson) sayDocument(documentOf(seen, subject));
      else say(pathsText(seen, subject));
    }
  } finally {
    machine?.stop();
  }
  endWith(differing === 0 ? EXIT.done : EXIT.bad);
}

function fileSystemsOf(
  reference: string | null,
  given: FileSystemName | null,
): readonly FileSystemName[] {
  if (given !== null) return [given];
  if (reference === null) return FILE_SYSTEM_NAMES;
  const exact = FILE_SYSTEM_NAMES.filter((fs) => PATH_MODELS[fs] === reference);
  const name = reference.split(':')[0];
  const such = FILE_SYSTEM_NAMES.filter((fs) => PATH_MODELS[fs].split(':')[0] === name);
  return [exact[0] ?? such[0] ?? FILE_SYSTEM_NAMES[0] ?? 'ext4'];
}

async function tracesOf(
  machine: Machine | null,
  folder: string | null,
  fs: FileSystemName,
  settings: Settings,
): Promise<readonly Traced[]> {
  if (machine === null) return readTraces(folder ?? '', fs);
  const recorded = await recordTold(machine, fs, everyPlayed(fs), settings);
  return recorded.map(({ played, trace }) => ({ played, events: trace.events }));
}

interface Subject {
  readonly fs: FileSystemName;
  readonly model: string;
  readonly kernel: string;
}

function documentOf(
  { compared, differences, notCompared }: PathsConformed,
  { fs, model, kernel }: Subject,
): Record<string, unknown> {
  return {
    kernel,
    fileSystem: fs,
    model,
    compared,
    differences,
    notCompared: Object.fromEntries(notCompared),
  };
}

function pathsText(
  { compared, differences, notCompared }: PathsConformed,
  { fs, model, kernel }: Subject,
): string {
  const count =
    differences.length === 0 ? 'no difference' : counted(differences.length, 'difference');
  return [
    `${fs} of ${kernel} against ${model}: ${counted(compared, 'path')}, ${count}`,
    ...differences.flatMap((one) => ['', ...differenceLines(one)]),
    ...[...notCompared].map(([reason, many]) => `${many} not compared: ${reason}`),
  ].join('\n');
}

function differenceLines({ played, before, kernel, model }: PathDifference): readonly string[] {
  const [operation, state] = played;
  const left = before.length - SHOWN_BEFORE;
  return [
    `${operation} of a page that is ${state}:`,
    ...(left > 0 ? [`  ${counted(left, 'event')} that both have, then`] : []),
    ...before.slice(-SHOWN_BEFORE).map((event) => `  both    ${event}`),
    `  kernel  ${sideText(kernel)}`,
    `  model   ${sideText(model)}`,
  ];
}

function sideText(side: PathDifference['kernel']): string {
  if (side === null) return 'nothing more';
  return side.own === null || side.own === side.event
    ? side.event
    : `${side.event}   (${side.own})`;
}
