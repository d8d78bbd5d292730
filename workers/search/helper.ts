/** What another thread does of a search, order by order. Pure: who brings the orders is the door's. */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Engine } from '../execute.ts';
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
    const k = engine.kernel;
    engine.load(workload);
    engine.judge.reset();
    engine.judge.contradictions.clear();
    k.footprints = false;
    k.fused = isFused ? k.fusable : 0;
    k.reset();
    k.logging = true;
    const touched = new TouchedWords(k.words.slice(), memory.touched);
    this.expander = new Expander(engine, touched, memory);
  }
}
