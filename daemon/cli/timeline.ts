/** The run of a kept finding as the page shows it: its picture, what that says, the two steps that decide in words. */

import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { PackedRecord } from '../../corpus/vocabulary/finding.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { nameInWords } from '../../workers/reproduce/naming.ts';
import { Engine } from '../../workers/run/engine.ts';
import { type Story, storyOf } from '../../workers/views/story.ts';
import { renderTimeline } from '../../workers/views/timeline.ts';
import type { Timeline } from '../campaign/views.ts';
import { recordedModel } from './options/repro-model.ts';

/** Drawn again where more were asked for since. */
const KEPT_MAX = 64;

/** By the repro's text; undefined where this build does not run it as it was found. */
const kept = new Map<string, Timeline | undefined>();

export function timelineOf(record: PackedRecord): Timeline | undefined {
  const { repro } = record;
  if (!kept.has(repro)) {
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(repro, drawn(record));
  }
  return kept.get(repro);
}

function drawn({ repro: text, howFound }: PackedRecord): Timeline | undefined {
  try {
    const repro = parseRepro(text, 'repro');
    const model = recordedModel(repro, 'repro');
    const { input, signature } = repro;
    const engine = new Engine(model);
    if (engine.lackingIn(input) !== null) return undefined;
    engine.load(input);
    const run = engine.trace(input.schedule);
    if (run.digest !== repro.traceDigest) return undefined;
    const name = nameInWords(signature, model);
    const story = storyOf(model, input, run, { signature, name, pair: howFound.criticalPair });
    return { svg: renderTimeline(story, name), says: story.sentences, pair: pairOf(story) };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function pairOf({ pair, steps, threads }: Story): Timeline['pair'] {
  if (pair === null) return null;
  const inWords = (step: number): string => {
    const { thread = 0, text = '' } = steps[step - 1] ?? {};
    return `step ${step}, ${threads[thread]?.name} ${text}`;
  };
  return [inWords(pair[0]), inWords(pair[1])];
}
