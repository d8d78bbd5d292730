/** What the campaign flags and the campaign file ask for, with every model looked up. */
import { RAW_COUNT_MAX, rawCountOf } from '../../../corpus/breeding/universe.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import type { ModelPin } from '../../../corpus/vocabulary/messages.ts';
import type { Scope } from '../../../corpus/vocabulary/scope.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import { compile } from '../../../workers/model/compile.ts';
import {
  canonicalReference,
  isBuiltIn,
  MODEL_NAMES,
  modelDigest,
  modelJson,
} from '../../../workers/models/registry.ts';
import { universeOfScope } from '../../../workers/search/scope-search.ts';
import { type CampaignFile, readCampaignFile } from '../../campaign/campaign-file.ts';
import type { Wanted } from '../../coordinator/begin.ts';
import type { CampaignFlags } from './campaign-options.ts';
import { givenModels } from './model-argument.ts';
import type { Settings } from './settings.ts';

/** @throws Refusal for an unknown model or a file that does not fit */
export function wantedOf(flags: CampaignFlags, { rngSeed }: Settings): Wanted {
  const file: CampaignFile = flags.campaign === undefined ? {} : readCampaignFile(flags.campaign);
  const both = (['model', 'runs', 'time', 'quietTime'] as const).find(
    (name) => flags.campaign !== undefined && flags[name] !== undefined,
  );
  if (both !== undefined) {
    throw fail('USAGE', { what: `--${flagOf(both)} and --campaign both say what to do; give one` });
  }
  const { stop = {} } = file;
  const models = [...givenModels(flags.model ?? file.models ?? MODEL_NAMES).values()];
  const scopes = file.scopes?.map(({ operations = null, ...size }) => {
    return { ...size, kinds: operations };
  });
  if (scopes !== undefined) checkScopes(scopes, models);
  return {
    models: models.map(pinOf),
    rngSeed: rngSeed ?? file.rngSeed,
    shares: file.shares,
    scopes,
    stop: {
      runs: flags.runs ?? stop.runs ?? null,
      milliseconds: flags.time ?? inMs(stop.seconds),
      quietMilliseconds: flags.quietTime ?? inMs(stop.quietSeconds),
    },
  };
}

export function pinOf(model: Model): ModelPin {
  const pin = { reference: canonicalReference(model), digest: modelDigest(model) };
  return isBuiltIn(model) ? pin : { ...pin, json: modelJson(model) };
}

/** @throws Refusal USAGE for a scope that is empty, or too large to be counted, on one of the models */
function checkScopes(scopes: readonly Scope[], models: readonly Model[]): void {
  for (const model of models) {
    const program = compile(model);
    for (const [i, scope] of scopes.entries()) {
      const universe = universeOfScope(scope, program);
      const count = rawCountOf(universe);
      if (count > 0 && count <= RAW_COUNT_MAX) continue;
      const many = count === 0 ? 'no workloads' : `about ${count.toExponential(0)} workloads`;
      const most = RAW_COUNT_MAX.toExponential(0);
      throw fail('USAGE', {
        what: `scopes[${i}] has ${many} on ${canonicalReference(model)}; name other operations, or a size of 1 to ${most} workloads`,
      });
    }
  }
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
