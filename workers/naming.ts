/**
 * What a finding is called: a row of the catalogue is `known` on a built-in model as it is delivered, for which the row
 * was reviewed; on any other it only looks like one.
 */
import { CANARY, rowOf } from '../corpus/vocabulary/catalogue.ts';
import type { Input } from '../corpus/vocabulary/input.ts';
import { titleOf } from '../corpus/vocabulary/verdict.ts';
import { criticalPair } from './critical-pair.ts';
import { Engine } from './execute.ts';
import { stepOf } from './hunt.ts';
import type { Model } from './kernel/path.ts';
import { isBuiltIn } from './models/registry.ts';
import type { Subject } from './views/explain.ts';

export interface Name {
  readonly known: string | null;
  readonly looksLike: string | null;
  readonly title: string;
}

/** The built-in model that must always fail. */
const CANARY_MODEL = 'canary';

export function nameOn(signature: string, model: Model): Name {
  const row = rowOf(signature);
  const unnamed = { known: null, looksLike: null, title: titleOf(signature) };
  if (row === null) return unnamed;
  const { id, title } = row;
  const builtIn = isBuiltIn(model);
  if (id === CANARY && !(builtIn && model.name === CANARY_MODEL)) return unnamed;
  return builtIn ? { known: id, looksLike: null, title } : { known: null, looksLike: id, title };
}

/** As drawings and last lines say it: `B12 fault maps a block …`. */
export function nameInWords(signature: string, model: Model): string {
  const { known, looksLike, title } = nameOn(signature, model);
  if (known !== null) return `${known} ${title}`;
  return looksLike === null ? `new: ${title}` : `looks like ${looksLike}: ${title}`;
}

/** What a drawing of a run says of one of its violations. */
export function subjectOn(model: Model, input: Input, signature: string): Subject {
  const engine = new Engine(model);
  engine.load(input);
  const isShown = stepOf(engine.trace(input.schedule), signature) > 0;
  const pair = isShown ? criticalPair(engine, input, signature) : null;
  const name = nameInWords(signature, model);
  return { signature, name, pair: pair && [pair.before, pair.after] };
}
