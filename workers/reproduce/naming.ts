/**
 * What a finding is called: a row of the catalogue is `known` on a built-in model as it is delivered, for which the row
 * was reviewed; on any other it only looks like one.
 */
import { CANARY_ROW, rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { STANDINGS, type Standing, type StoredFinding } from '../../corpus/vocabulary/finding.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { titleOf } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import { compile } from '../model/compile.ts';
import { builtInModel, CANARY_MODEL, isBuiltIn } from '../models/registry.ts';
import { Engine } from '../run/engine.ts';
import type { Subject } from '../views/explain.ts';
import { criticalPair } from './critical-pair.ts';
import { stepOf } from './hunt.ts';

export type Name = Pick<StoredFinding, 'known' | 'looksLike' | 'title' | 'standing'>;

export function nameOn(signature: string, model: Model): Name {
  const builtIn = isBuiltIn(model);
  const row = rowOf(signature, builtIn);
  const title = titleOf(signature, (lock) => lockNameOn(model, lock));
  const unnamed: Name = { known: null, looksLike: null, title, standing: 'new' };
  if (row === null) return unnamed;
  const { id } = row;
  const named = { title: row.title, standing: standingOn(id, model) };
  if (id === CANARY_ROW && !(builtIn && model.name === CANARY_MODEL)) return unnamed;
  return builtIn
    ? { known: id, looksLike: null, ...named }
    : { known: null, looksLike: id, ...named };
}

function lockNameOn(model: Model, lock: string): string {
  const { lockIds, lockNames } = compile(model);
  return lockNames[lockIds.indexOf(lock)] ?? lock;
}

/** What the model says of a row. */
function standingOn(row: string, { expect }: Pick<Model, 'expect'>): Standing {
  if (expect.clean.includes(row)) return 'forbidden';
  return expect.find.includes(row) ? 'expected' : 'new';
}

/** The worst of what its models say, as far as they are built in; a finding may be met on another than its repro's. */
export function standingOf(finding: StoredFinding): Standing {
  const row = finding.known;
  // What a model of somebody's own is expected to show only that model says.
  const said = row === null ? [] : finding.models.flatMap((name) => builtInModel(name) ?? []);
  const all = [finding.standing, ...said.map((model) => standingOn(row ?? '', model))];
  return STANDINGS.findLast((one) => all.includes(one)) ?? 'new';
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
