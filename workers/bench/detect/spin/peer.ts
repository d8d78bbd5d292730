/**
 * The second peer: SPIN, on the Promela program of a scenario. It shares no code with the engine: it draws and searches by
 * itself, and denies a claim; the engine is told which threads took a step, and says of which row that is.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assert } from '../../../../corpus/vocabulary/assert.ts';
import { Random } from '../../../../corpus/vocabulary/random.ts';
import { ReplayChoices } from '../../../schedulers/replay.ts';
import { DENIED, searchedFor, simulatedFor } from '../../../views/promela/watched.ts';
import type { Scenario, Trial } from '../scenarios.ts';
import { type Carried, carriedOver, judgeOf, type Searched } from './carried.ts';
import { failed, type SpinPrograms, Workshop } from './programs.ts';

/** A run of STEPS_MAX steps takes fewer. */
const STATEMENTS_MAX = 1_000_000;
/** The preprocessor has run once already; what is printed is not indented, the last state not shown. */
const SIMULATE = ['-Pcat', '-T', '-B', `-u${STATEMENTS_MAX}`];

/** As test/spin has it: write-only variables stay in the state, states are kept in full, nothing is reduced. */
const TRANSLATE = ['-o2', '-a', 'program.pml'];
const MEMORY_MB = 2048;
const COMPILE = ['-O0', '-w', '-DSAFETY', '-DNOREDUCE', `-DMEMLIM=${MEMORY_MB}`];
const SEARCH = ['-n', '-m1000000', '-w20'];
const REPLAY = ['-r', '-S', '-n'];
const STORED = /^ *(\d+) states, stored/m;
const ERRORS = /\berrors: (\d+)/;
/** Denials of a claim that are other rows of its class, before the search for this one is given up. */
const DENIALS_MAX = 64;

/** A scenario that SPIN has searched, or why it cannot. */
export type SpinSubject =
  | { readonly carried: Carried; readonly searched: Searched }
  | { readonly lacks: string };

export class SpinPeer {
  readonly version: string;
  private readonly programs: SpinPrograms;
  private readonly workshop: Workshop;

  private constructor(programs: SpinPrograms, workshop: Workshop, version: string) {
    this.programs = programs;
    this.workshop = workshop;
    this.version = version;
  }

  static async open(programs: SpinPrograms, stop: AbortSignal): Promise<SpinPeer> {
    const workshop = new Workshop(stop);
    try {
      const said = await workshop.must(programs.spin, ['-V'], workshop.folder);
      return new SpinPeer(programs, workshop, /Version (\S+)/.exec(said)?.[1] ?? said.trim());
    } catch (error) {
      workshop.close();
      throw error;
    }
  }

  close(): void {
    this.workshop.close();
  }

  async subjectOf(scenario: Scenario): Promise<SpinSubject> {
    const carried = carriedOver(scenario);
    if ('lacks' in carried) return carried;
    const searched = await this.search(carried);
    // A claim may say less than the oracle: what is denied nowhere is not in the program.
    if (searched.isFound || searched.cut !== null) return { carried, searched };
    const claims = carried.claims.join(', ');
    return { lacks: `no interleaving of its program denies ${claims} where ${scenario.row} shows` };
  }

  /** Counts simulations, each from a number of its own. */
  async trialOf(carried: Carried): Promise<Trial> {
    const folder = this.folderWith('simulated.pml', simulatedFor(carried.text, carried.claims));
    const { spin, gcc } = this.programs;
    const preprocess = ['-E', '-x', 'c', '-o', 'ready.pml', 'simulated.pml'];
    await this.workshop.must(gcc, preprocess, folder);
    const { engine, shows } = judgeOf(carried);
    const random = new Random(0);
    return async (rngSeed, schedulesMax) => {
      for (let n = 0; n < schedulesMax; n++) {
        random.reseed(rngSeed, n);
        const args = [`-n${spinSeed(random)}`, ...SIMULATE, 'ready.pml'];
        const said = await this.workshop.must(spin, args, folder);
        if (!isDenied(said)) continue;
        const choices = choicesIn(said);
        const steps = engine.run(new ReplayChoices(choices));
        assert(steps === choices.length, 'the engine takes the steps that SPIN took', steps);
        if (shows()) return n + 1;
      }
      return null;
    };
  }

  private async search(carried: Carried): Promise<Searched> {
    const folder = this.folderWith('program.pml', searchedFor(carried.text, carried.claims));
    const { spin, gcc } = this.programs;
    try {
      await this.workshop.must(spin, TRANSLATE, folder);
      await this.workshop.must(gcc, [...COMPILE, '-o', 'pan', 'pan.c'], folder);
      return await this.searchIn(folder, carried);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Depth first, until a claim is denied where the row shows. */
  private async searchIn(folder: string, carried: Carried): Promise<Searched> {
    const pan = path.join(folder, 'pan');
    let states = 0;
    for (let denials = 1; denials <= DENIALS_MAX; denials++) {
      const args = [...SEARCH, `-c${denials}`];
      const { stdout, over } = await this.workshop.run(pan, args, folder);
      if (over !== null) return { states, isFound: false, cut: 'time' };
      const [stored, errors] = [numberIn(stdout, STORED), numberIn(stdout, ERRORS)];
      if (stored === null || errors === null) throw failed(pan, args, `it says:\n${stdout}`);
      states = stored;
      if (errors < denials) return { states, isFound: false, cut: cutOf(stdout) };
      const trail = await this.workshop.must(pan, REPLAY, folder);
      if (showsAtEnd(carried, choicesIn(trail))) return { states, isFound: true, cut: null };
    }
    return { states, isFound: false, cut: 'denials' };
  }

  private folderWith(name: string, text: string): string {
    const folder = mkdtempSync(path.join(this.workshop.folder, 'program-'));
    writeFileSync(path.join(folder, name), text);
    return folder;
  }
}

/** From 1 to 2^30: SPIN's own generator takes numbers below 2^31 - 1. */
function spinSeed(random: Random): number {
  return (random.next() >>> 2) + 1;
}

function isDenied(said: string): boolean {
  return said.split('\n').includes(DENIED);
}

/** The threads that took a step, in order. */
function choicesIn(said: string): readonly number[] {
  return Array.from(said.matchAll(/^ *T(\d+) takes the step at \d+$/gm), ([, t]) => Number(t));
}

/** Whether the row shows by the last of these steps: a trail ends with the step that denies the claim. */
function showsAtEnd(carried: Carried, choices: readonly number[]): boolean {
  const { engine, shows } = judgeOf(carried);
  const { kernel, judge } = engine;
  judge.reset();
  kernel.reset();
  for (const t of choices) kernel.step(t);
  if (kernel.enabled() === 0) judge.ended(kernel);
  return shows();
}

function numberIn(said: string, pattern: RegExp): number | null {
  const found = pattern.exec(said)?.[1];
  return found === undefined ? null : Number(found);
}

function cutOf(said: string): Searched['cut'] {
  if (/max search depth too small/.test(said)) return 'depth';
  return /out of memory|MEMLIM|search not completed/i.test(said) ? 'memory' : null;
}
