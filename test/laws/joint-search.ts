/** Several threads that search one workload find what one thread finds, to the digit. */
import assert from 'node:assert/strict';
import { Random } from '../../corpus/vocabulary/random.ts';
import { Engine } from '../../workers/run/engine.ts';
import type { Crew } from '../../workers/search/crew.ts';
import {
  type ExploreOptions,
  explore,
  type SearchResult,
} from '../../workers/search/exhaustive.ts';
import { SearchThreads } from '../../workers/service/search-threads.ts';
import { modelNamed } from '../support/models.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { generated, type Named, signaturesOf } from './laws.ts';

const STATES = 4000;

/** All that a search says, and the orders of locks that it saw contradicted. */
interface Said {
  readonly found: SearchResult;
  readonly contradictions: readonly string[];
}

export function said(
  engine: Engine,
  { workload }: Named,
  options: ExploreOptions,
  crew?: Crew,
): Said {
  engine.judge.contradictions.clear();
  const found = explore(engine, workload, options, undefined, crew);
  return { found, contradictions: [...engine.judge.contradictions].sort() };
}

/** Every kind of question in turn; limits that are met in the middle of a level. */
function optionsFor(number: number, random: Random): ExploreOptions {
  const all = number % 2 === 0;
  const statesMax = number % 3 === 0 ? 1 + random.below(STATES) : STATES;
  const isFused = number % 5 !== 0;
  if (number % 7 !== 0) return { all, statesMax, isFused };
  return { all, statesMax, isFused, counts: ({ class: its }) => its !== 'stale-pte' };
}

interface Joint {
  readonly engine: Engine;
  readonly crews: readonly SearchThreads[];
}

/** Two threads from the first level on, three from some level in the middle. */
function jointOn(name: string): Joint {
  const model = modelNamed(name);
  const crews = [
    new SearchThreads(model, 2, { states: 0, rows: 0, alone: 0 }),
    new SearchThreads(model, 3, { states: 200, rows: 4, alone: 1 }),
  ];
  for (const crew of crews) crew.begin();
  return { engine: new Engine(model), crews };
}

interface Searched {
  readonly signatures: Set<string>;
  /** Workloads with a limit that was met, and with contradictions. */
  cut: number;
  contradicted: number;
}

export function assertJobsAgree(name: string, workloads: number): Searched {
  const { engine, crews } = jointOn(name);
  const random = new Random(RNG_SEED).fork('limits');
  const searched: Searched = { signatures: new Set(), cut: 0, contradicted: 0 };
  let count = 0;
  try {
    for (const one of generated(RNG_SEED, `joint ${name}`)) {
      if (engine.lackingIn(one.workload) !== null) continue;
      const options = optionsFor(count, random);
      const alone = said(engine, one, options);
      for (const crew of crews) {
        assert.deepEqual(said(engine, one, options, crew), alone, `${name}\n${one.name}`);
      }
      for (const signature of signaturesOf(alone.found)) searched.signatures.add(signature);
      searched.cut += alone.found.cutBy === 'states' ? 1 : 0;
      searched.contradicted += alone.contradictions.length > 0 ? 1 : 0;
      if (++count === workloads) break;
    }
  } finally {
    for (const crew of crews) crew.close();
  }
  return searched;
}
