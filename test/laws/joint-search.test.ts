/** Several threads that search one workload find what one thread finds; a crew that does not is seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import type { Answer, Crew, Order } from '../../workers/search/crew.ts';
import { SearchThreads } from '../../workers/service/search-threads.ts';
import { seedNamed } from '../workers/support/search.ts';
import { assertJobsAgree, said } from './joint-search.ts';

const WORKLOADS = 8;

test(`one, two and three threads say the same of ${WORKLOADS} workloads`, () => {
  const { signatures, cut, contradicted } = assertJobsAgree('v43rc-immap-write', WORKLOADS);
  assert.ok(signatures.size > 0 && cut > 0 && contradicted > 0, `${cut} ${contradicted}`);
});

test('one, two and three threads see the same never end', () => {
  const { signatures } = assertJobsAgree('punch-never-ends.json', WORKLOADS);
  assert.ok(signatures.has('never-ends punch'), [...signatures].join());
});

/** Threads of which something is made wrong on its way to the caller. */
class Tampered implements Crew {
  private readonly crew: Crew;
  private readonly spoil: (answer: Answer, order: Order) => Answer;

  constructor(crew: Crew, spoil: (answer: Answer, order: Order) => Answer) {
    this.crew = crew;
    this.spoil = spoil;
  }

  joins(states: number): boolean {
    return this.crew.joins(states);
  }

  isWorth(rows: number): boolean {
    return this.crew.isWorth(rows);
  }

  /** The other threads come first, so that they have the rows. */
  together(order: Order, own: () => void): readonly Answer[] {
    const answers = this.crew.together(order, () => undefined);
    own();
    return answers.map((answer) => this.spoil(answer, order));
  }
}

const SPOILT: readonly (readonly [string, (answer: Answer, order: Order) => Answer])[] = [
  ['loses what others saw', (answer) => ({ ...answer, violations: [] })],
  [
    'takes what others saw for later',
    ({ violations, ...answer }) => ({
      ...answer,
      violations: violations.map(({ link, what }) => ({ link: link + 8, what })),
    }),
  ],
];

test('what a crew gets wrong is seen, what it does in another order makes no difference', () => {
  const model = modelOf('v42-immap-read');
  const engine = new Engine(model);
  const one = { name: 'standard', workload: seedNamed('standard') };
  const options = { statesMax: 20_000, all: true };
  const threads = new SearchThreads(model, 2, { states: 0, rows: 0, alone: 0 });
  threads.begin();
  try {
    const alone = said(engine, one, options);
    assert.ok(alone.found.violations.length > 0);
    const late = new Tampered(threads, (answer) => answer);
    assert.deepEqual(said(engine, one, options, late), alone);
    for (const [what, spoil] of SPOILT) {
      const tampered = new Tampered(threads, spoil);
      assert.throws(() => assert.deepEqual(said(engine, one, options, tampered), alone), what);
    }
  } finally {
    threads.close();
  }
});
