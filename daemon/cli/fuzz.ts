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
import type { Plan } from '../campaign/plan.ts';
import { silenceInWords, silenceOf, UNTRIED } from '../campaign/silence.ts';
import { Campaign, type Executors, type Totals } from '../coordinator/local-campaign.ts';
import { Keeper } from './fuzz-keeper.ts';
import { engineDigest } from './identity.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { givenModels, MODEL_FLAG_TEXT } from './options/model-argument.ts';
import { parseCount, parseDuration, parseJobs } from './options/quantities.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
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
  const plan: Plan = {
    models: [...models.keys()],
    rngSeed: settings.rngSeed ?? randomBytes(4).readUInt32LE(),
    runs: options.runs ?? Number.POSITIVE_INFINITY,
    seeds: readSeeds(PACKAGE_ROOT).map(({ input }) =>
      printInput({ ...input, schedule: EMPTY_SCHEDULE }),
    ),
  };
  progress(
    settings,
    `fuzz: ${plan.models.join(', ')}; rng-seed ${plan.rngSeed}, ${counted(options.jobs, 'executor')}; Ctrl-C stops`,
  );
  sayOtherEngines(settings);
  return await campaign(plan, models, options, settings);
}

async function campaign(
  plan: Plan,
  models: ReadonlyMap<string, Model>,
  options: FuzzOptions,
  settings: Settings,
): Promise<number> {
  const startedMs = performance.now();
  const pool = new ExecutorPool({
    count: options.jobs,
    models,
    engine: engineDigest(),
    name: 'fuzz',
  });
  const keeper = new Keeper(pool, plan.rngSeed, settings);
  const screen = new Progress(settings, keeper);
  const running = new Campaign(plan, exploring(pool), {
    discovered: (discovery) => keeper.take(discovery),
    metOn: (signature, model) => keeper.alsoOn(signature, model),
    folded: (totals) => screen.update(totals),
  });
  let isInterrupted = false;
  const release = onInterrupt(() => {
    isInterrupted = true;
    running.stop();
    progress(settings, 'stopping: findings under way are finished first (again: stop at once)');
  });
  const timer =
    options.timeMs === undefined ? null : setTimeout(() => running.stop(), options.timeMs);
  try {
    const totals = await running.run();
    await keeper.settle();
    screen.end();
    const seconds = Math.round(performance.now() - startedMs) / 1000;
    summarize(plan, models, totals, seconds, keeper, options, settings);
  } finally {
    if (timer !== null) clearTimeout(timer);
    await pool.close();
    release();
  }
  if (keeper.diskProblem !== null) {
    // The document is out, and stderr has said why nothing was kept.
    if (settings.isJson) return keeper.diskProblem.exit;
    throw keeper.diskProblem;
  }
  return isInterrupted || keeper.findings().length === 0 ? EXIT.done : EXIT.bad;
}

export function exploring(pool: ExecutorPool): Executors {
  return {
    count: pool.count,
    execute: async (batch) => {
      const { result } = await pool.execute(batch);
      assert(result.kind === 'explore', 'result of an exploration', result.kind);
      return result;
    },
  };
}

function summarize(
  plan: Plan,
  byReference: ReadonlyMap<string, Model>,
  totals: Totals,
  seconds: number,
  keeper: Keeper,
  { models: given }: FuzzOptions,
  settings: Settings,
): void {
  const findings = keeper.findings();
  const silences = [...byReference].map(([reference, { expect }]) =>
    silenceOf(reference, expect.find, totals.triedOf.get(reference) ?? UNTRIED, findings),
  );
  if (settings.isJson) {
    const { runs, steps, inconclusive } = totals;
    const { models, rngSeed } = plan;
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
        `${totals.runs} runs, ${totals.steps} steps in ${seconds} s ` +
        `(${Math.round(totals.runs / seconds / 1000)}k runs/s), ${totals.inconclusive} inconclusive, ` +
        `${totals.entries} workloads kept`,
      ...silences.map((silence) => `${silence.model}: ${silenceInWords(silence)}`),
      `again: faultline fuzz --rng-seed ${plan.rngSeed} --runs ${totals.runs}${modelFlags(given)}`,
    ].join('\n'),
  );
}

function modelFlags(given: readonly string[] | undefined): string {
  return given === undefined ? '' : ` --model ${given.map(quoted).join(' ')}`;
}
