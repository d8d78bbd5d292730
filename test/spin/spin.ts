/** A Promela program compiled and searched by SPIN: how many states there are, and which claims fail. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DebianProgram } from '../support/debian.ts';
import { PATIENCE_MS } from '../support/patience.ts';

export interface SpinVerdict {
  readonly states: number;
  readonly denied: readonly string[];
}

/** Write-only variables stay in the state (-o2), or states that differ in nothing else would be one. */
const TRANSLATE = ['-o2', '-a', 'program.pml'];
/** Every state in full, no reduction; on behind the first violation; a hash table for a million states. */
const COMPILE = ['-w', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c'];
const SEARCH = ['-c0', '-n', '-m1000000', '-w20'];

const run = promisify(execFile);

/** @param optimized as gcc calls it */
export async function searchWithSpin(
  text: string,
  { path: spin, gcc = 'gcc' }: DebianProgram,
  optimized: '-O0' | '-O2',
): Promise<SpinVerdict> {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-spin-'));
  const options = { cwd: folder, timeout: PATIENCE_MS, maxBuffer: 64 << 20 };
  try {
    writeFileSync(path.join(folder, 'program.pml'), text);
    await run(spin, TRANSLATE, options);
    await run(gcc, [optimized, ...COMPILE], options);
    const { stdout } = await run('./pan', SEARCH, options);
    return verdictOf(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Anything that is not a claim that failed, such as a block within a step, is a defect of the program. */
function verdictOf(said: string): SpinVerdict {
  const states = Number(/^ *(\d+) states, stored/m.exec(said)?.[1]);
  const errors = Array.from(
    said.matchAll(/^pan:\d+: (.*) \(at depth \d+\)$/gm),
    ([, what]) => what,
  );
  const claims = errors.map((what) => /^assertion violated {2}!\((\w+)\)$/.exec(what ?? '')?.[1]);
  const isWhole = !/search not completed|max search depth too small|out of memory/i.test(said);
  if (!isWhole || Number.isNaN(states) || claims.includes(undefined)) {
    throw new Error(`SPIN did not search it all, or says what no claim does:\n${said}`);
  }
  return { states, denied: [...new Set(claims.flatMap((claim) => claim ?? []))].sort() };
}
