/** `check`: every interleaving of a workload; the gravest that goes wrong, or what was verified. */
import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
} from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { CATALOGUE, rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { type Finding, MARK_WIDTH, markOf } from '../../corpus/vocabulary/finding.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { EXHAUSTIVE } from '../../corpus/vocabulary/messages.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import {
  isViolationClass,
  VIOLATION_CLASSES,
  type Violation,
  type ViolationClass,
} from '../../corpus/vocabulary/verdict.ts';
import { Engine } from '../../workers/execute.ts';
import { type Exploration, explore, type SearchProgress } from '../../workers/explore.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { drawnRecord, minimizedRecord } from '../../workers/minimized.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import { PROOF_STEPS_MAX } from '../../workers/reproduce.ts';
import { EXIT } from './endings.ts';
import { checkFits } from './fitting.ts';
import { engineDigest } from './identity.ts';
import { PACKAGE_ROOT } from './installation.ts';
import {
  BISECT_FLAG,
  BISECT_FLAG_TEXT,
  givenModel,
  MODEL_FLAG,
  MODEL_FLAG_TEXT,
} from './model-argument.ts';
import { sayOtherEngines } from './other-engines.ts';
import { parseCount } from './quantities.ts';
import { counted, quoted, renderFinding } from './render-finding.ts';
import { detail, progress, type Settings, settingsOf, withCommonOptions } from './settings.ts';
import { readSubject, SUBJECT_TEXT } from './subject.ts';
import { endWith, note, say, sayDocument } from './terminal.ts';

/** States a workload: some seconds of one core. */
const STATES_DEFAULT = 2_000_000;
/** Between two lines of progress. */
const PROGRESS_MS = 2000;
const HINTS_INCONCLUSIVE = {
  states: 'there are more states; --states allows for them',
  room: "an interleaving takes more than the simulator's own room: pages, blocks, nested locks",
  liveness: 'states that nothing may lead out of are too many to tell',
} as const;
const EXIT_OF = {
  verified: EXIT.done,
  violation: EXIT.bad,
  inconclusive: EXIT.cannotJudge,
} as const;

const HOW_FOUND = { rngSeed: null, batch: null, run: null, scheduler: EXHAUSTIVE } as const;
/** Of one minimization; a tenth of a second, nearly always. */
const BUDGET = { testsMax: 4000, statesMax: PROOF_STEPS_MAX };

interface Named {
  readonly name: string;
  readonly workload: Workload;
}

interface Options {
  readonly statesMax: number;
  /** Every seed of the package, which show together what the model is expected to show. */
  readonly areSeeds: boolean;
  /** Seeds with an operation that the model lacks. */
  readonly leftOut: number;
  readonly all: boolean;
  /** Rows of the catalogue that are passed by. */
  readonly ignored: readonly string[];
  /** The one class that is asked for. */
  readonly onlyClass: string | null;
  /** As it was given. */
  readonly model: string;
}

interface Outcome {
  readonly verdict: Exploration['verdict'];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly workloads: number;
  readonly findings: readonly Shown[];
  /** Signatures that were met and passed by. */
  readonly ignored: readonly string[];
  /** Every state of these workloads was seen: there is no other finding. */
  readonly isComplete: boolean;
  readonly cutBy: Exploration['cutBy'];
}

/** The run that was found here, also where a better repro of the same finding was kept. */
interface Shown {
  readonly finding: Finding;
  readonly columns: string;
  /** Where the repro that was kept is of another model, what shows this one again: its replay may say `fixed`. */
  readonly again: string | undefined;
}

export function checkCommand(): CommandUnknownOpts {
  const command = new Command('check')
    .description('search every interleaving; the gravest that goes wrong, or what was verified')
    .argument('[file]', `${SUBJECT_TEXT}; every seed of the package if left out`)
    .requiredOption(MODEL_FLAG, MODEL_FLAG_TEXT)
    .option('--states <n>', 'states a workload may take', parseCount, STATES_DEFAULT)
    .option('--all', 'every distinct finding, not only the gravest')
    .option('--ignore <row>', 'pass by a row of the catalogue, such as B12; repeat it', addRow, [])
    .option('--class <class>', 'ask for one class of violation only', parseClass)
    .option(BISECT_FLAG, BISECT_FLAG_TEXT)
    .action(async (file, flags, self) => {
      const { model: reference, states, all, bisect, ignore: ignored } = flags;
      const settings = settingsOf(self);
      const model = givenModel(reference, bisect === true);
      const { workloads, leftOut } = await workloadsOf(file, model, reference, settings);
      const options = {
        statesMax: states,
        areSeeds: file === undefined,
        leftOut,
        all: all === true,
        model: reference,
        ignored,
        onlyClass: flags.class ?? null,
      };
      endWith(check(model, workloads, options, settings));
    });
  return withCommonOptions(command);
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
  progress(settings, `check: ${reference}, ${many} of up to ${options.statesMax} states`);
  sayOtherEngines(settings);
  const startedMs = performance.now();
  const outcome = checkAll(model, workloads, options, settings);
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const shown = options.all ? outcome.findings : outcome.findings.slice(0, 1);
  if (settings.isJson) {
    const findings = shown.map(({ finding }) => finding);
    const notSeen = notSeenIn(outcome, model, options);
    const others = outcome.findings.slice(shown.length).map(({ finding }) => finding.signature);
    const { leftOut } = options;
    sayDocument({ ...outcome, leftOut, model: reference, seconds, findings, others, notSeen });
  } else {
    sayOutcome(outcome, shown, reference, seconds, settings);
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
  { areSeeds, all, ignored, onlyClass }: Options,
): readonly string[] | null {
  const isForAll = ignored.length === 0 && onlyClass === null;
  if (!areSeeds || !isForAll || (verdict === 'violation' && !all)) return null;
  const seen = findings.map(({ finding: { known, looksLike } }) => known ?? looksLike);
  return expect.find.filter((row) => !seen.includes(row));
}

function sayOutcome(
  outcome: Outcome,
  shown: readonly Shown[],
  reference: string,
  seconds: number,
  { dataDir }: Settings,
): void {
  for (const { finding, columns, again } of shown) {
    say(`${renderFinding(finding, columns, dataDir, again)}\n`);
  }
  for (const line of restLines(outcome, shown)) say(line);
  const { verdict, states, transitions, depth, workloads } = outcome;
  const searched = `${counted(states, 'state')}, ${counted(transitions, 'transition')}, depth ${depth}`;
  say(`${verdict}: ${counted(workloads, 'workload')} on ${reference}, ${searched}, ${seconds} s`);
}

/** What was found and is not shown, what was passed by, and whether there may be more. */
function restLines(outcome: Outcome, shown: readonly Shown[]): readonly string[] {
  const { findings, ignored, isComplete, verdict } = outcome;
  const more = findings.slice(shown.length).map(({ finding }) => {
    return `  ${markOf(finding).padEnd(MARK_WIDTH)} ${finding.signature}`;
  });
  return [
    ...(more.length === 0 ? [] : ['also, shown by --all:', ...more]),
    ...(ignored.length === 0 ? [] : ['ignored:', ...ignored.map((one) => `  ${one}`)]),
    ...(verdict !== 'violation' || isComplete ? [] : ['more may exist: --all searches to the end']),
  ];
}

/** One workload after another, until the first that goes wrong or through all of them. */
function checkAll(
  model: Model,
  workloads: readonly Named[],
  options: Options,
  settings: Settings,
): Outcome {
  const engine = new Engine(model);
  const findings = new Map<string, Shown>();
  const ignored = new Set<string>();
  const contradictions = new Set<string>();
  const counts = countsOf(options);
  let isComplete = true;
  let cutBy: Exploration['cutBy'] = null;
  const verdicts: Exploration['verdict'][] = [];
  let states = 0;
  let transitions = 0;
  let depth = 0;
  for (const { name, workload } of workloads) {
    const found = explore(engine, workload, { ...options, counts }, searchProgress(settings, name));
    for (const said of engine.judge.contradictions) contradictions.add(said);
    detail(settings, `${name}: ${found.verdict}, ${found.states} states`);
    for (const shown of keep(engine, model, workload, found, settings, checkOf(name, options))) {
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
  const worst = (['violation', 'inconclusive'] as const).find((one) => verdicts.includes(one));
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
  };
}

function rankOf({ finding }: Shown): number {
  return VIOLATION_CLASSES[finding.class].rank;
}

function countsOf({ ignored, onlyClass }: Options): (violation: Violation) => boolean {
  return ({ signature, class: its }) =>
    (onlyClass === null || its === onlyClass) && !ignored.includes(rowOf(signature)?.id ?? '');
}

/** On a terminal, a line every two seconds while one workload is searched. */
function searchProgress(settings: Settings, name: string): SearchProgress {
  const beginMs = performance.now();
  let saidMs = beginMs;
  return (states, depth, frontier) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < PROGRESS_MS || !process.stderr.isTTY) return;
    saidMs = nowMs;
    const rate = Math.round(states / (nowMs - beginMs));
    progress(
      settings,
      `${name}: ${states} states, ${rate} k/s, depth ${depth}, frontier ${frontier}`,
    );
  };
}

/** The command that does it once more for one workload. */
function checkOf(name: string, { model, statesMax, all, ignored, onlyClass }: Options): string {
  const words = [quoted(name), '--model', quoted(model)];
  if (statesMax !== STATES_DEFAULT) words.push('--states', `${statesMax}`);
  if (all) words.push('--all');
  for (const row of ignored) words.push('--ignore', row);
  if (onlyClass !== null) words.push('--class', onlyClass);
  return `faultline check ${words.join(' ')}`;
}

function addRow(row: string, rows: readonly string[]): string[] {
  const known = CATALOGUE.map(({ id }) => id);
  if (known.includes(row)) return [...rows, row];
  throw new InvalidArgumentError(
    `The catalogue has no row ${printable(row)}${nearestHint(row, known)}.`,
  );
}

function parseClass(name: string): ViolationClass {
  if (isViolationClass(name)) return name;
  const known = Object.keys(VIOLATION_CLASSES);
  throw new InvalidArgumentError(
    `There is no class ${printable(name)}; there are ${known.join(', ')}.`,
  );
}

function keep(
  engine: Engine,
  model: Model,
  workload: Workload,
  found: Exploration,
  { dataDir }: Settings,
  check: string,
): readonly Shown[] {
  const store = new FindingStore(dataDir);
  return found.violations.map(({ signature, traced }) => {
    const seen = { model, signature, runsToFirst: null, origin: null, howFound: HOW_FOUND };
    const judged = { ...seen, engine: engineDigest() };
    const witness = { ...workload, schedule: traced.schedule };
    const record =
      minimizedRecord(engine, judged, witness, BUDGET) ?? drawnRecord(judged, workload, traced);
    try {
      const { file, models, model: kept } = store.put(record).finding;
      const finding = { ...record.finding, models, file };
      const again = kept === finding.model ? undefined : check;
      return { finding, columns: record.columns, again };
    } catch (error) {
      // Where it cannot be kept it must at least be seen.
      if (error instanceof Refusal) note(`${record.columns}\n${printRepro(record.repro)}`);
      throw error;
    }
  });
}
