/** `lab force`: interleavings of findings, made to happen on a real kernel. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { findingId, shownId } from '../../corpus/vocabulary/finding.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { EXHAUSTIVE } from '../../corpus/vocabulary/messages.ts';
import { FILE_SYSTEM_NAMES, FILE_SYSTEMS } from '../../deploy/lab/file-systems.ts';
import {
  force,
  makeReady,
  type Outcome,
  planLines,
  type Ready,
  type Wanted,
  withGate,
} from '../../deploy/lab/force/force.ts';
import type { ForcedVerdict } from '../../deploy/lab/force/verdict.ts';
import {
  modelWithout,
  noticed,
  parseWithout,
  type Without,
} from '../../deploy/lab/force/without.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import { minimizedRecord } from '../../workers/reproduce/finding-record.ts';
import { nameInWords } from '../../workers/reproduce/naming.ts';
import { PROOF_STEPS_MAX } from '../../workers/reproduce/reproduce.ts';
import { Engine } from '../../workers/run/engine.ts';
import { exploreWithin } from '../../workers/search/preemption-bounded.ts';
import { countsOf } from '../../workers/search/sweep.ts';
import { engineDigest } from './identity.ts';
import {
  bootWith,
  GUEST_DIR,
  type MachineFlags,
  PROCESSORS,
  stoppable,
  withMachine,
} from './lab-machine.ts';
import { checkFits } from './options/fitting.ts';
import { givenModel, MODEL_FLAG } from './options/model-argument.ts';
import { recordedModel } from './options/repro-model.ts';
import {
  detail,
  progress,
  type Settings,
  settingsOf,
  withCommonOptions,
} from './options/settings.ts';
import { readSubject, SUBJECT_TEXT, type Subject } from './options/subject.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';

const STATES_MAX = 2_000_000;
const TESTS_MAX = 4000;
const HOW_FOUND = { rngSeed: null, batch: null, run: null, scheduler: EXHAUSTIVE } as const;

/** What is asked, beside the machine. */
interface Asked {
  readonly fileSystem: Wanted['fileSystem'];
  /** Of an input; the one of the file system if left out. */
  readonly model: string | null;
  readonly without: readonly Without[];
}

export function forceCommand(): CommandUnknownOpts {
  const command = new Command('force')
    .description('make the interleaving of a finding happen on a real kernel; exit 1 if it shows')
    .argument('<finding...>', SUBJECT_TEXT)
    .addOption(
      new Option('--fs <name>', 'the file system')
        .choices(FILE_SYSTEM_NAMES)
        .default('ext4' as const),
    )
    .option(MODEL_FLAG, 'an input is searched on this model (default: the one of the file system)')
    .option(
      '--without <what>',
      'take a lock or a call away, such as punch:invalidate_lock or punch:NAME(); repeat it',
      (text: string, before: readonly Without[]) => [...before, parseWithout(text)],
      [],
    )
    .action(async (files, { fs, model, without, ...flags }, self) => {
      const settings = settingsOf(self);
      const asked = { fileSystem: fs, model: model ?? null, without };
      const subjects: Subject[] = [];
      for (const file of files) subjects.push(await readSubject(file, settings.dataDir));
      refuseIdle(subjects, asked);
      const named = subjects.map((subject) => namedOf(subject, asked, settings));
      await stoppable(settings, async () => {
        endWith(await forceAll(named, flags as MachineFlags, settings));
      });
    });
  return withCommonOptions(withMachine(command));
}

/** Before anything is searched. @throws Refusal USAGE for a flag that does nothing */
function refuseIdle(subjects: readonly Subject[], { model, without }: Asked): void {
  const found = subjects.find(({ repro }) => repro !== null);
  if (model !== null && found !== undefined) {
    const what = `--model does nothing beside ${found.name}, which names its model: leave it out`;
    throw fail('USAGE', { what });
  }
  const idle = without.find((one) =>
    subjects.every(({ input }) => noticed(input, [one]).length === 0),
  );
  if (idle === undefined) return;
  const { op, name, isCall } = idle;
  const what = `--without ${op}:${name}${isCall ? '()' : ''} does nothing: no thread does ${op}`;
  throw fail('USAGE', { what });
}

interface Named {
  /** `B21 fsync skips an entry that is locked`. */
  readonly name: string;
  readonly wanted: Wanted;
}

/** A finding as it was found; an input is searched first, and what is found is kept. */
function namedOf(subject: Subject, asked: Asked, settings: Settings): Named {
  const { fileSystem } = asked;
  const { input, repro, name } = subject;
  const without = noticed(input, asked.without);
  if (repro !== null) {
    const model = recordedModel(repro, name);
    const { signature } = repro;
    return {
      name: nameInWords(signature, model),
      wanted: { input, larger: null, model, signature, fileSystem, without },
    };
  }
  const reference = asked.model ?? FILE_SYSTEMS[fileSystem].model;
  const model = modelWithout(givenModel(reference), without);
  checkFits(subject, model, reference);
  const found = search(model, input, name, settings);
  return {
    name: nameInWords(found.signature, model),
    wanted: { ...found, model, fileSystem, without },
  };
}

function search(
  model: Model,
  input: Input,
  name: string,
  settings: Settings,
): Pick<Wanted, 'input' | 'larger' | 'signature'> {
  const engine = new Engine(model);
  engine.load(input);
  const options = { ignored: [], onlyClass: null };
  const question = { statesMax: STATES_MAX, all: false, preemptions: null, ...options };
  const { violations } = exploreWithin(engine, input, { ...question, counts: countsOf(options) });
  const [first] = violations;
  if (first === undefined) {
    const what = `${name}: nothing goes wrong on ${canonicalReference(model)}, so there is nothing to force`;
    throw fail('NOTHING_FOUND', {
      what,
      remedy: 'name another file system with --fs, or another model with --model',
    });
  }
  const { signature, traced } = first;
  const seen = { model, signature, runsToFirst: null, origin: null, howFound: HOW_FOUND };
  const witness = { ...input, schedule: traced.schedule };
  const budget = { testsMax: TESTS_MAX, statesMax: PROOF_STEPS_MAX };
  const record = minimizedRecord(engine, { ...seen, engine: engineDigest() }, witness, budget);
  if (record === null) return { input: witness, larger: null, signature };
  const { finding } = new FindingStore(settings.dataDir).put(record);
  progress(settings, `${name} on ${canonicalReference(model)}: finding ${shownId(finding.id)}`);
  return { input: record.repro.input, larger: witness, signature };
}

interface Result {
  readonly id: string;
  readonly name: string;
  readonly fileSystem: string;
  readonly release: string;
  readonly ready: Ready | null;
  readonly outcome: Outcome;
}

/** One machine for all, and another one behind a program that did not end. */
async function forceAll(
  named: readonly Named[],
  flags: MachineFlags,
  settings: Settings,
): Promise<number> {
  const made = named.map(({ wanted }) => makeReady(wanted));
  const ready = made.flatMap((one) => ('cannot' in one ? [] : [one]));
  const threads = Math.max(PROCESSORS, ...ready.map(({ input }) => input.threads.length));
  const boot = (): ReturnType<typeof bootWith> =>
    bootWith(
      flags,
      settings,
      (isDebians, place) => withGate(ready, GUEST_DIR, isDebians, place),
      threads,
    );
  let lab = ready.length === 0 ? null : await boot();
  const results: Result[] = [];
  try {
    for (const [i, one] of made.entries()) {
      const { name, wanted } = named[i] as Named;
      const id = shownId(findingId(wanted.signature));
      const about = {
        id,
        name,
        fileSystem: wanted.fileSystem,
        release: lab?.machine.release ?? '',
      };
      if ('cannot' in one || lab === null) {
        const why = 'cannot' in one ? one.cannot : '';
        const verdict = { kind: 'cannot', why } as const;
        results.push({ ...about, ready: null, outcome: { verdict, log: '', readings: null } });
        continue;
      }
      const outcome = await force(lab.machine, one, ready.indexOf(one));
      results.push({ ...about, ready: one, outcome });
      if (!settings.isJson) say(textOf(results.at(-1) as Result));
      detail(settings, outcome.log);
      if (outcome.readings?.status !== 0 && i + 1 < made.length) {
        lab.machine.stop();
        lab = await boot();
      }
    }
  } finally {
    lab?.machine.stop();
  }
  if (settings.isJson) sayDocument({ forced: results.map(documentOf) });
  else for (const one of results) if (one.ready === null) say(textOf(one));
  return exitOf(results.map(({ outcome }) => outcome.verdict));
}

function exitOf(verdicts: readonly ForcedVerdict[]): number {
  if (verdicts.some(({ kind }) => kind === 'shown')) return EXIT.bad;
  return verdicts.some(({ kind }) => kind === 'cannot') ? EXIT.cannotJudge : EXIT.done;
}

function verdictText(verdict: ForcedVerdict): string {
  switch (verdict.kind) {
    case 'shown':
      return 'shown';
    case 'blocked':
      return `blocked at ${verdict.lock}`;
    case 'right':
      return 'not shown: every step came, and nothing is wrong';
    case 'cannot':
      return `cannot be forced: ${verdict.why}`;
  }
}

function textOf({ name, fileSystem, release, ready, outcome }: Result): string {
  const { verdict, readings } = outcome;
  const where = release === '' ? fileSystem : `${fileSystem} of Linux ${release}`;
  const done = readings?.done.length ?? 0;
  const steps = ready === null ? [] : planLines(ready.plan);
  return [
    `${name}`,
    `  ${where}: ${verdictText(verdict)}`,
    ...(verdict.kind === 'shown'
      ? verdict.differences.map(
          ({ what, kernel, expected }) => `  ${what}: ${kernel}; expected: ${expected}`,
        )
      : []),
    ...(verdict.kind === 'blocked' ? [`  what did not come: ${verdict.step}`] : []),
    ...(ready?.plan.moved ?? []).map((one) => `  ${one}`),
    ...[...(readings?.cuts ?? [])].map(
      ([cut, hits]) => `  without ${cut.replace(' ', ': ')}, ${counted(hits, 'time')}`,
    ),
    ...steps.map((step, i) => `  ${i < done ? 'done' : '-   '} ${step}`),
  ].join('\n');
}

function documentOf({
  id,
  name,
  fileSystem,
  release,
  ready,
  outcome,
}: Result): Record<string, unknown> {
  const { verdict, log, readings } = outcome;
  return {
    id,
    name,
    fileSystem,
    release,
    ...verdict,
    verdict: verdictText(verdict),
    steps: ready === null ? [] : planLines(ready.plan),
    done: readings?.done.length ?? 0,
    moved: ready?.plan.moved ?? [],
    columns: ready?.columns ?? '',
    log,
  };
}
