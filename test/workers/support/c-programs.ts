/** Programs in C of inputs, compiled and run; what the simulation says of the same input, in the same words. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { FILE_NAMES } from '../../../corpus/vocabulary/names.ts';
import { parseInput } from '../../../corpus/vocabulary/text.ts';
import { extentBlock, isWritten } from '../../../workers/kernel/encoding.ts';
import { Kernel } from '../../../workers/kernel/kernel.ts';
import { CPU, EXTENT, SIZE } from '../../../workers/kernel/layout.ts';
import { World } from '../../../workers/kernel/world.ts';
import { compile } from '../../../workers/model/compile.ts';
import { modelOf } from '../../../workers/models/registry.ts';
import { Judge } from '../../../workers/oracles/judge.ts';
import { PACKAGE_ROOT } from '../../support/package-root.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const run = promisify(execFile);
const STRICT = ['-pthread', '-Wall', '-Wextra', '-Werror'];

/** Seeds and planted findings. */
export function allInputs(): ReadonlyMap<string, Input> {
  const folders = ['corpus/seeds', 'test/cases'];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(PACKAGE_ROOT, folder))
      .filter((name) => name.endsWith('.txt'))
      .map((name) => path.join(folder, name)),
  );
  return new Map(
    files.map((file) => [
      path.basename(file, '.txt'),
      parseInput(readFileSync(path.join(PACKAGE_ROOT, file), 'utf8'), file),
    ]),
  );
}

/** @param texts by the name of a file */
export async function withPrograms<T>(
  texts: ReadonlyMap<string, string>,
  use: (folder: string, files: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-c-'));
  try {
    const files = Array.from(texts, ([name, text]) => {
      writeFileSync(path.join(folder, `${name}.c`), text);
      return `${name}.c`;
    });
    return await use(folder, files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws with what gcc says */
export async function gcc(folder: string, options: readonly string[]): Promise<void> {
  await run('gcc', [...STRICT, ...options], { cwd: folder, timeout: PATIENCE_MS });
}

/** The lines that it prints, on the file system of the folder. */
export async function runProgram(text: string): Promise<readonly string[]> {
  return withPrograms(new Map([['repro', text]]), async (folder) => {
    await gcc(folder, ['-O1', '-o', 'repro', 'repro.c']);
    const { stdout } = await run('./repro', ['.'], { cwd: folder, timeout: PATIENCE_MS });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
  });
}

/** What each load and pread of one thread saw, and the last row of each file, as a program prints them. */
export function simulated(model: string, input: Input): readonly string[] {
  const reader = new Reader();
  const k = new Kernel(compile(modelOf(model)), reader);
  k.load(new World(input));
  while (k.enabled() !== 0) k.step(0);
  const files = input.setup.files.map(
    (_, file) => `after ${FILE_NAMES[file]} pread ${held(k, file)}`,
  );
  return [
    ...Array.from(reader.seen, ([writer, values]) => `A${writer} ${values.join(' ')}`),
    ...files,
  ];
}

/** The same of what a program printed. */
export function shown(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    if (/^after \w pread /.test(line)) return [line];
    const read = /^(A\d) (?:load .* =|pread .*:) ([\d ]+)$/.exec(line);
    return read === null ? [] : [`${read[1]} ${read[2]}`];
  });
}

function held(k: Kernel, file: number): string {
  const lines = Array.from({ length: k.world.pageLimit * LINES_PER_PAGE }, (_, line) => {
    if (line >= k.peek(SIZE + file)) return '-';
    const extent = k.peek(EXTENT + file * PAGES + Math.floor(line / LINES_PER_PAGE));
    const word = extentBlock(extent) * LINES_PER_PAGE + (line % LINES_PER_PAGE);
    return isWritten(extent) ? k.peek(CPU + word) : 0;
  });
  return lines.join(' ');
}

class Reader extends Judge {
  readonly seen = new Map<number, number[]>();

  override lineRead(...args: Parameters<Judge['lineRead']>): void {
    const [, reader, , , value] = args;
    this.seen.set(reader, [...(this.seen.get(reader) ?? []), value]);
    super.lineRead(...args);
  }
}
