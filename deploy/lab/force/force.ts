/** Runs of the simulator that are made to happen in a machine of the lab: planned, compiled, run under the gate, judged. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { classOfSignature, type ViolationClass } from '../../../corpus/vocabulary/verdict.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import type { Program } from '../../../workers/kernel/program.ts';
import { compile } from '../../../workers/model/compile.ts';
import { modelOf } from '../../../workers/models/registry.ts';
import { subjectOn } from '../../../workers/reproduce/naming.ts';
import { Engine, type Traced, violationsOf } from '../../../workers/run/engine.ts';
import { renderC } from '../../../workers/views/c/program.ts';
import { lacksOfSetup } from '../../../workers/views/c/setup.ts';
import { renderColumns } from '../../../workers/views/columns.ts';
import { scratchFolder } from '../ends-with-us.ts';
import { FILE_SYSTEMS, type FileSystemName, MOUNTED, mountScript } from '../file-systems.ts';
import { compileGuest } from '../guest-programs.ts';
import { addModule, type HeadersPlace, headersOf, loadText } from '../headers.ts';
import type { Machine } from '../machine.ts';
import type { KernelImage } from '../packages.ts';
import { type Outcomes, outcomesOf, stretchesOf } from './outcomes.ts';
import { gateText, type Planned, planOf } from './plan.ts';
import { type Readings, readingsOf, STATUS_MARK } from './readings.ts';
import {
  type Forced,
  type ForcedVerdict,
  HANGS,
  verdictOf,
  visibleDifferences,
} from './verdict.ts';
import { Player } from './visible.ts';
import { cutText, type Without } from './without.ts';

/** A finding, and where it is to happen. */
export interface Wanted {
  readonly input: Input;
  /** What it was minimized from: a model may know that something is wrong before a user sees it. */
  readonly larger: Input | null;
  readonly model: Model;
  readonly signature: string;
  readonly fileSystem: FileSystemName;
  readonly without: readonly Without[];
}

/** Made ready: nothing of it needs a machine. */
export interface Ready extends Forced {
  readonly fileSystem: FileSystemName;
  readonly steps: string;
  readonly cuts: string;
  /** In C. */
  readonly program: string;
  /** The run, drawn. */
  readonly columns: string;
}

export interface Outcome {
  readonly verdict: ForcedVerdict;
  /** What program, gate and kernel said. */
  readonly log: string;
  /** Null where nothing was run. */
  readonly readings: Readings | null;
}

/** Calls of dax_flush and the end of the program say it. */
const INVISIBLE: readonly (ViolationClass | null)[] = ['durability', ...HANGS];
/** What neither a reader of bytes, sizes and results nor a count of flushes can tell: no verdict is one. */
const UNSEEN: Readonly<Partial<Record<ViolationClass, string>>> = {
  'crash-exposure': 'nothing fails the power of this machine',
  'pte-after-revoke': 'nothing takes the device away',
  'pinned-block': 'no device writes into pinned pages',
  'block-accounting': 'the allocator is not looked at',
  'bad-release': 'the kernel is not asked who holds which lock',
  'lock-leak': 'the kernel is not asked who holds which lock',
  'lock-missing': 'the kernel is not asked who holds which lock',
  'lock-order': 'an order of locks that does no harm in this run shows nothing',
  'page-table': 'page tables are not looked at',
  'cache-structure': 'the page cache is not looked at',
};
const MODULE = 'faultline_gate';
const GATE = '/proc/faultline-gate';
const PROGRAMS = 'force';
/** The free blocks hold a deleted file: what is not zeroed shows. */
const LEAVE_DATA = `/play ${MOUNTED} </dev/null\n`;
/** By the guest's clock; the gate gives up before. */
const SECONDS_A_RUN = 120;
/** What the kernel says of what it did not like. */
const KERNEL_SAID =
  'dmesg | tail -n 40 | grep -E "faultline_gate: no|WARNING|BUG|RIP:|blocked for more"';

export function makeReady(wanted: Wanted): Ready | { readonly cannot: string } {
  const { model, signature, fileSystem, without } = wanted;
  const unseen = UNSEEN[classOfSignature(signature) ?? 'durability'];
  if (unseen !== undefined) return { cannot: `what the finding shows: ${unseen}` };
  const engine = new Engine(model);
  const right = compile(modelOf(FILE_SYSTEMS[fileSystem].repaired));
  const [input, outcomes] = visibleInput(engine, wanted, right);
  engine.load(input);
  const plan = planOf(engine, input, signature, fileSystem);
  if ('cannot' in plan) return plan;
  const subject = subjectOn(model, input, signature);
  const program = renderC(input, { model, run: plan.run, subject });
  if ('lacks' in program) return { cannot: `the workload, because ${program.lacks}` };
  return {
    input,
    signature,
    plan,
    outcomes,
    fileSystem,
    steps: gateText(plan.steps),
    cuts: cutText(input, without, fileSystem),
    program: program.text,
    columns: renderColumns(model, input, plan.run, subject),
  };
}

/**
 * The first of the finding's workloads, with a run of it, that leaves something to see; where none does, the first that a
 * program can have.
 */
function visibleInput(
  engine: Engine,
  wanted: Wanted,
  right: Program,
): readonly [Input, Outcomes | null] {
  const { input, larger, signature } = wanted;
  const all = [input, ...(larger === null ? [] : [larger])];
  const makeable = all.filter(({ setup }) => lacksOfSetup(setup) === null);
  const own = makeable[0] ?? input;
  if (INVISIBLE.includes(classOfSignature(signature))) return [own, outcomesOf(right, own)];
  for (const one of makeable) {
    const outcomes = outcomesOf(right, one);
    const schedule = visibleSchedule(engine, { ...wanted, input: one }, outcomes);
    if (schedule !== null) return [{ ...one, schedule }, outcomes];
  }
  return [own, outcomesOf(right, own)];
}

function visibleSchedule(
  engine: Engine,
  { input, signature, fileSystem }: Wanted,
  outcomes: Outcomes | null,
): Input['schedule'] | null {
  engine.load(input);
  const player = new Player(engine.program, input);
  const isSeen = (): boolean =>
    visibleDifferences({ input, outcomes }, player.visible()).length > 0;
  const isIt = (run: Traced): boolean =>
    violationsOf(run).some((one) => one.signature === signature);
  const own = engine.trace(input.schedule);
  player.play(own.rows.map(({ thread }) => [thread, 1]));
  if (isSeen() && isIt(own)) return input.schedule;
  for (const stretches of stretchesOf(player, input)) {
    const choices = player.play(stretches);
    if (!isSeen()) continue;
    const run = engine.traceChoices(choices);
    const { schedule } = run;
    const isHeld = (): boolean =>
      'steps' in planOf(engine, { ...input, schedule }, signature, fileSystem);
    if (isIt(run) && isHeld()) return schedule;
  }
  return null;
}

/** For `bootLab`: puts the module, built for its kernel, and the programs into the root folder. */
export function withGate(
  all: readonly Ready[],
  guestDir: string,
  isDebians: boolean,
  place: HeadersPlace,
): (root: string, image: KernelImage) => Promise<void> {
  return async (root, image) => {
    const { folder, remove } = scratchFolder('gate');
    try {
      const headers = await headersOf(image, isDebians, place);
      await addModule({ guestDir, folder: 'gate', name: MODULE }, root, headers, place.env);
      mkdirSync(path.join(root, PROGRAMS));
      for (const [i, { program }] of all.entries()) {
        const source = path.join(folder, `${i}.c`);
        writeFileSync(source, program);
        await compileGuest(source, path.join(root, PROGRAMS, String(i)), place.env);
      }
    } finally {
      remove();
    }
  };
}

/** @param number of `ready` among those that the machine was booted with */
export async function force(machine: Machine, ready: Ready, number: number): Promise<Outcome> {
  const { output, status } = await machine.run(scriptOf(ready, number), SECONDS_A_RUN);
  const readings = readingsOf(output);
  const seen = Number.isNaN(readings.status) ? { ...readings, status } : readings;
  return { verdict: verdictOf(ready, seen), log: output.trim(), readings: seen };
}

function scriptOf({ fileSystem, steps, cuts }: Ready, number: number): string {
  const isGated = steps !== '' || cuts !== '';
  const load = `${loadText(MODULE)} 'steps=${steps}' 'without=${cuts}' || { ${KERNEL_SAID}; exit 1; }\n`;
  return [
    mountScript(fileSystem),
    LEAVE_DATA,
    'dmesg -c >/dev/null\n',
    isGated ? load : '',
    `/${PROGRAMS}/${number} ${MOUNTED}; echo ${STATUS_MARK} $?\n`,
    isGated ? `cat ${GATE}\nrmmod ${MODULE}\n` : '',
    `${KERNEL_SAID}\n`,
    'true\n',
  ].join('');
}

/** What a person reads of the plan: a line a step. */
export function planLines({ steps }: Planned): readonly string[] {
  const texts = gateText(steps).split(',');
  return steps.map(({ says }, i) => `${(texts[i] ?? '').padEnd(34)} ${says}`);
}
