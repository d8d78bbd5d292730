/**
 * `bench`: how fast this machine computes, what each part of a run costs, whether a change is slower, and how soon a bug
 * is found.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { type ComparedBuilds, compareBuilds } from '../../workers/bench/against.ts';
import { measure, type PlanBatches, type Result, TAKEN } from '../../workers/bench/measure.ts';
import { buildRevision } from '../../workers/bench/revision.ts';
import { largeWorkload, measureSearch } from '../../workers/bench/searching.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import { SearchThreads } from '../../workers/service/search-threads.ts';
import { Frontier } from '../campaign/frontier.ts';
import { planFuzzBatch, SHARES } from '../campaign/plan-batch.ts';
import { BATCH_RUNS } from '../coordinator/local-campaign.ts';
import { HAS_SOURCES, PACKAGE_ROOT } from './installation.ts';
import { addDetectOptions, refuseStray } from './options/detect-options.ts';
import { givenModel, MODEL_FLAG, MODEL_FLAG_TEXT } from './options/model-argument.ts';
import { parseDuration } from './options/quantities.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { shown, table } from './output/table.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';

const MODEL_DEFAULT = 'xfs-mmaplock-prezero';
const WORKLOAD = 'corpus/seeds/standard.txt';
const TIME_DEFAULT_MS = 2000;
/** A batch is worth a second and a half; ten of them tell something. */
const FLEET_TIME_MIN_MS = 15_000;
const RNG_SEED_DEFAULT = 1;
/** What one coordinator is asked to serve. */
const FINDINGS = 2000;
const WORKERS = 1000;

/** What one core of a small machine must reach; the workload's model is the default. */
const TARGETS: Readonly<Record<string, number>> = {
  'engine.runs': 150_000,
  'engine.steps': 10_000_000,
  'fuzz.ratio': 80,
  'explore.states': 700_000,
  'queue.ratio': 95,
  'scale.ratio': 1.85,
  'start.ratio': 75,
  'list.rate': 100,
  'fleet.spare': 50,
  'search.ratio': 1.7,
};

/** From here on no figure says anything of the code, in percent of our core. */
const BUSY_FROM = 10;

/** Those that measure whole processes. */
const PROCESSES = ['queue', 'scale', 'coordinator', 'page', 'showing'] as const;
const MEASURED = ['engine', ...PROCESSES, 'search', 'detect'] as const;

interface BenchCommandOptions {
  /** As it was given. */
  readonly model: string;
  readonly timeMs: number;
}

export function benchCommand(): CommandUnknownOpts {
  const command = new Command('bench')
    .description('measure engine, fuzzing, search and minimizing on one core; half a minute')
    .addArgument(
      new Argument(
        '[what]',
        'queue: what it costs; coordinator: what 2000 findings and 1000 workers cost it; scale: what a second worker brings; search: a second thread; page: how soon Chromium has the list of 2000 findings; showing: what screen and page cost fuzzing; detect: how many runs until a bug is found, from seeds and cold, on all models but where one is named',
      ).choices(MEASURED),
    )
    .option('--time <duration>', 'for each thing measured', parseDuration, TIME_DEFAULT_MS)
    .option(MODEL_FLAG, MODEL_FLAG_TEXT, MODEL_DEFAULT)
    .option('--against <rev>', 'build that git revision and compare: A B A B A B')
    .action(async (what, { time: timeMs, model, against }, self) => {
      const settings = settingsOf(self);
      const options = { model, timeMs };
      refuseStray(what, self);
      if (what === 'detect') await (await import('./bench-detect.ts')).benchDetect(self);
      else if (what === 'search') benchSearch(options, settings);
      else if (isOfProcesses(what)) await benchProcesses(what, options, settings);
      else if (against === undefined) bench(options, settings);
      else await benchAgainst(against, options, settings);
    });
  addDetectOptions(command);
  return withCommonOptions(command);
}

function bench({ model: given, timeMs }: BenchCommandOptions, settings: Settings): void {
  const model = givenModel(given);
  const reference = canonicalReference(model);
  const rngSeed = settings.rngSeed ?? RNG_SEED_DEFAULT;
  progress(settings, `bench: ${reference}, ${WORKLOAD}, one core`);
  const workload = standardWorkload();
  const batches = plannedBatches(reference, rngSeed);
  const began = (what: string): void => progress(settings, `bench: ${what}`);
  const results = measure({ model, workload, rngSeed, batches }, { timeMs, began });
  if (settings.isJson) sayDocument({ results });
  else say(renderResults(results));
}

function standardWorkload(): Workload {
  return parseInput(readFileSync(path.join(PACKAGE_ROOT, WORKLOAD), 'utf8'), WORKLOAD);
}

function benchSearch({ model: given }: BenchCommandOptions, settings: Settings): void {
  const model = givenModel(given);
  const crew = new SearchThreads(model, 2);
  progress(settings, `bench: ${canonicalReference(model)}, ${WORKLOAD} with a third thread`);
  crew.begin();
  const workload = largeWorkload(standardWorkload());
  const began = (what: string): void => progress(settings, `bench: ${what}`);
  const results = measureSearch({ model, workload, crew }, began);
  crew.close();
  if (settings.isJson) sayDocument({ results });
  else say(renderResults(results));
}

function isOfProcesses(what: string | undefined): what is (typeof PROCESSES)[number] {
  return PROCESSES.some((one) => one === what);
}

async function benchProcesses(
  what: (typeof PROCESSES)[number],
  { model: given, timeMs }: BenchCommandOptions,
  settings: Settings,
): Promise<void> {
  const { benchQueue, benchScale } = await import('./bench-fleet.ts');
  const { benchCoordinator } = await import('./bench-coordinator.ts');
  const { benchPage } = await import('./bench-page.ts');
  const { benchShowing } = await import('./bench-showing.ts');
  const of = {
    queue: benchQueue,
    scale: benchScale,
    coordinator: benchCoordinator,
    page: benchPage,
    showing: benchShowing,
  };
  const results = await of[what]({
    findings: FINDINGS,
    workers: WORKERS,
    model: canonicalReference(givenModel(given)),
    rngSeed: settings.rngSeed ?? RNG_SEED_DEFAULT,
    timeMs: Math.max(timeMs, FLEET_TIME_MIN_MS),
    began: (name) => progress(settings, `bench: ${name}`),
  });
  if (settings.isJson) sayDocument({ results });
  else say(renderResults(results));
}

/** A campaign of one executor without seeds; what it found is settled from the next batch on. */
export function plannedBatches(model: string, rngSeed: number): PlanBatches {
  const need = { model, rngSeed, runs: BATCH_RUNS, seeds: [], sweep: null, shares: SHARES };
  return (keepsParents) => {
    const frontier = new Frontier();
    const settled = new Set<string>();
    let index = 0;
    return {
      next: () => {
        const batch = {
          ...need,
          index,
          frontier,
          featuresDigest: null,
          settled: { digest: null, others: [...settled] },
        };
        index += 1;
        return planFuzzBatch(batch);
      },
      reported: (report) => {
        if (keepsParents) frontier.fold(report);
        for (const { signature } of report.witnesses) settled.add(signature);
      },
    };
  };
}

async function benchAgainst(
  revision: string,
  { model, timeMs }: BenchCommandOptions,
  settings: Settings,
): Promise<void> {
  const { rngSeed } = settings;
  givenModel(model);
  if (!HAS_SOURCES) {
    // Git would answer for the repository around it, which is not Faultline's.
    const what = `${PACKAGE_ROOT} is an installed package, which has no revisions`;
    throw fail('ENVIRONMENT', { what, remedy: 'run `bench --against` in a clone of Faultline' });
  }
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  const course = { said: (what: string) => progress(settings, what), stop: stop.signal };
  const seedFlag = rngSeed === undefined ? [] : ['--rng-seed', String(rngSeed)];
  const flags = ['--time', `${timeMs}ms`, '--model', model, ...seedFlag];
  try {
    const other = await buildRevision(PACKAGE_ROOT, revision, course);
    try {
      const results = await compareBuilds(ownMain(), other, flags, course);
      if (settings.isJson) sayDocument({ results });
      else say(renderCompared(results, other.commit));
    } finally {
      other.remove();
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    progress(settings, 'stopped; nothing is left behind');
    endWith(EXIT.done);
  } finally {
    release();
  }
}

function ownMain(): string {
  const main = process.argv[1];
  if (main !== undefined) return main;
  throw fail('ENVIRONMENT', {
    what: 'nobody knows how this was started',
    remedy: 'run it by name',
  });
}

export function renderResults(results: readonly Result[]): string {
  const busy = busyOf(results);
  const rows = results.map(({ name, value, unit }) => {
    const target = TARGETS[name];
    if (target === undefined) return [name, shown(value), unit, '', ''];
    const verdict = busy !== '' ? '' : value >= target ? 'ok' : 'below';
    return [name, shown(value), unit, `>= ${shown(target)}`, verdict];
  });
  return table(['', 'value', 'unit', 'target', ''], rows) + busy;
}

export function renderCompared(results: readonly ComparedBuilds[], commit: string): string {
  const busy = busyOf(results);
  const rows = results.map(({ name, value, unit, against, ratio }) => {
    return [name, shown(value), shown(against), unit, name === TAKEN ? '' : ratio.toFixed(3)];
  });
  return table(['', 'here', commit, 'unit', 'here / there'], rows) + busy;
}

/** A sentence behind the table, or nothing. */
function busyOf(results: readonly (Result | ComparedBuilds)[]): string {
  const taken = results.find(({ name }) => name === TAKEN);
  if (taken === undefined) return '';
  const most = Math.max(taken.value, 'against' in taken ? taken.against : 0);
  if (most < BUSY_FROM) return '';
  return `\n\nThe machine is too busy to judge: others took ${Math.round(most)} % of this core. Run bench again on a quiet one.`;
}
