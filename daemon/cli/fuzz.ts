/** `fuzz`: a campaign in this process, without Redis, on all cores. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { CANARY } from '../../corpus/vocabulary/catalogue.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { standingOf } from '../../workers/reproduce/naming.ts';
import { ExecutorPool } from '../../workers/service/executors.ts';
import { silenceInWords, silenceOf, UNTRIED } from '../campaign/silence.ts';
import type { CampaignState } from '../campaign/state.ts';
import { droppedText } from '../campaign/triage.ts';
import {
  type LocalListener,
  type LocalPlan,
  localCampaign,
} from '../coordinator/local-campaign.ts';
import { Keeper } from './fuzz-keeper.ts';
import { engineDigest } from './identity.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { givenModels, MODEL_FLAG_TEXT } from './options/model-argument.ts';
import { parseCount, parseDuration, parseJobs } from './options/quantities.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { pinOf } from './options/wanted-campaign.ts';
import { EXIT } from './output/endings.ts';
import { Progress } from './output/fuzz-progress.ts';
import { sayOtherEngines } from './output/other-engines.ts';
import { counted, headOf, quoted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';

const TIME_DEFAULT_MS = 60_000;

interface FuzzOptions {
  /** As given; undefined for all. */
  readonly models: readonly string[] | undefined;
  readonly timeMs: number | undefined;
  readonly runs: number | undefined;
  readonly jobs: number;
}

export function fuzzCommand(): CommandUnknownOpts {
  const command = new Command('fuzz')
    .description('fuzz locking models in this process; prints and keeps every finding')
    .option('--model <ref...>', `${MODEL_FLAG_TEXT}; all built-in models if none is named`)
    .option(
      '--time <duration>',
      'stop after so long (default: 60s, unless --runs is given)',
      parseDuration,
    )
    .option('--runs <n>', 'stop after so many runs: the same findings every time', parseCount)
    .option('--jobs <n>', 'executor threads (default: all cores)', parseJobs)
    .action(async ({ model, time, runs, jobs }, self) => {
      const options: FuzzOptions = {
        models: model,
        timeMs: time ?? (runs === undefined ? TIME_DEFAULT_MS : undefined),
        runs,
        jobs: jobs ?? availableParallelism(),
      };
      endWith(await fuzz(options, settingsOf(self)));
    });
  return withCommonOptions(command);
}

async function fuzz(options: FuzzOptions, settings: Settings): Promise<number> {
  const models = givenModels(options.models ?? MODEL_NAMES);
  const plan: LocalPlan = {
    models: [...models.values()].map(pinOf),
    rngSeed: settings.rngSeed ?? randomBytes(4).readUInt32LE(),
    runs: options.runs ?? null,
    seeds: readSeeds(PACKAGE_ROOT).map(({ input }) =>
      printInput({ ...input, schedule: EMPTY_SCHEDULE }),
    ),
  };
  const names = [...models.keys()].join(', ');
  progress(
    settings,
    `fuzz: ${names}; rng-seed ${plan.rngSeed}, ${counted(options.jobs, 'executor')}; Ctrl-C stops`,
  );
  sayOtherEngines(settings);
  const pool = new ExecutorPool({
    count: options.jobs,
    models,
    engine: engineDigest(),
    name: 'fuzz',
  });
  try {
    return await fuzzOn(pool, plan, models, options, settings);
  } finally {
    await pool.close();
  }
}

async function fuzzOn(
  pool: ExecutorPool,
  plan: LocalPlan,
  models: ReadonlyMap<string, Model>,
  options: FuzzOptions,
  settings: Settings,
): Promise<number> {
  const startedMs = performance.now();
  let keeper: Keeper | undefined;
  const screen = new Progress(settings, () => keeper?.count ?? 0);
  const running = localCampaign(plan, pool, listening(screen), (log) => {
    keeper = new Keeper(log, settings);
    return keeper;
  });
  assert(keeper !== undefined, 'a campaign makes its publisher', null);
  let isInterrupted = false;
  const release = onInterrupt(() => {
    isInterrupted = true;
    running.stop();
    progress(settings, 'stopping: findings under way are finished first (again: stop at once)');
  });
  const timer =
    options.timeMs === undefined ? null : setTimeout(() => running.stop(), options.timeMs);
  try {
    await running.run();
    keeper.finish();
    screen.end();
    const seconds = Math.round(performance.now() - startedMs) / 1000;
    summarize(plan, models, running.state, seconds, keeper, options, settings);
  } finally {
    if (timer !== null) clearTimeout(timer);
    release();
  }
  if (keeper.diskProblem !== null) {
    // The document is out, and stderr has said why nothing was kept.
    if (settings.isJson) return keeper.diskProblem.exit;
    throw keeper.diskProblem;
  }
  return isInterrupted || keeper.count === 0 ? EXIT.done : EXIT.bad;
}

function listening(screen: Progress): LocalListener {
  return {
    folded: (_effect, { result }, state) => {
      // All executors have the same engine: anything else is a defect of Faultline.
      assert(
        result.kind !== 'quarantined',
        'what is planned can be computed',
        'reason' in result ? result.reason : '',
      );
      assert(droppedText(result) === null, 'a witness reproduces', droppedText(result));
      screen.update(state);
    },
    // Why it ends is asked for by the command line.
    said: () => {},
  };
}

function summarize(
  plan: LocalPlan,
  byReference: ReadonlyMap<string, Model>,
  state: CampaignState,
  seconds: number,
  keeper: Keeper,
  { models: given }: FuzzOptions,
  settings: Settings,
): void {
  const findings = keeper.findings();
  const silences = [...byReference].map(([reference, { expect }]) =>
    silenceOf(reference, expect.find, state.models.get(reference) ?? UNTRIED, findings),
  );
  if (settings.isJson) {
    const { runs, steps, inconclusive } = state;
    const models = [...byReference.keys()];
    const { rngSeed } = plan;
    sayDocument({
      model: models.length === 1 ? models[0] : 'all',
      models,
      runs,
      steps,
      seconds,
      rngSeed,
      inconclusive,
      silences,
      findings,
    });
    return;
  }
  const canaries = findings.filter(({ known }) => known === CANARY).length;
  const known = findings.flatMap(({ known: row }) => (row === null || row === CANARY ? [] : row));
  const rows = [...new Set(known)].sort().join(' ');
  const unknown = findings.filter(({ known, looksLike }) => (known ?? looksLike) === null).length;
  const forbidden = findings.filter((finding) => standingOf(finding) === 'forbidden');
  say(
    [
      ...forbidden.map(
        (one) => `${headOf(one)}: ${one.models.join(', ')} says that it is clean of it`,
      ),
      `${counted(findings.length - canaries, 'finding')} (known: ${rows || 'none'}; new: ${unknown})` +
        `${canaries === 0 ? '' : ` and ${canaries} of the canary`}, ` +
        `${state.runs} runs, ${state.steps} steps in ${seconds} s ` +
        `(${Math.round(state.runs / seconds / 1000)}k runs/s), ${state.inconclusive} inconclusive, ` +
        `${state.entries} workloads kept`,
      ...silences.map((silence) => `${silence.model}: ${silenceInWords(silence)}`),
      `again: faultline fuzz --rng-seed ${plan.rngSeed} --runs ${state.runs}${modelFlags(given)}`,
    ].join('\n'),
  );
}

function modelFlags(given: readonly string[] | undefined): string {
  return given === undefined ? '' : ` --model ${given.map(quoted).join(' ')}`;
}
