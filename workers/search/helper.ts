/** What another thread does of a search, order by order. Pure: a thread of `service/` brings the orders. */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Engine } from '../run/engine.ts';
import { beginSearch } from './begin.ts';
import type { Answer, Beginning, Order } from './crew.ts';
import { Expander } from './expander.ts';
import { TouchedWords } from './touched-words.ts';

export class Helper {
  private readonly engine: Engine;
  private expander: Expander | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  perform(order: Order): Answer {
    if (order.phase === 'begin') this.begin(order);
    const { expander } = this;
    assert(expander !== undefined, 'a search begins before it goes on', order.phase);
    if (order.phase !== 'begin') expander.perform(order);
    return expander.answer();
  }

  private begin({ workload, isFused, memory }: Beginning): void {
    const { engine } = this;
    engine.judge.contradictions.clear();
    beginSearch(engine, workload, isFused);
    const touched = new TouchedWords(engine.kernel.words.slice(), memory.touched);
    this.expander = new Expander(engine, touched, memory);
  }
}
