/** What is wrong in the text of a model, all of it at once. */
import { type FileProblem, failInFile } from '../../corpus/vocabulary/errors.ts';
import { printableFile } from '../../corpus/vocabulary/printable.ts';
import type { Spot } from '../../corpus/vocabulary/spots.ts';

/** Problems beyond these are only counted, so that a hostile file costs no time. */
const KEPT_MAX = 100;

export class Report {
  readonly file: string;
  count = 0;
  private readonly problems = new Map<string, FileProblem>();

  constructor(file: string) {
    this.file = printableFile(file);
  }

  add({ line, column }: Spot, what: string): void {
    this.addProblem({ file: this.file, line, column, where: '', what });
  }

  addProblem(problem: FileProblem): void {
    const key = `${problem.line}:${problem.column} ${problem.what}`;
    if (this.problems.has(key)) return;
    this.count += 1;
    if (this.problems.size < KEPT_MAX) this.problems.set(key, problem);
  }

  /** @throws Refusal MODEL_INVALID for all that was added, if anything was */
  end(): void {
    if (this.count === 0) return;
    const at = ({ line, column }: FileProblem): number => (line ?? 0) * 2 ** 21 + (column ?? 0);
    const problems = [...this.problems.values()].sort((a, b) => at(a) - at(b));
    throw failInFile('MODEL_INVALID', problems, this.count);
  }
}
