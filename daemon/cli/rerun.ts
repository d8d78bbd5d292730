/**
 * `findings --rerun`: every finding of another engine is judged by this one. What is shown again is filed in its
 * place; what is shown no more is set aside with the reason. New findings are on disk before an old one moves, so an
 * interruption anywhere leaves work to do and loses nothing.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { FindingStore } from '../../corpus/store/finding-store.ts';
import { Marks } from '../../corpus/store/marks.ts';
import {
  type AsideNote,
  type AsidePoint,
  readAside,
  setAside,
} from '../../corpus/store/set-aside.ts';
import type { Surveyed, Unreadable } from '../../corpus/store/survey.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { type FindingRecord, shownId } from '../../corpus/vocabulary/finding.ts';
import type { Repro } from '../../corpus/vocabulary/repro.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { compile } from '../../workers/model/compile.ts';
import { builtInModel, canonicalReference, isDigestOf } from '../../workers/models/registry.ts';
import { type Rejudged, rejudge } from '../../workers/reproduce/rejudge.ts';
import { replayVerdict } from '../../workers/reproduce/replay-verdict.ts';
import { Engine } from '../../workers/run/engine.ts';
import { engineDigest } from './identity.ts';
import { recordedModel } from './options/repro-model.ts';
import { progress, type Settings } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { commandOn, counted } from './output/render-finding.ts';
import { say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';

export interface Rerun {
  readonly store: FindingStore;
  readonly chosen: readonly Surveyed[];
  readonly unreadable: readonly Unreadable[];
  readonly statesMax: number;
  /** Told between two changes of the disk; tests end it there. */
  readonly reached?: (point: AsidePoint) => void;
}

/** What became of one finding; a line, and a row of `--json`. */
interface Outcome {
  readonly id: string;
  readonly signature: string;
  readonly outcome: 'same' | 'superseded' | 'fixed' | 'undecided';
  /** The model that judged; null if none could. */
  readonly model: string | null;
  /** Ids of the findings that are filed in its place. */
  readonly by: readonly string[];
  readonly why: string;
  /** Where it lies now. */
  readonly folder: string;
}

interface Judged {
  readonly old: FindingRecord;
  readonly model: Model;
  readonly rejudged: Rejudged;
}

const DISPLACED = 'another workload shows it to this engine';
const WIDTH = 'superseded'.length;

export async function rerun(asked: Rerun, settings: Settings): Promise<number> {
  const engine = engineDigest();
  const due = asked.chosen.filter(({ record }) => record.repro.engine !== engine);
  let isInterrupted = false;
  const release = onInterrupt(() => {
    isInterrupted = true;
    progress(settings, 'stopping: the finding under way is finished first (again: stop at once)');
  });
  try {
    const outcomes = await new Rerunner(asked, settings).run(due, () => isInterrupted);
    return sayEnd(asked, due.length, outcomes, settings);
  } finally {
    release();
  }
}

class Rerunner {
  private readonly asked: Rerun;
  private readonly settings: Settings;
  private readonly outcomes: Outcome[] = [];
  private readonly marks: Marks;
  /** Of old findings whose place a new repro of theirs has taken before their turn, where they lie now. */
  private readonly displaced = new Map<string, string>();

  constructor(asked: Rerun, settings: Settings) {
    this.asked = asked;
    this.settings = settings;
    this.marks = new Marks(settings.dataDir);
  }

  /** Those that are shown again first: a finding that takes another's place then meets their new repros. */
  async run(due: readonly Surveyed[], isOver: () => boolean): Promise<readonly Outcome[]> {
    const moving: Judged[] = [];
    for (const { record } of due) {
      // Signals are heard between two findings.
      await turn();
      if (isOver()) return this.outcomes;
      const judged = this.judge(record);
      if (judged === null) continue;
      if (judged.rejudged.kind === 'same') this.fileAgain(judged);
      else moving.push(judged);
    }
    for (const judged of moving) {
      await turn();
      if (isOver()) return this.outcomes;
      this.move(judged);
    }
    return this.outcomes;
  }

  /** Null if it is undecided, which is noted. */
  private judge(old: FindingRecord): Judged | null {
    const { statesMax } = this.asked;
    const name = `finding ${shownId(old.finding.id)}`;
    const recorded = readableModel(old.repro, name);
    const model = builtInModel(old.repro.modelRef) ?? recorded;
    if (model instanceof Refusal) {
      this.note(old, 'undecided', null, model.message);
      return null;
    }
    const names = recorded instanceof Refusal ? {} : { recorded: compile(recorded) };
    const options = { statesMax, engine: engineDigest(), ...names };
    const rejudged = rejudge(model, old, options);
    if (rejudged.kind !== 'undecided') return { old, model, rejudged };
    const states = counted(rejudged.states, 'state');
    const why = `${states} were searched and none shows it, but there are more; --states allows for them`;
    this.note(old, 'undecided', model, why);
    return null;
  }

  private fileAgain({ old, model, rejudged }: Judged): void {
    const { store } = this.asked;
    for (const record of rejudged.records) store.put(record);
    const { states } = rejudged;
    const why =
      states === 0 ? 'shown again' : `its schedule misses; one of ${states} states shows it`;
    this.note(old, 'same', model, why, [old.finding.id]);
  }

  private move({ old, model, rejudged }: Judged): void {
    const { records, states } = rejudged;
    const by = records.map(({ finding }) => finding.id);
    const searched = `none of ${counted(states, 'state')} of its workload shows it`;
    const remark = this.carriedRemark(old, model);
    for (const record of records) {
      this.file(record);
      this.marks.follow(old.finding.id, record.finding.id);
    }
    const displaced = this.displaced.get(old.finding.id);
    if (displaced !== undefined) {
      this.note(old, 'superseded', model, DISPLACED, [old.finding.id], displaced);
    } else if (by.length === 0) this.aside(old, 'fixed', model, `${searched}${remark}`, by);
    else {
      const shown = records.map(({ finding: { id, signature } }) => `${shownId(id)} ${signature}`);
      this.aside(old, 'superseded', model, `now ${shown.join('; ')}${remark}`, by);
    }
  }

  /** In the place of a repro of another engine only where that one has been moved aside. */
  private file(record: FindingRecord): void {
    const { store } = this.asked;
    const { id, signature, model } = record.finding;
    const { engine } = record.repro;
    const there = this.asked.chosen.find(({ finding }) => finding.id === id)?.record;
    const isFiled = this.outcomes.some((one) => one.id === id && one.outcome !== 'undecided');
    if (there !== undefined && !isFiled && there.repro.engine !== engine) {
      const note = {
        id,
        signature,
        outcome: 'superseded',
        by: [id],
        why: DISPLACED,
        model,
        engine,
      } as const;
      const folder = setAside(this.settings.dataDir, store, there.repro, note, this.asked.reached);
      if (folder !== null) this.displaced.set(id, folder);
    }
    store.put(record);
  }

  private aside(
    old: FindingRecord,
    outcome: AsideNote['outcome'],
    model: Model,
    why: string,
    by: readonly string[],
  ): void {
    const { store } = this.asked;
    const { id, signature } = old.finding;
    const judge = { model: canonicalReference(model), engine: engineDigest() };
    const note = { id, signature, outcome, by, why, ...judge };
    const { reached } = this.asked;
    const { dataDir } = this.settings;
    const folder = setAside(dataDir, store, old.repro, note, reached);
    // Two reruns come to the same: one that was faster has moved it.
    const there = folder ?? readAside(dataDir, id).at(-1)?.folder;
    const isThere = store.idsOf(id).length > 0;
    if (there !== undefined && !isThere) this.note(old, outcome, model, why, by, there);
    else this.note(old, 'same', model, 'another process has filed a new repro of it', [id]);
  }

  /** Whether it was the model that changed: the one that the repro carries, judged by this engine. */
  private carriedRemark({ finding, repro }: FindingRecord, model: Model): string {
    const recorded = readableModel(repro, shownId(finding.id));
    if (recorded instanceof Refusal || isDigestOf(model, repro.modelDigest)) return '';
    const sweep = { statesMax: this.asked.statesMax, traceDigest: null };
    const { verdict } = replayVerdict(new Engine(recorded), repro.input, repro.signature, sweep);
    return verdict === 'reproduced'
      ? '; its model has changed: the one that it carries still shows it (replay --recorded-model)'
      : '; the model that it carries does not show it either';
  }

  private note(
    { finding: { id, signature } }: FindingRecord,
    outcome: Outcome['outcome'],
    model: Model | null,
    why: string,
    by: readonly string[] = [],
    folder: string = this.asked.store.folderOf(id),
  ): void {
    const reference = model && canonicalReference(model);
    this.outcomes.push({ id, signature, outcome, model: reference, by, why, folder });
    if (this.settings.isJson) return;
    const on = reference === null ? '' : ` on ${reference}`;
    say(
      `${outcome.padEnd(WIDTH)}  ${shownId(id)}  ${signature}${on}\n  ${why.replaceAll('; ', '\n  ')}`,
    );
  }
}

/** The model that a repro carries, or why this build cannot read it. */
function readableModel(repro: Repro, name: string): Model | Refusal {
  try {
    return recordedModel(repro, name);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function sayEnd(
  { unreadable }: Rerun,
  due: number,
  outcomes: readonly Outcome[],
  settings: Settings,
): number {
  const left = due - outcomes.length;
  const undecided = outcomes.filter(({ outcome }) => outcome === 'undecided').length;
  if (settings.isJson) {
    sayDocument({ engine: engineDigest(), judged: outcomes, left, unreadable });
  }
  const kinds = ['same', 'superseded', 'fixed', 'undecided'] as const;
  const counts = kinds.map((kind) => {
    return `${outcomes.filter(({ outcome }) => outcome === kind).length} ${kind}`;
  });
  const { dataDir } = settings;
  if (due > 0) {
    progress(
      settings,
      `${counted(due, 'finding')} of other engines in ${dataDir}: ${counts.join(', ')}`,
    );
  }
  if (left > 0) {
    const command = commandOn('findings --rerun', dataDir);
    progress(settings, `stopped: ${left} are left; \`${command}\` goes on`);
    return EXIT.done;
  }
  if (undecided > 0 || unreadable.length > 0) return EXIT.cannotJudge;
  if (due > 0) return EXIT.done;
  progress(settings, `nothing to judge again in ${dataDir}: no finding of another engine`);
  return EXIT.nothing;
}
