/** A campaign's model as the page shows it: its text, the order that its locks have, the picture of that. */
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import { lint } from '../../workers/model/lint.ts';
import { printModel } from '../../workers/model/print.ts';
import { isBuiltIn, modelText, pinnedModel } from '../../workers/models/registry.ts';
import { renderModelGraph } from '../../workers/views/lock-graph.ts';
import type { Design } from '../campaign/views.ts';
import { orderLines } from './lint.ts';

/** By digest: a model never changes. */
const designs = new Map<string, Design | undefined>();

export function designOf(pin: ModelPin): Design | undefined {
  if (!designs.has(pin.digest)) designs.set(pin.digest, readDesign(pin));
  return designs.get(pin.digest);
}

function readDesign(pin: ModelPin): Design | undefined {
  try {
    const model = pinnedModel(pin);
    const { orders, problems } = lint(model);
    const { title, expect } = model;
    return {
      title,
      // What somebody wrote travels as what it means.
      text: isBuiltIn(model) ? modelText(model.name) : printModel(model),
      ...expect,
      order: orderLines(orders),
      problems: problems.map(({ label, rule, detail }) => `${rule} at ${label}: ${detail}`),
      graph: renderModelGraph(model),
    };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
