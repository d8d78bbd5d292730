/**
 * What the player plays: a repro's run, the same run with steps swapped, the same workload on the model without a lock.
 * The engine itself runs, as `replay` and `check` run it; nothing is asked of the server.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import { readJson } from '../../corpus/vocabulary/json.ts';
import { parseRepro, type Repro } from '../../corpus/vocabulary/repro.ts';
import { VIOLATION_CLASSES, type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { checkModel } from '../../workers/model/check-model.ts';
import { compile } from '../../workers/model/compile.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { droppableLocks, swapped, withoutLock } from '../../workers/reproduce/what-if.ts';
import { Engine, type Traced, violationsOf } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import type { Subject } from '../../workers/views/explain.ts';
import { renderRunGraph } from '../../workers/views/lock-graph.ts';
import { renderMail } from '../../workers/views/mail.ts';
import { type Story, storyOf } from '../../workers/views/story.ts';
import { renderTimeline } from '../../workers/views/timeline.ts';

/** States that are searched where a lock is dropped: a second in a browser. */
const STATES_MAX = 100_000;

/** A lock that a model takes by name. */
export interface Droppable {
  readonly id: string;
  /** As the file system calls it. */
  readonly name: string;
}

/** One run on the stage. */
export interface Scenery {
  readonly story: Story;
  /** What it is and what came of it, for people. */
  readonly told: readonly string[];
  /** Whether it goes wrong as the finding does. */
  readonly shows: boolean;
  readonly traceDigest: string;
}

export class Played {
  readonly locks: readonly Droppable[];
  private readonly repro: Repro;
  private readonly recorded: Model;
  private model: Model;
  private engine: Engine;
  private traced: Traced;

  /** @throws Refusal where the text is no repro, or its model none of this build */
  constructor(text: string) {
    this.repro = parseRepro(text, 'repro');
    this.recorded = checkModel(readJson(this.repro.modelJson), 'repro', null, true);
    this.model = this.recorded;
    this.engine = new Engine(this.model);
    this.engine.load(this.input);
    this.traced = this.engine.trace(this.input.schedule);
    const { lockNames, lockIds } = compile(this.recorded);
    const own = (this.recorded.ownLocks ?? []).map(({ name }) => name);
    this.locks = droppableLocks(this.recorded).map((id) => {
      const name = own.includes(id) ? id : (lockNames[lockIds.indexOf(id)] ?? id);
      return { id, name };
    });
  }

  /** The lock that the finding is about: the one that its name, its deciding steps or what is held there say first. */
  suspectIn(story: Story): Droppable | undefined {
    const pair = story.steps.filter(({ isDeciding }) => isDeciding).map(({ text }) => text);
    const told = [this.repro.signature, ...pair, ...story.sentences, story.heldAtPair];
    const found = told.flatMap((text) => this.locks.find((lock) => isNamed(lock, text)) ?? []);
    return found[0];
  }

  get input(): Input {
    return this.repro.input;
  }

  /** The run of the repro. */
  start(): Scenery {
    this.use(this.recorded);
    this.traced = this.engine.trace(this.input.schedule);
    const isSame = this.traced.digest === this.repro.traceDigest;
    return this.scenery(
      isSame ? [] : ['This build of the engine runs it in another way than the one that found it.'],
    );
  }

  /** The run on the stage as a picture, its locks as a graph, and both as text for a mail. */
  pictures(): { readonly timeline: string; readonly graph: string; readonly mail: string } {
    const subject = this.subject();
    const input = { ...this.input, schedule: this.traced.schedule };
    const title = subject?.name ?? 'another run of the same operations';
    return {
      timeline: renderTimeline(storyOf(this.model, input, this.traced, subject), title),
      graph: renderRunGraph(this.model, input, this.traced.rows),
      mail: renderMail(this.model, input, this.traced, subject),
    };
  }

  /** Step `later` comes before step `earlier`, counted from 1. */
  swap(earlier: number, later: number): Scenery {
    const before = this.traced;
    this.traced = swapped(this.engine, before.rows, earlier, later);
    const wanted = before.rows[later - 1];
    const own = before.rows
      .slice(earlier - 1, later)
      .filter((row) => row.thread === wanted?.thread);
    // All of them came, the last of them as the step that was asked for.
    const now = this.traced.rows.slice(earlier - 1, earlier - 1 + own.length);
    const isMoved =
      now.every(({ thread }) => thread === wanted?.thread) && now.at(-1)?.label === wanted?.label;
    return this.scenery([
      isMoved
        ? `Step ${later} and what its thread does before it now come before step ${earlier}.`
        : `Step ${later} cannot come before step ${earlier}: its thread waits, or does something else.`,
    ]);
  }

  /** The same workload, every interleaving of it as far as the bound allows, on the model without the lock. */
  drop({ id, name }: Droppable): Scenery {
    this.use(withoutLock(this.recorded, id));
    const search = explore(this.engine, this.input, { statesMax: STATES_MAX, all: true });
    const found = worstOf(
      search.violations.flatMap(({ traced }) => violationsOf(traced)),
      this.repro.signature,
    );
    const shown = search.violations.find(({ signature }) => signature === found?.signature);
    this.engine.load(this.input);
    this.traced = this.engine.trace(shown?.traced.schedule ?? this.input.schedule);
    const states = search.states.toLocaleString('en');
    const searched =
      search.cutBy === null
        ? `Every interleaving of these operations was searched: ${states} states.`
        : `The search ended after ${states} states; more may go wrong.`;
    const others = search.violations.map(({ signature }) => signature);
    const what =
      others.length === 0
        ? `Without ${name} nothing ${search.cutBy === null ? 'goes' : 'that was searched goes'} wrong.`
        : `Without ${name}: ${others.join('; ')}.`;
    return this.scenery([what, searched]);
  }

  /** Null where the run on the stage does not show the finding. */
  private subject(): Subject | null {
    const { signature } = this.repro;
    if (violationsOf(this.traced).every((one) => one.signature !== signature)) return null;
    return subjectOn(this.model, { ...this.input, schedule: this.traced.schedule }, signature);
  }

  private use(model: Model): void {
    this.model = model;
    this.engine = new Engine(model);
    this.engine.load(this.input);
  }

  private scenery(told: readonly string[]): Scenery {
    const violations = violationsOf(this.traced);
    const input = { ...this.input, schedule: this.traced.schedule };
    const subject = this.subject();
    const shows = subject !== null;
    const story = storyOf(this.model, input, this.traced, subject);
    const ending = shows ? story.sentences : [endingOf(this.traced, violations)];
    return { story, told: [...told, ...ending], shows, traceDigest: this.traced.digest };
  }
}

function isNamed({ id, name }: Droppable, text: string): boolean {
  return [id, name].some((word) => ` ${text.replaceAll(/[^\w]+/g, ' ')} `.includes(` ${word} `));
}

function endingOf({ verdict }: Traced, violations: readonly Violation[]): string {
  if (verdict.kind === 'pass') return 'This run does not go wrong.';
  if (verdict.kind === 'inconclusive') return `This run came to no verdict: ${verdict.why}.`;
  const titles = violations.map(
    ({ class: symptom, signature }) => `${VIOLATION_CLASSES[symptom].title} (${signature})`,
  );
  return `This run goes wrong in another way: ${titles.join('; ')}.`;
}
