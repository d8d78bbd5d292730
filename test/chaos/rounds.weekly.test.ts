/**
 * Ten seeds, twenty minutes of faults each. What a seed came to is kept at once, with its date, in
 * `.faultline/weekly/chaos-SEED.json`: stopped, the next run with the same RNG_SEED (`--resume`) goes on with the next.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { survivesRounds } from './rounds.ts';

const skip = await skipReason('redis-server');
const SEEDS = 10;
const MINUTES = 20;
const FOLDER = path.join(PACKAGE_ROOT, '.faultline/weekly');
const FILE = path.join(FOLDER, `chaos-${RNG_SEED}.json`);

type Passed = Readonly<Record<string, string>>;

function passed(): Passed {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Passed) : {};
}

function keep(seed: number): void {
  mkdirSync(FOLDER, { recursive: true });
  const all = { ...passed(), [seed]: new Date().toISOString() };
  writeFileSync(FILE, `${JSON.stringify(all, null, 2)}\n`);
}

for (let i = 0; i < SEEDS; i++) {
  const seed = (RNG_SEED + i) >>> 0;
  test(`seed ${seed}: faults lose nothing and double nothing`, { skip }, async (t) => {
    if (passed()[seed] !== undefined) return;
    await survivesRounds(t, seed, MINUTES * 60_000);
    keep(seed);
  });
}
