/** Which campaign a coordinator that starts goes on with: the one of the log, unless it was told of another. */
import { canonicalJson } from '../../corpus/vocabulary/json.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import type { Scope } from '../../corpus/vocabulary/scope.ts';
import { isAtEnd } from '../campaign/due.ts';
import { SHARES, type Shares } from '../campaign/plan-batch.ts';
import type { CampaignSettings, StopRule } from '../campaign/records.ts';
import type { CampaignState } from '../campaign/state.ts';
import type { LogWriter } from '../log/writer.ts';

/** What the command line and the campaign file ask for. */
export interface Wanted {
  readonly models: readonly ModelPin[];
  /** Undefined takes that of the log, or draws one. */
  readonly rngSeed: number | undefined;
  readonly shares: Shares | undefined;
  /** Undefined for small ones beside the runs. */
  readonly scopes?: readonly Scope[] | undefined;
  readonly stop: StopRule;
}

/** @param isRestart not by a person: then what was stopped stays stopped */
export function beginOrResume(
  log: LogWriter,
  wanted: Wanted,
  drawn: { readonly campaign: string; readonly rngSeed: number },
  isRestart: boolean,
): 'begun' | 'resumed' {
  const { state } = log;
  const settings = settingsOf(wanted, state, drawn.rngSeed);
  const isSame =
    state.settings !== null && canonicalJson(state.settings) === canonicalJson(settings);
  const isOver = state.phase === 'draining' && isAtEnd(state);
  if (!isSame || (isOver && !isRestart)) {
    log.write({ t: 'campaign', campaign: drawn.campaign, plan: settings });
    return 'begun';
  }
  if (state.phase === 'draining' && !isRestart) log.write({ t: 'control', control: 'resume' });
  return 'resumed';
}

function settingsOf(
  wanted: Wanted,
  { settings }: CampaignState,
  drawnSeed: number,
): CampaignSettings {
  return {
    models: wanted.models,
    rngSeed: wanted.rngSeed ?? settings?.rngSeed ?? drawnSeed,
    shares: wanted.shares ?? SHARES,
    ...(wanted.scopes === undefined ? {} : { scopes: wanted.scopes }),
    stop: wanted.stop,
  };
}
