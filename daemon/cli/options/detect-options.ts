/** The flags of `bench detect`, and what is wrong with them. */
import { type Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { ROW_ID } from '../../../corpus/vocabulary/catalogue.ts';
import { fail, type Refusal } from '../../../corpus/vocabulary/errors.ts';
import { nearestHint } from '../../../corpus/vocabulary/nearest.ts';
import { printable } from '../../../corpus/vocabulary/printable.ts';
import { DETECTORS, SPIN_RANDOM, SPIN_VERIFY } from '../../../workers/bench/detect/detectors.ts';
import { type Claim, claimsOf } from '../../../workers/bench/detect/scenarios.ts';
import { TRIALS_MIN } from '../../../workers/bench/detect/statistics.ts';
import { jobsByDefault } from './campaign-options.ts';
import { givenModel } from './model-argument.ts';
import { parseCount, parseJobs } from './quantities.ts';

export interface DetectPlan {
  readonly claims: readonly Claim[];
  readonly schedulers: readonly string[];
  readonly trials: number;
  /** Of a trial: schedules of a scenario, or runs of a campaign. */
  readonly runs: number;
  readonly isCold: boolean;
  readonly jobs: number;
  readonly svg: string | undefined;
}

interface DetectFlags {
  readonly rows?: string;
  readonly schedulers?: string;
  readonly trials?: number;
  readonly runs?: number;
  readonly cold?: true;
  readonly jobs?: number;
  readonly svg?: string;
}

const GROUP = 'Options of detect:';
const SCHEDULERS_DEFAULT = 'portfolio,surw,pct3,random';
const SCHEDULERS: readonly string[] = [...Object.keys(DETECTORS), SPIN_RANDOM, SPIN_VERIFY];
const FROM_SEEDS = { trials: 30, runs: 10_000 };
const COLD = { trials: 10, runs: 2_000_000 };

const OPTIONS: readonly Option[] = [
  new Option('--rows <ids>', 'these rows alone: B12,F02 (default: all that a model claims)'),
  new Option(
    '--schedulers <names>',
    `of ${SCHEDULERS.join(', ')} (default: ${SCHEDULERS_DEFAULT})`,
  ),
  new Option('--trials <n>', 'of each scenario: 30; cold, of each model: 10').argParser(parseCount),
  new Option('--runs <n>', 'until a trial is a miss: 10k; cold: 2M').argParser(parseCount),
  new Option('--cold', 'campaigns without seeds, up to the first finding of each row'),
  new Option('--jobs <n>', 'executor threads of --cold (default: all cores)').argParser(parseJobs),
  new Option('--svg <file>', 'draw it as well'),
];
const NAMES = OPTIONS.map((option) => option.attributeName());

export function addDetectOptions<Args extends unknown[], Opts extends Record<string, unknown>>(
  command: Command<Args, Opts>,
): void {
  for (const option of OPTIONS) command.addOption(option.helpGroup(GROUP));
}

/** @throws Refusal USAGE for a flag of the other kind */
export function refuseStray(what: string | undefined, command: CommandUnknownOpts): void {
  const isDetect = what === 'detect';
  const strays = isDetect ? ['time', 'against'] : NAMES;
  const stray = strays.find((name) => command.getOptionValueSource(name) === 'cli');
  if (stray === undefined) return;
  throw usage(
    isDetect
      ? `bench detect counts runs and takes no --${stray}; --trials says how many`
      : `--${stray} is an option of detect; type bench detect --${stray}`,
  );
}

/** @throws Refusal USAGE, MODEL_UNKNOWN */
export function detectPlanOf(command: CommandUnknownOpts): DetectPlan {
  const flags = command.opts() as DetectFlags;
  const { model } = command.opts();
  const isGiven = command.getOptionValueSource('model') === 'cli';
  const isCold = flags.cold === true;
  const usual = isCold ? COLD : FROM_SEEDS;
  const trials = flags.trials ?? usual.trials;
  if (trials < TRIALS_MIN) {
    throw usage(`--trials is ${trials}; an interval takes ${TRIALS_MIN} or more`);
  }
  if (isCold && flags.schedulers !== undefined) {
    throw usage('--schedulers and --cold: a campaign has its portfolio; leave out one of them');
  }
  if (!isCold && flags.jobs !== undefined) throw usage('--jobs is an option of --cold');
  return {
    claims: claimsNamed(flags.rows, claimsOf(isGiven ? givenModel(String(model)) : null)),
    schedulers: schedulersNamed(flags.schedulers ?? SCHEDULERS_DEFAULT),
    trials,
    runs: flags.runs ?? usual.runs,
    isCold,
    jobs: flags.jobs ?? jobsByDefault(),
    svg: flags.svg,
  };
}

function claimsNamed(named: string | undefined, claims: readonly Claim[]): readonly Claim[] {
  if (claims.length === 0) throw usage('the model claims to find nothing: no row can be detected');
  if (named === undefined) return claims;
  const ids = named.split(',').map((id) => id.trim());
  const known = claims.map(({ row }) => row.id);
  const stranger = ids.find((id) => !known.includes(id.toUpperCase()));
  if (stranger === undefined) {
    return claims.filter(({ row }) => ids.some((id) => id.toUpperCase() === row.id));
  }
  const what = ROW_ID.test(stranger)
    ? `no model here claims to find ${stranger}`
    : `there is no row "${printable(stranger)}"`;
  throw usage(`--rows ${printable(named)}: ${what}; there are ${known.join(', ')}`);
}

function schedulersNamed(named: string): readonly string[] {
  const names = named.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !SCHEDULERS.includes(name));
  if (stranger === undefined) return [...new Set(names)];
  const hint = nearestHint(stranger, SCHEDULERS) || `; there are ${SCHEDULERS.join(', ')}`;
  throw usage(`--schedulers: there is no scheduler "${printable(stranger)}"${hint}`);
}

function usage(what: string): Refusal {
  return fail('USAGE', { what });
}
