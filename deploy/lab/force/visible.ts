/**
 * What a run of the simulator shows a user: results of reads, and at the end read(2) and mappings. Oracles see more, such as
 * a stale pte that a second purge takes away; only what is left can be read from a kernel. Pure.
 */
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { AREAS, LINES_PER_PAGE, OPS, PAGES, STEPS_MAX } from '../../../corpus/vocabulary/limits.ts';
import { FILE_NAMES, PROCESS_NAMES } from '../../../corpus/vocabulary/names.ts';
import {
  OK,
  RESULT_NAMES,
  VMA_PRESENT,
  vmaFile,
  vmaPage,
  vmaPages,
} from '../../../workers/kernel/encoding.ts';
import { Kernel } from '../../../workers/kernel/kernel.ts';
import { SIZE, VMA } from '../../../workers/kernel/layout.ts';
import { defaultChoice } from '../../../workers/kernel/machine.ts';
import type { Program } from '../../../workers/kernel/program.ts';
import { World } from '../../../workers/kernel/world.ts';
import { Judge } from '../../../workers/oracles/judge.ts';
import { nameOfOp } from '../../../workers/views/c/operations.ts';
import { lineOf, mappedLine } from '../conform/simulator.ts';

/** As a program prints it; the tables of `workers/views/c`. */
export interface Visible {
  /** By `A1`: what its line says behind ` = `. */
  readonly results: ReadonlyMap<string, string>;
  /** Lines of each file by read(2). */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** By `A P0.a0`: file and area. */
  readonly areas: ReadonlyMap<string, readonly string[]>;
}

/** A thread and so many of its steps. */
export type Stretch = readonly [thread: number, steps: number];

export const PAST_EOF = '-';
/** Nothing is mapped there. */
export const NOT_MAPPED = '.';

export class Player {
  private readonly k: Kernel;
  private readonly workload: Workload;
  private readonly seen: Seen = new Seen();

  constructor(program: Program, workload: Workload) {
    this.workload = workload;
    this.k = new Kernel(program, this.seen);
    this.k.load(new World(workload));
    this.k.fused = 0;
  }

  /** Stretch by stretch, then each thread to its end; who ran at each step. */
  play(stretches: readonly Stretch[]): readonly number[] {
    const { k } = this;
    const choices: number[] = [];
    k.reset();
    this.seen.begin();
    let at = 0;
    let taken = 0;
    let current = -1;
    for (let enabled = k.enabled(); enabled !== 0; enabled = k.enabled()) {
      if (k.steps > STEPS_MAX) return choices;
      while (at < stretches.length && taken >= (stretches[at]?.[1] ?? 0)) {
        at++;
        taken = 0;
      }
      const wanted = stretches[at]?.[0] ?? -1;
      const isWanted = wanted >= 0 && (enabled & (1 << wanted)) !== 0;
      current = isWanted ? wanted : defaultChoice(k, enabled, current);
      taken++;
      choices.push(current);
      k.step(current);
    }
    return choices;
  }

  /** Of the run that was played last. */
  visible(): Visible {
    const lines = this.k.world.pageLimit * LINES_PER_PAGE;
    const each = (of: (line: number) => string): readonly string[] =>
      Array.from({ length: lines }, (_, line) => of(line));
    const files = this.workload.setup.files.map(
      (_, file) => [FILE_NAMES[file] ?? '', each((line) => this.read(file, line))] as const,
    );
    const areas = PROCESS_NAMES.flatMap((process, mm) =>
      Array.from({ length: AREAS }, (_, i) => mm * AREAS + i).flatMap((area) => {
        const vma = this.k.peek(VMA + area);
        if ((vma & VMA_PRESENT) === 0) return [];
        const name = `${FILE_NAMES[vmaFile(vma)]} ${process}.a${area % AREAS}`;
        return [[name, each((line) => this.mapped(area, vma, line))] as const];
      }),
    );
    return { results: this.seen.results, files: new Map(files), areas: new Map(areas) };
  }

  private read(file: number, line: number): string {
    return line < this.k.peek(SIZE + file) ? String(lineOf(this.k, file, line)) : PAST_EOF;
  }

  /** @param line of the file */
  private mapped(area: number, vma: number, line: number): string {
    const page = Math.floor(line / LINES_PER_PAGE) - vmaPage(vma);
    if (page < 0 || page >= vmaPages(vma)) return NOT_MAPPED;
    const value = mappedLine(this.k, area * PAGES + page, line % LINES_PER_PAGE);
    return value < 0 ? NOT_MAPPED : String(value);
  }
}

/** What each operation has read when it ends; of one that reads nothing, how it fails. */
class Seen extends Judge {
  results = new Map<string, string>();
  private read = new Map<number, number[]>();

  constructor() {
    super(new Set());
  }

  begin(): void {
    this.reset();
    this.results = new Map();
    this.read = new Map();
  }

  override lineRead(...args: Parameters<Judge['lineRead']>): void {
    const [, reader, , , value] = args;
    super.lineRead(...args);
    this.read.set(reader, [...(this.read.get(reader) ?? []), value]);
  }

  override opEnded(k: Kernel, thread: number, writer: number, result: number): void {
    super.opEnded(k, thread, writer, result);
    const name = nameOfOp({ thread, index: (writer - 1) % OPS });
    const values = this.read.get(writer);
    if (result !== OK) this.results.set(name, RESULT_NAMES[result] ?? '?');
    else if (values !== undefined) this.results.set(name, values.join(' '));
  }
}
