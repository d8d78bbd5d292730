/** The hand-written sequences that come with the package, in order of their names. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { readStored } from '../disk/read-bounded.ts';
import { EMPTY_SCHEDULE, type Input } from '../vocabulary/input.ts';
import { parseInput, printInput } from '../vocabulary/text.ts';

export interface Seed {
  /** The file's name without its ending. */
  readonly name: string;
  readonly input: Input;
}

export function readSeeds(packageRoot: string): readonly Seed[] {
  const folder = path.join(packageRoot, 'corpus/seeds');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const input = parseInput(readStored(path.join(folder, name)), name);
      return { name: name.slice(0, -'.txt'.length), input };
    });
}

/** Their workloads, for a campaign. */
export function seedTexts(packageRoot: string): readonly string[] {
  return readSeeds(packageRoot).map(({ input }) =>
    printInput({ ...input, schedule: EMPTY_SCHEDULE }),
  );
}
