/** `check`: every interleaving of a workload; the shortest one that goes wrong, or what was verified. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Finding, HowFound } from '../../corpus/vocabulary/finding.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { Engine } from '../../workers/execute.ts';
import { type Exploration, explore } from '../../workers/explore.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import { recordOf } from '../../workers/record.ts';
import { EXIT } from './endings.ts';
import { engineDigest } from './identity.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { checkLabels } from './labels.ts';
import {
  BISECT_FLAG,
  BISECT_FLAG_TEXT,
  givenModel,
  MODEL_FLAG,
  MODEL_FLAG_TEXT,
} from './model-argument.ts';
import { parseCount } from './quantities.ts';
import { counted, renderFinding } from './render-finding.ts';
import { detail, progress, type Settings, settingsOf, withCommonOptions } from './settings.ts';
import { readSubject, SUBJECT_TEXT } from './subject.ts';
import { endWith, note, say, sayDocument } from './terminal.ts';

/** States a workload: some seconds of one core. */
const STATES_DEFAULT = 2_000_000;
const HINT_INCONCLUSIVE = 'there are more states; --states allows for them';
const EXIT_OF = {
  verified: EXIT.done,
  violation: EXIT.bad,
  inconclusive: EXIT.cannotJudge,
} as const;

const HOW_FOUND: HowFound = {
  rngSeed: null,
  batch: null,
  run: null,
  scheduler: 'exhaustive',
  testsUsed: null,
  proof: null,
  criticalPair: null,
};

interface Named {
  readonly name: string;
  readonly workload: Workload;
}

interface Options {
  readonly statesMax: number;
  readonly all: boolean;
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
}

/** The run that was found here, also where a better repro of the same finding was kept. */
interface Shown {
  readonly finding: Finding;
  readonly columns: string;
  readonly isKeptOfOther: boolean;
}

export function checkCommand(): CommandUnknownOpts {
  const command = new Command('check')
    .description('search every interleaving; the shortest that goes wrong, or what was verified')
    .argument('[file]', `${SUBJECT_TEXT}; every seed of the package if left out`)
    .requiredOption(MODEL_FLAG, MODEL_FLAG_TEXT)
    .option('--states <n>', 'states a workload may take', parseCount, STATES_DEFAULT)
    .option('--all', 'go on after the first violation')
    .option(BISECT_FLAG, BISECT_FLAG_TEXT)
    .action(async (file, { model: reference, states, all, bisect }, self) => {
      const settings = settingsOf(self);
      const model = givenModel(reference, bisect === true);
      const workloads = await workloadsOf(file, model, settings);
      const options = { statesMax: states, all: all === true, model: reference };
      endWith(check(model, workloads, options, settings));
    });
  return withCommonOptions(command);
}

async function workloadsOf(
  file: string | undefined,
  model: Model,
  settings: Settings,
): Promise<readonly Named[]> {
  if (file === undefined) {
    return readSeeds(PACKAGE_ROOT).map(({ name, input }) => ({ name, workload: input }));
  }
  const subject = await readSubject(file, settings.dataDir);
  checkLabels(subject, model);
  return [{ name: subject.name, workload: subject.input }];
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
  const startedMs = performance.now();
  const outcome = checkAll(model, workloads, options, settings);
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const { findings, ...numbers } = outcome;
  if (settings.isJson) {
    const listed = findings.map(({ finding }) => finding);
    sayDocument({ ...numbers, model: reference, seconds, findings: listed });
  } else {
    for (const { finding, columns, isKeptOfOther } of findings) {
      const judge = isKeptOfOther ? options.model : undefined;
      say(`${renderFinding(finding, columns, settings.dataDir, judge)}\n`);
    }
    const { verdict, states, transitions, depth } = numbers;
    const searched = `${counted(states, 'state')}, ${counted(transitions, 'transition')}, depth ${depth}`;
    const where = `${counted(numbers.workloads, 'workload')} on ${reference}`;
    say(`${verdict}: ${where}, ${searched}, ${seconds} s`);
  }
  if (outcome.verdict === 'inconclusive') progress(settings, HINT_INCONCLUSIVE);
  return EXIT_OF[outcome.verdict];
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
  const verdicts: Exploration['verdict'][] = [];
  let states = 0;
  let transitions = 0;
  let depth = 0;
  for (const { name, workload } of workloads) {
    const found = explore(engine, workload, options);
    detail(settings, `${name}: ${found.verdict}, ${found.states} states`);
    for (const shown of keep(model, workload, found, settings)) {
      findings.set(shown.finding.id, shown);
    }
    states += found.states;
    transitions += found.transitions;
    depth = Math.max(depth, found.depth);
    verdicts.push(found.verdict);
    if (found.verdict === 'violation' && !options.all) break;
  }
  const worst = (['violation', 'inconclusive'] as const).find((one) => verdicts.includes(one));
  const numbers = { states, transitions, depth, workloads: verdicts.length };
  return { verdict: worst ?? 'verified', ...numbers, findings: [...findings.values()] };
}

function keep(
  model: Model,
  workload: Workload,
  found: Exploration,
  { dataDir }: Settings,
): readonly Shown[] {
  const store = new FindingStore(dataDir);
  return found.violations.map(({ signature, traced }) => {
    const seen = { model, workload, traced, signature, runsToFirst: null, origin: null };
    const record = recordOf({ ...seen, howFound: HOW_FOUND, engine: engineDigest() });
    try {
      const { file, models, model: kept } = store.put(record).finding;
      const finding = { ...record.finding, models, file };
      return { finding, columns: record.columns, isKeptOfOther: kept !== finding.model };
    } catch (error) {
      // Where it cannot be kept it must at least be seen.
      if (error instanceof Refusal) note(`${record.columns}\n${printRepro(record.repro)}`);
      throw error;
    }
  });
}
