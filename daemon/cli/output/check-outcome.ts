/** What `check` found: findings minimized, kept and shown, and the line with the verdict. */
import { FindingStore } from '../../../corpus/store/finding-store.ts';
import { Refusal } from '../../../corpus/vocabulary/errors.ts';
import { type Finding, ROW_LABEL_WIDTH, rowLabel } from '../../../corpus/vocabulary/finding.ts';
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { EXHAUSTIVE } from '../../../corpus/vocabulary/messages.ts';
import { printRepro } from '../../../corpus/vocabulary/repro.ts';
import { VIOLATION_CLASSES } from '../../../corpus/vocabulary/verdict.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import { drawnRecord, minimizedRecord } from '../../../workers/reproduce/finding-record.ts';
import { PROOF_STEPS_MAX } from '../../../workers/reproduce/reproduce.ts';
import type { Engine } from '../../../workers/run/engine.ts';
import type { BitCoverage, BitSearchResult } from '../../../workers/search/bit-search.ts';
import type { Counterexample, SearchResult } from '../../../workers/search/exhaustive.ts';
import { engineDigest } from '../identity.ts';
import type { Settings } from '../options/settings.ts';
import { EXIT } from './endings.ts';
import { counted, renderFinding } from './render-finding.ts';
import { note, say } from './terminal.ts';

export const HINTS_INCONCLUSIVE = {
  states: 'there are more states; --states allows for them',
  room: "an interleaving takes more than the simulator's own room: pages, blocks, nested locks",
  liveness: 'states that nothing may lead out of are too many to tell',
  table: 'the table is half full; a larger --bitstate looks further',
  depth: 'there are longer paths than such a search follows',
} as const;
export const EXIT_OF = {
  verified: EXIT.done,
  unproven: EXIT.done,
  violation: EXIT.bad,
  inconclusive: EXIT.cannotJudge,
} as const;

const HOW_FOUND = { rngSeed: null, batch: null, run: null, scheduler: EXHAUSTIVE } as const;
/** Of one minimization; a tenth of a second, nearly always. */
const BUDGET = { testsMax: 4000, statesMax: PROOF_STEPS_MAX };

export interface Outcome {
  readonly verdict: SearchResult['verdict'] | BitSearchResult['verdict'];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly workloads: number;
  readonly findings: readonly Shown[];
  /** Signatures that were met and passed by. */
  readonly ignored: readonly string[];
  /** Every state of these workloads was seen: there is no other finding. */
  readonly isComplete: boolean;
  readonly cutBy: SearchResult['cutBy'] | BitSearchResult['cutBy'];
  /** Of a search that keeps bits of a state. */
  readonly bitstate?: Bitstate;
}

/** What such a search looked at, over all workloads. */
export interface Bitstate extends BitCoverage {
  readonly megabytes: number;
}

/** The run that was found here, also where a better repro of the same finding was kept. */
export interface Shown {
  readonly finding: Finding;
  readonly columns: string;
  /** Where the repro that was kept is of another model, what shows this one again: its replay may say `fixed`. */
  readonly again: string | undefined;
}

/** Of what the outcome is. */
interface Asked {
  readonly reference: string;
  readonly preemptions: number | null;
  readonly seconds: number;
}

export function sayOutcome(
  outcome: Outcome,
  shown: readonly Shown[],
  { reference, preemptions, seconds }: Asked,
  { dataDir }: Settings,
): void {
  for (const { finding, columns, again } of shown) {
    say(`${renderFinding(finding, columns, dataDir, again)}\n`);
  }
  for (const line of restLines(outcome, shown)) say(line);
  const { verdict, states, transitions, depth, workloads } = outcome;
  const searched = `${counted(states, 'state')}, ${counted(transitions, 'transition')}, depth ${depth}`;
  const many = `${counted(workloads, 'workload')} on ${reference}`;
  say(`${verdict}: ${many}, ${boundText(preemptions)}${searched}, ${seconds} s`);
  if (preemptions !== null) say(BOUNDED);
  if (outcome.bitstate !== undefined) sayBitstate(outcome.bitstate, states);
}

function sayBitstate({ megabytes, hashFactor, missed }: Bitstate, states: number): void {
  const factor = Math.floor(hashFactor);
  const share = ((100 * missed) / (states + missed)).toPrecision(2);
  const looked = `bitstate: ${counted(states, 'state')} looked at, three bits each in ${megabytes} MB, ${factor} bits of it a state`;
  const lost =
    missed < 1
      ? `with a probability of about ${missed.toExponential(1)} another was taken for one of them and missed`
      : `about ${Math.round(missed)} more (${share} %) were taken for one of them and missed, and so was what only those lead to`;
  say(`${looked}; ${lost}`);
  say('not asked: whether operations end');
}

/** Said wherever interleavings are left out. */
function boundText(preemptions: number | null): string {
  return preemptions === null ? '' : `at most ${counted(preemptions, 'preemption')}, `;
}

const BOUNDED =
  'interleavings with more preemptions, and operations that never end, were not looked for';

/** What was found and is not shown, what was passed by, and whether there may be more. */
function restLines(outcome: Outcome, shown: readonly Shown[]): readonly string[] {
  const { findings, ignored, isComplete, verdict, bitstate } = outcome;
  const endsEarly = verdict === 'violation' && !isComplete && bitstate === undefined;
  const more = findings.slice(shown.length).map(({ finding }) => {
    return `  ${rowLabel(finding).padEnd(ROW_LABEL_WIDTH)} ${finding.signature}`;
  });
  return [
    ...(more.length === 0 ? [] : ['also, shown by --all:', ...more]),
    ...(ignored.length === 0 ? [] : ['ignored:', ...ignored.map((one) => `  ${one}`)]),
    ...(endsEarly ? ['more may exist: --all searches to the end'] : []),
  ];
}

export function rankOf({ finding }: Shown): number {
  return VIOLATION_CLASSES[finding.class].rank;
}

/** @param check the command that shows them once more */
export function keep(
  engine: Engine,
  model: Model,
  workload: Workload,
  violations: readonly Counterexample[],
  { dataDir }: Settings,
  check: string,
): readonly Shown[] {
  const store = new FindingStore(dataDir);
  return violations.map(({ signature, traced }) => {
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
