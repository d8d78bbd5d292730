/** `check` of a universe: every interleaving of every workload of a size, on all cores, resumed where it was stopped. */
import { Enumeration, type Universe } from '../../corpus/breeding/universe.ts';
import { missProbability } from '../../corpus/vocabulary/scope.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import type { Engine } from '../../workers/run/engine.ts';
import { exploreWithin } from '../../workers/search/preemption-bounded.ts';
import { type Cut, countsOf, type SweepOptions, type Swept } from '../../workers/search/sweep.ts';
import { type Reached, Sweepers } from '../../workers/service/sweepers.ts';
import { progress, type Settings } from './options/settings.ts';
import { universeText } from './options/universe-options.ts';
import {
  EXIT_OF,
  HINTS_INCONCLUSIVE,
  keep,
  type Outcome,
  rankOf,
  type Shown,
  sayOutcome,
} from './output/check-outcome.ts';
import { sayOtherEngines } from './output/other-engines.ts';
import { counted } from './output/render-finding.ts';
import { note, say, sayDocument } from './output/terminal.ts';
import { sampleMs, UniverseProgress } from './output/universe-progress.ts';
import { onInterrupt } from './signals.ts';
import { SweepMemory } from './sweep-memory.ts';

/** Between two writes of how far it has come. */
const KEPT_MS = 2000;

export interface UniverseCheck extends SweepOptions {
  readonly jobs: number;
  /** The command, as it is to be typed again. */
  readonly command: string;
}

interface Subject {
  readonly model: Model;
  readonly reference: string;
  readonly engine: Engine;
  readonly universe: Universe;
  readonly enumeration: Enumeration;
  readonly options: UniverseCheck;
}

/** @returns the exit code */
export async function checkUniverse(
  model: Model,
  engine: Engine,
  universe: Universe,
  options: UniverseCheck,
  settings: Settings,
): Promise<number> {
  const reference = canonicalReference(model);
  const enumeration = new Enumeration(universe);
  const subject = { model, reference, engine, universe, enumeration, options };
  const many = counted(enumeration.count, 'workload');
  progress(settings, `check: ${reference}, ${many}: ${universeText(universe)}`);
  sayOtherEngines(settings);
  const findings = new Findings(subject, settings);
  const { reached, isOver, milliseconds } = await searched(subject, findings, settings);
  const outcome = outcomeOf(reached.swept, isOver, findings.of(reached.swept), subject);
  for (const said of reached.swept.contradictions) {
    note(`${model.name} breaks its documented order: ${said}`);
  }
  const ending = { reached, isOver, seconds: Math.round(milliseconds) / 1000 };
  if (settings.isJson) sayJson(outcome, ending, subject);
  else sayText(outcome, ending, subject, settings);
  if (!isOver) progress(settings, `stopped; the same command goes on: ${options.command}`);
  else if (outcome.verdict === 'inconclusive') {
    progress(settings, HINTS_INCONCLUSIVE[outcome.cutBy ?? 'states']);
  }
  return EXIT_OF[outcome.verdict];
}

interface Searched {
  readonly reached: Reached;
  /** Not stopped before its end. */
  readonly isOver: boolean;
  readonly milliseconds: number;
}

async function searched(
  subject: Subject,
  findings: Findings,
  settings: Settings,
): Promise<Searched> {
  const { model, universe, enumeration, engine, options } = subject;
  const memory = new SweepMemory(settings.dataDir, model, universe, options);
  const before = memory.read();
  const startedMs = performance.now();
  const spentMs = (): number => Math.round(before.milliseconds + performance.now() - startedMs);
  let screen: UniverseProgress | undefined;
  let keptMs = startedMs - KEPT_MS;
  const folded = (reached: Reached): void => {
    findings.of(reached.swept);
    screen?.update(reached);
    if (performance.now() - keptMs < KEPT_MS) return;
    keptMs = performance.now();
    memory.write({ ...reached, milliseconds: spentMs() });
  };
  const { statesMax, all, preemptions, ignored, onlyClass, jobs } = options;
  const start = { model, universe, options: { statesMax, all, preemptions, ignored, onlyClass } };
  const sweepers = new Sweepers(start, enumeration, before, folded);
  if (sweepers.isOver) {
    progress(
      settings,
      `check: searched before; ${memory.file} has the result, without it all is searched again`,
    );
    return { reached: before, isOver: true, milliseconds: before.milliseconds };
  }
  if (before.slice > 0) {
    progress(settings, `check: goes on after ${counted(before.swept.workloads, 'workload')}`);
  }
  const release = onInterrupt(() => {
    sweepers.stop();
    progress(settings, 'stopping: workloads under way are finished first (again: stop at once)');
  });
  try {
    memory.write(before);
    const sample = sampleMs(engine, enumeration, before.swept, options);
    screen = new UniverseProgress(enumeration.count, before, sample, jobs, settings);
    screen.begin();
    await sweepers.run(jobs);
  } finally {
    release();
    screen?.end();
  }
  memory.write({ ...sweepers.reached, milliseconds: spentMs() });
  return { reached: sweepers.reached, isOver: sweepers.isOver, milliseconds: spentMs() };
}

/** One finding a signature, of the first workload that shows it, minimized and kept as soon as it is met. */
class Findings {
  private readonly subject: Subject;
  private readonly settings: Settings;
  private readonly shown = new Map<string, Shown>();

  constructor(subject: Subject, settings: Settings) {
    this.subject = subject;
    this.settings = settings;
  }

  /** The gravest first, then in the order of the workloads. */
  of({ met }: Swept): readonly Shown[] {
    for (const { signature, first } of met) if (!this.shown.has(signature)) this.take(first, met);
    const found = met.flatMap(({ signature }) => this.shown.get(signature) ?? []);
    const distinct = new Map(found.map((one) => [one.finding.id, one]));
    return [...distinct.values()].sort((a, b) => rankOf(a) - rankOf(b));
  }

  private take(number: number, met: Swept['met']): void {
    const { engine, enumeration, model, options } = this.subject;
    const workload = enumeration.workload(number);
    const { violations } = exploreWithin(engine, workload, {
      ...options,
      counts: countsOf(options),
    });
    const here = met.filter(({ first }) => first === number).map(({ signature }) => signature);
    for (const violation of violations.filter(({ signature }) => here.includes(signature))) {
      const [shown] = keep(engine, model, workload, [violation], this.settings, options.command);
      if (shown !== undefined) this.shown.set(violation.signature, shown);
    }
  }
}

function outcomeOf(
  swept: Swept,
  isOver: boolean,
  findings: readonly Shown[],
  { enumeration, options }: Subject,
): Outcome {
  const { states, transitions, depth, workloads, ignored, cut } = swept;
  const cutBy = (Object.keys(cut) as Cut[]).find((why) => cut[why] > 0) ?? null;
  const isSought = options.all || findings.length === 0;
  const isComplete = isSought && cutBy === null && workloads === enumeration.count;
  const verdict =
    findings.length > 0 ? 'violation' : isComplete && isOver ? 'verified' : 'inconclusive';
  return { verdict, states, transitions, depth, workloads, findings, ignored, isComplete, cutBy };
}

interface Ending {
  readonly reached: Reached;
  readonly isOver: boolean;
  readonly seconds: number;
}

function sayJson(outcome: Outcome, { reached, isOver, seconds }: Ending, subject: Subject): void {
  const { universe, enumeration, options, reference } = subject;
  const { swept } = reached;
  const shown = options.all ? outcome.findings : outcome.findings.slice(0, 1);
  const { kinds: operations, sharings: mappings, ...sizes } = universe;
  sayDocument({
    ...outcome,
    model: reference,
    seconds,
    findings: shown.map(({ finding }) => finding),
    others: outcome.findings.slice(shown.length).map(({ finding }) => finding.signature),
    preemptions: options.preemptions,
    universe: { ...sizes, operations, mappings, workloads: enumeration.count },
    isStopped: !isOver,
    inconclusive: swept.cut,
    missProbability: missProbability(swept),
    met: swept.met,
  });
}

function sayText(
  outcome: Outcome,
  { reached, seconds }: Ending,
  { universe, enumeration, options, reference }: Subject,
  settings: Settings,
): void {
  const { swept } = reached;
  const shown = options.all ? outcome.findings : outcome.findings.slice(0, 1);
  sayOutcome(outcome, shown, { reference, preemptions: options.preemptions, seconds }, settings);
  if (options.all) {
    for (const { signature, workloads } of swept.met) {
      say(`${String(workloads).padStart(8)} of ${swept.workloads} workloads: ${signature}`);
    }
  }
  const cut = (Object.keys(swept.cut) as Cut[]).filter((why) => swept.cut[why] > 0);
  for (const why of cut) say(`inconclusive, ${why}: ${counted(swept.cut[why], 'workload')}`);
  say(`universe: ${counted(enumeration.count, 'workload')}, ${universeText(universe)}`);
  const missed = missProbability(swept).toExponential(1);
  say(`a state was missed, for the digest of another, with a probability of at most ${missed}`);
}
