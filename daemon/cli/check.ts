/** `check`: every interleaving of a workload; the gravest that goes wrong, or what was verified. */
import { availableParallelism } from 'node:os';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { type BitCoverage, exploreBits } from '../../workers/search/bit-search.ts';
import type { Crew } from '../../workers/search/crew.ts';
import type { SearchProgress } from '../../workers/search/exhaustive.ts';
import { exploreWithin } from '../../workers/search/preemption-bounded.ts';
import { countsOf } from '../../workers/search/sweep.ts';
import { SearchThreads } from '../../workers/service/search-threads.ts';
import { checkUniverse } from './check-universe.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { checkFits } from './options/fitting.ts';
import {
  BISECT_FLAG,
  BISECT_FLAG_TEXT,
  givenModel,
  MODEL_FLAG,
  MODEL_FLAG_TEXT,
} from './options/model-argument.ts';
import {
  addRow,
  parseBitstate,
  parseClass,
  parseCount,
  parseJobs,
  parsePreemptions,
} from './options/quantities.ts';
import {
  detail,
  progress,
  type Settings,
  settingsOf,
  withCommonOptions,
} from './options/settings.ts';
import { readSubject, SUBJECT_TEXT } from './options/subject.ts';
import {
  isUniverse,
  type UniverseFlags,
  universeOf,
  universeWords,
} from './options/universe-options.ts';
import {
  type Bitstate,
  EXIT_OF,
  HINTS_INCONCLUSIVE,
  keep,
  type Outcome,
  rankOf,
  type Shown,
  sayOutcome,
} from './output/check-outcome.ts';
import { sayOtherEngines } from './output/other-engines.ts';
import { commandOn, counted, quoted } from './output/render-finding.ts';
import { endWith, note, say, sayDocument } from './output/terminal.ts';

/** States a workload: some seconds of one core. */
const STATES_DEFAULT = 2_000_000;
/** The worst of them is that of several workloads. */
const VERDICTS = ['violation', 'inconclusive', 'unproven'] as const;
const MB = 1 << 20;
/** Between two lines of progress. */
const PROGRESS_MS = 2000;

interface Named {
  readonly name: string;
  readonly workload: Workload;
}

/** What is asked, of whichever workloads. */
interface Asked {
  readonly statesMax: number;
  readonly all: boolean;
  /** The most preemptions of an interleaving; null for all interleavings. */
  readonly preemptions: number | null;
  /** Rows of the catalogue that are passed by. */
  readonly ignored: readonly string[];
  /** The one class that is asked for. */
  readonly onlyClass: string | null;
  /** As it was given. */
  readonly model: string;
}

interface Options extends Asked {
  /** Every seed of the package, which show together what the model is expected to show. */
  readonly areSeeds: boolean;
  /** Seeds with an operation that the model lacks. */
  readonly leftOut: number;
  /** Threads that search one workload together. */
  readonly jobs: number;
  /** Megabytes for bits of states, in place of the states. */
  readonly bitstate: number | null;
}

export function checkCommand(): CommandUnknownOpts {
  const command = new Command('check')
    .description('search every interleaving; the gravest that goes wrong, or what was verified')
    .argument('[file]', `${SUBJECT_TEXT}; every seed of the package if left out`)
    .requiredOption(MODEL_FLAG, MODEL_FLAG_TEXT)
    .option('--states <n>', 'states a workload may take', parseCount, STATES_DEFAULT)
    .option('--all', 'every distinct finding, not only the gravest')
    .option('--preemptions <n>', 'interleavings with up to n preemptions (all)', parsePreemptions)
    .option('--ignore <row>', 'pass by a row of the catalogue, such as B12; repeat it', addRow, [])
    .option('--class <class>', 'ask for one class of violation only', parseClass)
    .option('--threads <n>', 'in place of a file: all workloads of 1 to n threads (2)', parseCount)
    .option('--ops <n>', 'of 1 to n operations a thread (2)', parseCount)
    .option('--pages <n>', 'on files of n pages, in every state (1)', parseCount)
    .option('--files <n>', 'on n files (1)', parseCount)
    .option('--lines <n>', 'lines of a page that are accessed, 1 or 2 (1)', parseCount)
    .option('--operations <list>', 'of these, such as load,store (all that the model has)')
    .option('--mappings <list>', 'mapped shared, private or sync (shared)')
    .option('--jobs <n>', 'threads that search; the answer is the same (all cores)', parseJobs)
    .option(
      '--bitstate <mb>',
      'keep three bits a state, in so many MB; proves nothing',
      parseBitstate,
    )
    .option(BISECT_FLAG, BISECT_FLAG_TEXT)
    .action(async (file, flags, self) => {
      const settings = settingsOf(self);
      const model = givenModel(flags.model, flags.bisect === true);
      const asked = {
        statesMax: flags.states,
        all: flags.all === true,
        preemptions: flags.preemptions ?? null,
        model: flags.model,
        ignored: flags.ignore,
        onlyClass: flags.class ?? null,
      };
      refuseWithBitstate(flags);
      if (isUniverse(flags)) {
        refuseBoth(file);
        endWith(await checkAsStated(model, flags, asked, settings));
        return;
      }
      const { workloads, leftOut } = await workloadsOf(file, model, flags.model, settings);
      const jobs = flags.jobs ?? availableParallelism();
      const bitstate = flags.bitstate ?? null;
      const isUnlimited = bitstate !== null && self.getOptionValueSource('states') === 'default';
      const statesMax = isUnlimited ? Number.POSITIVE_INFINITY : flags.states;
      const areSeeds = file === undefined;
      const options = { ...asked, statesMax, areSeeds, leftOut, jobs, bitstate };
      endWith(check(model, workloads, options, settings));
    });
  return withCommonOptions(command);
}

function refuseWithBitstate(
  flags: UniverseFlags & {
    readonly jobs?: number | undefined;
    readonly bitstate?: number | undefined;
    readonly preemptions?: number | undefined;
  },
): void {
  if (flags.bitstate === undefined) return;
  let what: string | null = null;
  if (flags.jobs !== undefined) what = '--bitstate searches on one thread; leave out --jobs';
  if (flags.preemptions !== undefined)
    what = '--bitstate searches every interleaving; leave out --preemptions';
  if (isUniverse(flags))
    what = '--bitstate is for a file or the seeds; leave out --threads, --ops and the like';
  if (what !== null) throw fail('USAGE', { what });
}

function refuseBoth(file: string | undefined): void {
  if (file === undefined) return;
  const what = `${printable(file)} and --threads, --ops, --pages say two things to search; leave out one`;
  throw fail('USAGE', { what });
}

async function checkAsStated(
  model: Model,
  flags: UniverseFlags & { readonly jobs?: number | undefined },
  asked: Asked,
  settings: Settings,
): Promise<number> {
  const engine = new Engine(model);
  const universe = universeOf(flags, engine, canonicalReference(model));
  const jobs = flags.jobs ?? availableParallelism();
  const options = { ...asked, jobs, command: checkOf(universeWords(flags), asked, settings) };
  return await checkUniverse(model, engine, universe, options, settings);
}

async function workloadsOf(
  file: string | undefined,
  model: Model,
  reference: string,
  settings: Settings,
): Promise<{ readonly workloads: readonly Named[]; readonly leftOut: number }> {
  if (file === undefined) {
    const engine = new Engine(model);
    const seeds = readSeeds(PACKAGE_ROOT);
    const workloads = seeds
      .filter(({ input }) => engine.lackingIn(input) === null)
      .map(({ name, input }) => ({ name, workload: input }));
    return { workloads, leftOut: seeds.length - workloads.length };
  }
  const subject = await readSubject(file, settings.dataDir);
  checkFits(subject, model, reference);
  return { workloads: [{ name: subject.name, workload: subject.input }], leftOut: 0 };
}

function check(
  model: Model,
  workloads: readonly Named[],
  options: Options,
  settings: Settings,
): number {
  const reference = canonicalReference(model);
  const many = counted(workloads.length, 'workload');
  const limit =
    options.bitstate === null
      ? ` of up to ${options.statesMax} states`
      : `, three bits a state in ${options.bitstate} MB`;
  progress(settings, `check: ${reference}, ${many}${limit}`);
  sayOtherEngines(settings);
  const startedMs = performance.now();
  const crew = new SearchThreads(model, options.jobs);
  const outcome = checkAll(model, workloads, options, crew, settings);
  crew.close();
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const shown = options.all ? outcome.findings : outcome.findings.slice(0, 1);
  const { preemptions } = options;
  if (settings.isJson) {
    const findings = shown.map(({ finding }) => finding);
    const notSeen = notSeenIn(outcome, model, options);
    const others = outcome.findings.slice(shown.length).map(({ finding }) => finding.signature);
    const { leftOut } = options;
    sayDocument({
      ...outcome,
      preemptions,
      leftOut,
      model: reference,
      seconds,
      findings,
      others,
      notSeen,
    });
  } else {
    sayOutcome(outcome, shown, { reference, preemptions, seconds }, settings);
    const notSeen = notSeenIn(outcome, model, options) ?? [];
    if (options.leftOut > 0) {
      say(`left out, for operations that the model lacks: ${counted(options.leftOut, 'seed')}`);
    }
    if (notSeen.length > 0) say(`expected of the model and not seen: ${notSeen.join(' ')}`);
  }
  if (outcome.verdict === 'inconclusive') {
    progress(settings, HINTS_INCONCLUSIVE[outcome.cutBy ?? 'states']);
  }
  return EXIT_OF[outcome.verdict];
}

/** Rows that the model is expected to show; null where not all seeds were searched, or not for everything. */
function notSeenIn(
  { verdict, findings }: Outcome,
  { expect }: Model,
  { areSeeds, all, preemptions, ignored, onlyClass }: Options,
): readonly string[] | null {
  const isForAll = ignored.length === 0 && onlyClass === null && preemptions === null;
  if (!areSeeds || !isForAll || (verdict === 'violation' && !all)) return null;
  const seen = findings.map(({ finding: { known, looksLike } }) => known ?? looksLike);
  return expect.find.filter((row) => !seen.includes(row));
}

/** One workload after another, until the first that goes wrong or through all of them. */
function checkAll(
  model: Model,
  workloads: readonly Named[],
  options: Options,
  crew: Crew,
  settings: Settings,
): Outcome {
  const engine = new Engine(model);
  const findings = new Map<string, Shown>();
  const ignored = new Set<string>();
  const contradictions = new Set<string>();
  const counts = countsOf(options);
  let isComplete = true;
  let cutBy: Outcome['cutBy'] = null;
  const verdicts: Outcome['verdict'][] = [];
  const coverages: BitCoverage[] = [];
  let states = 0;
  let transitions = 0;
  let depth = 0;
  for (const { name, workload } of workloads) {
    const said = searchProgress(settings, name);
    const sought = { ...options, counts };
    const found =
      options.bitstate === null
        ? exploreWithin(engine, workload, sought, said, crew)
        : exploreBits(engine, workload, sought, options.bitstate * MB, said);
    if ('bits' in found) coverages.push(found.bits);
    for (const one of engine.judge.contradictions) contradictions.add(one);
    detail(settings, `${name}: ${found.verdict}, ${found.states} states`);
    for (const shown of keep(
      engine,
      model,
      workload,
      found.violations,
      settings,
      checkOf([quoted(name)], options, settings),
    )) {
      findings.set(shown.finding.id, shown);
    }
    // Minimizing has run other operations.
    engine.judge.contradictions.clear();
    for (const signature of found.ignored) ignored.add(signature);
    isComplete = isComplete && found.isComplete;
    cutBy ??= found.cutBy;
    states += found.states;
    transitions += found.transitions;
    depth = Math.max(depth, found.depth);
    verdicts.push(found.verdict);
    if (found.verdict === 'violation' && !options.all) break;
  }
  for (const said of [...contradictions].sort()) {
    note(`${model.name} breaks its documented order: ${said}`);
  }
  const worst = VERDICTS.find((one) => verdicts.includes(one));
  const numbers = { states, transitions, depth, workloads: verdicts.length };
  const kept = [...findings.values()].sort((a, b) => rankOf(a) - rankOf(b));
  const isWhole = isComplete && verdicts.length === workloads.length;
  return {
    verdict: worst ?? 'verified',
    ...numbers,
    findings: kept,
    ignored: [...ignored].sort(),
    isComplete: isWhole,
    cutBy,
    ...(options.bitstate === null ? {} : { bitstate: bitstateOf(options.bitstate, coverages) }),
  };
}

function bitstateOf(megabytes: number, coverages: readonly BitCoverage[]): Bitstate {
  return {
    megabytes,
    hashFactor: Math.min(...coverages.map(({ hashFactor }) => hashFactor)),
    fill: Math.max(...coverages.map(({ fill }) => fill)),
    missed: coverages.reduce((sum, { missed }) => sum + missed, 0),
  };
}

/** On a terminal, a line every two seconds while one workload is searched. */
function searchProgress(settings: Settings, name: string): SearchProgress {
  const beginMs = performance.now();
  let saidMs = beginMs;
  return (states, depth, queued) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < PROGRESS_MS || !process.stderr.isTTY) return;
    saidMs = nowMs;
    const rate = Math.round(states / (nowMs - beginMs));
    progress(settings, `${name}: ${states} states, ${rate} k/s, depth ${depth}, queued ${queued}`);
  };
}

/** The command that does it once more. */
function checkOf(
  what: readonly string[],
  asked: Asked & Partial<Options>,
  { dataDir }: Settings,
): string {
  const { model, statesMax, all, preemptions, ignored, onlyClass, bitstate = null } = asked;
  const words = [...what, '--model', quoted(model)];
  if (bitstate !== null) words.push('--bitstate', `${bitstate}`);
  if (statesMax !== STATES_DEFAULT && statesMax !== Number.POSITIVE_INFINITY)
    words.push('--states', `${statesMax}`);
  if (all) words.push('--all');
  if (preemptions !== null) words.push('--preemptions', `${preemptions}`);
  for (const row of ignored) words.push('--ignore', row);
  if (onlyClass !== null) words.push('--class', onlyClass);
  return commandOn(`check ${words.join(' ')}`, dataDir);
}
