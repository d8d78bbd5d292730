/** Checks of the program itself: whether the build is whole, computes alike everywhere, and is heard. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { CANARY_ROW, rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { canonicalJson } from '../../corpus/vocabulary/json.ts';
import type { CanaryRun, Result } from '../../corpus/vocabulary/messages.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { CANARY_MODEL, modelOf } from '../../workers/models/registry.ts';
import { ExecutorPool } from '../../workers/service/executors.ts';
import { bad, fine, type Judgement } from '../doctor/judgement.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { BUILD_AGAIN, PACKAGE_ROOT, VERSION } from './installation.ts';

const PROGRAMS = ['main', 'executor-main', 'search-main', 'sweep-main'].map(
  (name) => `dist/bundle/${name}.js`,
);
/** Of a digest that is shown. */
const DIGITS = 12;

export function lookAtBuild(): Judgement {
  const missing = PROGRAMS.filter((name) => !existsSync(path.join(PACKAGE_ROOT, name)));
  if (missing.length > 0) return bad(`${missing.join(', ')} is missing`, BUILD_AGAIN);
  try {
    const [engine, build] = [engineDigest(), buildDigest()].map((one) => one.slice(0, DIGITS));
    return fine(`faultline ${VERSION}, engine ${engine}, build ${build}`);
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error), BUILD_AGAIN);
  }
}

const RUNS = 200;
/** Its answer is a digest of everything that was computed, and what was found in the model that always fails. */
const WORK: CanaryRun = {
  kind: 'canary',
  batch: {
    kind: 'fuzz',
    index: 0,
    model: CANARY_MODEL,
    rngSeed: 1,
    runs: RUNS,
    sources: [{ kind: 'fresh' }],
    settledDigest: null,
    settled: [],
    featuresDigest: null,
  },
};

/** The same runs by two engines of this thread, and by an executor's. */
export async function lookAtDeterminism(): Promise<Judgement> {
  const here = [0, 1].map(() => new WorkRunner(modelOf, VERSION).run(WORK));
  const pool = new ExecutorPool({ count: 1, engine: VERSION, name: 'doctor' });
  try {
    const { result: there } = await pool.execute(WORK);
    return judgeResults([...here, there]);
  } finally {
    await pool.close();
  }
}

/** @param results of the same work, each time */
export function judgeResults(results: readonly Result[]): Judgement {
  const kinds = new Set(results.map((result) => canonicalJson(result)));
  if (kinds.size > 1) {
    const suspect = 'suspect the memory of this machine: `sudo memtester 1G 1`';
    const remedy = `${suspect}; else please report it, with \`faultline version\``;
    return bad(`${results.length} times the same runs, ${kinds.size} results`, remedy);
  }
  const found = results.flatMap((result) => (result.kind === 'canary' ? result.found : []));
  if (!found.some((signature) => rowOf(signature)?.id === CANARY_ROW)) {
    return bad('the canary, which must always fail, was not met', BUILD_AGAIN);
  }
  return fine(`${RUNS} runs of the canary, ${results.length} times: the same, and it was met`);
}
