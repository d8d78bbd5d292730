/**
 * A schedule that shows the same with fewer preemptions, where there are too many to try them all: runs of one
 * thread are pushed on to that thread's next, or pulled back to its last (dejafu's way). Pure.
 */
import type { Witness } from '../../corpus/breeding/minimize.ts';
import type { Wanted } from '../../corpus/vocabulary/verdict.ts';
import type { Engine, Traced } from '../run/engine.ts';
import { witnessOf } from './hunt.ts';

/** Steps that one thread took in a row. */
interface Block {
  readonly thread: number;
  readonly steps: number;
}

/** Each success has fewer preemptions than what it came from, so this ends. */
export function calm(engine: Engine, start: Witness, wanted: Wanted): Witness {
  engine.load(start.input);
  let best = start;
  let blocks = blocksOf(engine.trace(start.input.schedule));
  for (let next = 0; next < blocks.length; next++) {
    for (const candidate of [pushed(blocks, next), pulled(blocks, next)]) {
      if (candidate === null) continue;
      const traced = engine.traceChoices(choicesOf(candidate));
      const witness = witnessOf(start.input, traced, wanted);
      if (witness === null || witness.preemptions >= best.preemptions) continue;
      best = witness;
      blocks = blocksOf(traced);
      next = -1;
      break;
    }
  }
  return best;
}

function blocksOf({ rows }: Traced): readonly Block[] {
  const blocks: Block[] = [];
  for (const { thread } of rows) {
    const last = blocks.at(-1);
    if (last?.thread === thread) blocks[blocks.length - 1] = { thread, steps: last.steps + 1 };
    else blocks.push({ thread, steps: 1 });
  }
  return blocks;
}

function pushed(blocks: readonly Block[], from: number): readonly Block[] | null {
  const thread = blocks[from]?.thread;
  const into = blocks.findIndex((block, i) => i > from && block.thread === thread);
  return into < 0 ? null : joined(blocks, from, into);
}

function pulled(blocks: readonly Block[], from: number): readonly Block[] | null {
  const thread = blocks[from]?.thread;
  const into = blocks.findLastIndex((block, i) => i < from && block.thread === thread);
  return into < 0 ? null : joined(blocks, from, into);
}

function joined(blocks: readonly Block[], from: number, into: number): readonly Block[] {
  const steps = (blocks[from]?.steps ?? 0) + (blocks[into]?.steps ?? 0);
  return blocks.flatMap((block, i) => (i === from ? [] : i === into ? { ...block, steps } : block));
}

function choicesOf(blocks: readonly Block[]): readonly number[] {
  return blocks.flatMap(({ thread, steps }) => new Array<number>(steps).fill(thread));
}
