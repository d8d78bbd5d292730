/** A coordinator in which every text that somebody else has written is a hostile one. */
import assert from 'node:assert/strict';
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import type { CampaignPhase } from '../../daemon/campaign/views.ts';
import { PAYLOADS } from './payloads.ts';
import { type MemoryShowing, type Sample, SUBMISSION, worker } from './showing.ts';

const EMPTY = '<svg xmlns="http://www.w3.org/2000/svg"/>';
/** Of a model whose design has all texts. */
export const NAME = 'v42-immap-read';

/** One finding, one model and one worker for each text, each with it in every field, and one of each for all at once. */
export function fill(showing: MemoryShowing, disguise: (payload: string) => string): void {
  const single = PAYLOADS.map(disguise);
  const all = single.join(' ');
  const texts = [...single, all];
  for (const [index, text] of texts.entries()) {
    showing.publish(`stale-pte n${index}`, sampleOf(index, text));
    showing.designs.set(modelOf(index, text), designOf([text]));
    showing.timelines.set(idOf(index), { svg: EMPTY, says: [text], pair: [text, text] });
  }
  showing.designs.set(NAME, designOf(single));
  const [ordinary] = showing.status().models;
  assert.ok(ordinary);
  const names = [NAME, ...texts.map((text, index) => modelOf(index, text))];
  const models = names.map((model) => ({ ...ordinary, model, notSeen: [model] }));
  const facts = { campaign: all, version: all, build: all, state: all as CampaignPhase };
  const schedulers = single.map((scheduler) => ({ scheduler, witnesses: 1, findings: 1 }));
  showing.facts = { ...facts, models, schedulers };
  showing.workers = texts.map((text) => {
    return worker(text, { host: text, version: text, build: text, metrics: text });
  });
  const violation = { signature: all, known: all, looksLike: all, id: all, stage: null };
  const answer = { model: all, modelDigest: all, why: all, violations: [violation] };
  const answers = SUBMISSION.answers.map((one) => ({ ...one, ...answer }));
  showing.answer = { ...SUBMISSION, text: all, answers };
}

export function idOf(index: number): string {
  return index.toString(16).padStart(64, '0');
}

/** No two are the same, harmless ones neither, up to a colon neither. */
function modelOf(index: number, text: string): string {
  return `${index}${text}`;
}

function sampleOf(index: number, text: string): Sample {
  // What a type rules out may come from another build all the same.
  const finding = { ...{ signature: text, title: text, class: text }, id: idOf(index) } as unknown;
  const named = {
    known: modelOf(index, text),
    model: text,
    models: [modelOf(index, text)],
    sites: [text],
  };
  const howFound = { rngSeed: 1, batch: 1, run: 1, testsUsed: 1, scheduler: text, proof: text };
  return {
    finding: { ...(finding as StoredFinding), ...named },
    record: {
      columns: `${text}\n${text}`,
      repro: text,
      howFound: { ...howFound, criticalPair: [text, text] },
    },
    notOn: [text, text],
    reproDigest: text,
    mark: { as: 'duplicate-of', of: text, note: text },
  };
}

function designOf(texts: readonly string[]) {
  const all = texts.join(' ');
  const lists = { find: texts, clean: texts, order: texts, problems: texts };
  return { title: all, text: all, ...lists, graph: EMPTY };
}
