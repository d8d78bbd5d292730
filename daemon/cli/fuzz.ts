/** `fuzz`: a campaign in this process, without Redis, on all cores. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { seedTexts } from '../../corpus/store/seeds.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { CANARY_ROW } from '../../corpus/vocabulary/catalogue.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Finding } from '../../corpus/vocabulary/finding.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { MODEL_NAMES, pinnedModel } from '../../workers/models/registry.ts';
import { standingOf } from '../../workers/reproduce/naming.ts';
import { ExecutorPool } from '../../workers/service/executors.ts';
import { type Silence, silenceInWords, silenceOf, UNTRIED } from '../campaign/silence.ts';
import type { CampaignState } from '../campaign/state.ts';
import { droppedText } from '../campaign/triage.ts';
import {
  type LocalListener,
  type LocalSettings,
  localCampaign,
} from '../coordinator/local-campaign.ts';
import { Keeper } from './fuzz-keeper.ts';
import { FuzzMemory, resumedFrom } from './fuzz-memory.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { givenModels, MODEL_FLAG_TEXT } from './options/model-argument.ts';
import { parseCount, parseDuration, parseJobs } from './options/quantities.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { pinOf } from './options/wanted-campaign.ts';
import { EXIT } from './output/endings.ts';
import { Progress } from './output/fuzz-progress.ts';
import { sayLast } from './output/last-lines.ts';
import { sayOtherEngines } from './output/other-engines.ts';
import { commandOn, counted, headOf, quoted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';

const TIME_DEFAULT_MS = 60_000;

interface FuzzOptions {
  /** As given; undefined for all. */
  readonly models: readonly string[] | undefined;
  readonly timeMs: number | undefined;
  readonly runs: number | undefined;
  readonly jobs: number;
  readonly isResumed: boolean;
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
    .option('--resume', 'go on with the last `fuzz` of the data directory')
    .action(async ({ model, time, runs, jobs, resume }, self) => {
      const options: FuzzOptions = {
        models: model,
        timeMs: time ?? (runs === undefined ? TIME_DEFAULT_MS : undefined),
        runs,
        jobs: jobs ?? availableParallelism(),
        isResumed: resume === true,
      };
      endWith(await fuzz(options, settingsOf(self)));
    });
  return withCommonOptions(command);
}

async function fuzz(options: FuzzOptions, settings: Settings): Promise<number> {
  refuseBoth(options, settings);
  const memory = memoryOf(options, settings);
  try {
    return await fuzzFrom(memory, options, settings);
  } finally {
    memory?.close();
  }
}

/** A campaign that goes on has its models and its rng-seed. */
function refuseBoth({ isResumed, models }: FuzzOptions, { rngSeed }: Settings): void {
  if (!isResumed || (models === undefined && rngSeed === undefined)) return;
  const flag = models === undefined ? '--rng-seed' : '--model';
  throw fail('USAGE', {
    what: `--resume goes on with a campaign that has its own ${flag}; leave out one`,
  });
}

/** Null where another `fuzz` has the folder, or the disk refuses: then this one cannot be gone on with. */
function memoryOf({ isResumed }: FuzzOptions, settings: Settings): FuzzMemory | null {
  try {
    return new FuzzMemory(settings.dataDir, (text) => progress(settings, text));
  } catch (error) {
    if (!(error instanceof Refusal) || isResumed) throw error;
    progress(settings, `${error.message}; \`fuzz --resume\` will not go on with this campaign`);
    return null;
  }
}

async function fuzzFrom(
  memory: FuzzMemory | null,
  options: FuzzOptions,
  settings: Settings,
): Promise<number> {
  const before =
    memory !== null && options.isResumed ? resumedFrom(memory, settings.dataDir) : null;
  const models = modelsOf(before, options);
  const localSettings: LocalSettings = {
    models: [...models.values()].map(pinOf),
    rngSeed: before?.settings?.rngSeed ?? settings.rngSeed ?? randomBytes(4).readUInt32LE(),
    runs: options.runs ?? null,
    seeds: seedTexts(PACKAGE_ROOT),
    build: buildDigest(),
    ...(before === null ? {} : { resumed: before }),
  };
  const names = [...models.keys()].join(', ');
  const since = before === null ? '' : ` after ${before.runs} runs`;
  progress(
    settings,
    `fuzz${since}: ${names}; rng-seed ${localSettings.rngSeed}, ${counted(options.jobs, 'executor')}; Ctrl-C stops`,
  );
  sayOtherEngines(settings);
  const pool = new ExecutorPool({
    count: options.jobs,
    models,
    engine: engineDigest(),
    name: 'fuzz',
  });
  try {
    return await fuzzOn({ pool, localSettings, models, memory }, options, settings);
  } finally {
    await pool.close();
  }
}

function modelsOf(before: CampaignState | null, options: FuzzOptions): ReadonlyMap<string, Model> {
  if (before === null) return givenModels(options.models ?? MODEL_NAMES);
  return new Map(before.pins().map((pin) => [pin.reference, pinnedModel(pin)]));
}

interface Prepared {
  readonly pool: ExecutorPool;
  readonly localSettings: LocalSettings;
  readonly models: ReadonlyMap<string, Model>;
  readonly memory: FuzzMemory | null;
}

async function fuzzOn(
  { pool, localSettings, models, memory }: Prepared,
  options: FuzzOptions,
  settings: Settings,
): Promise<number> {
  const startedMs = performance.now();
  let keeper: Keeper | undefined;
  const screen = new Progress(settings, () => ({
    state: running.state,
    executors: options.jobs,
    findings: keeper?.count ?? 0,
  }));
  const running = localCampaign(localSettings, pool, listening(screen, memory), (log) => {
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
    screen.begin();
    await running.run();
    keeper.finish();
    memory?.write(running.state);
    const seconds = Math.round(performance.now() - startedMs) / 1000;
    const shown = screen.end();
    if (shown === null) {
      summarize(localSettings, models, running.state, seconds, keeper, options, settings);
    } else {
      const silences = silencesOf(models, running.state, keeper.findings());
      const list = commandOn('findings', settings.dataDir);
      const goOn =
        memory === null
          ? commandAgain(localSettings, shown.runs, options)
          : commandOn('fuzz --resume', settings.dataDir);
      sayLast({ ...shown, seconds, silences, list, goOn });
    }
  } finally {
    screen.end();
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

function listening(screen: Progress, memory: FuzzMemory | null): LocalListener {
  return {
    received: (_effect, { result }, state) => {
      // All executors have the same engine: anything else is a defect of Faultline.
      assert(
        result.kind !== 'quarantined',
        'what is planned can be computed',
        'reason' in result ? result.reason : '',
      );
      assert(droppedText(result) === null, 'a witness reproduces', droppedText(result));
      screen.update(state);
      memory?.note(state);
    },
    // Why it ends is asked for by the command line.
    said: () => {},
  };
}

function summarize(
  localSettings: LocalSettings,
  byReference: ReadonlyMap<string, Model>,
  state: CampaignState,
  seconds: number,
  keeper: Keeper,
  options: FuzzOptions,
  settings: Settings,
): void {
  const findings = keeper.findings();
  const silences = silencesOf(byReference, state, findings);
  if (settings.isJson) {
    const { runs, steps, inconclusive } = state;
    const models = [...byReference.keys()];
    const { rngSeed } = localSettings;
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
  const canaries = findings.filter(({ known }) => known === CANARY_ROW).length;
  const known = findings.flatMap(({ known: row }) =>
    row === null || row === CANARY_ROW ? [] : row,
  );
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
      options.isResumed
        ? `go on: ${commandOn('fuzz --resume', settings.dataDir)}`
        : `again: ${commandAgain(localSettings, state.runs, options)}`,
    ].join('\n'),
  );
}

function silencesOf(
  byReference: ReadonlyMap<string, Model>,
  state: CampaignState,
  findings: readonly Finding[],
): readonly Silence[] {
  return [...byReference].map(([reference, { expect }]) =>
    silenceOf(reference, expect.find, state.models.get(reference) ?? UNTRIED, findings),
  );
}

function commandAgain({ rngSeed }: LocalSettings, runs: number, { models }: FuzzOptions): string {
  return `faultline fuzz --rng-seed ${rngSeed} --runs ${runs}${modelFlags(models)}`;
}

function modelFlags(given: readonly string[] | undefined): string {
  return given === undefined ? '' : ` --model ${given.map(quoted).join(' ')}`;
}
