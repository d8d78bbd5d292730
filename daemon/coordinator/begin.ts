/** Which campaign a coordinator that starts goes on with: the one of the ledger, unless it was told of another. */
import { canonicalJson } from '../../corpus/vocabulary/json.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import type { Scope } from '../../corpus/vocabulary/scope.ts';
import { isAtEnd } from '../campaign/dispatch.ts';
import { SHARES, type Shares } from '../campaign/plan.ts';
import type { CampaignPlan, StopRule } from '../campaign/records.ts';
import type { Book } from '../campaign/state.ts';
import type { Journal } from '../log/writer.ts';

/** What the command line and the campaign file ask for. */
export interface Wanted {
  readonly models: readonly ModelPin[];
  /** Undefined takes that of the ledger, or draws one. */
  readonly rngSeed: number | undefined;
  readonly shares: Shares | undefined;
  /** Undefined for small ones beside the runs. */
  readonly scopes?: readonly Scope[] | undefined;
  readonly stop: StopRule;
}

/** @param isRestart by a supervisor: then what was stopped stays stopped */
export function beginOrResume(
  journal: Journal,
  wanted: Wanted,
  drawn: { readonly campaign: string; readonly rngSeed: number },
  isRestart: boolean,
): 'begun' | 'resumed' {
  const { book } = journal;
  const plan = planOf(wanted, book, drawn.rngSeed);
  const isSame = book.plan !== null && canonicalJson(book.plan) === canonicalJson(plan);
  const isOver = book.state === 'draining' && isAtEnd(book);
  if (!isSame || (isOver && !isRestart)) {
    journal.write({ t: 'campaign', campaign: drawn.campaign, plan });
    return 'begun';
  }
  if (book.state === 'draining' && !isRestart) journal.write({ t: 'control', control: 'resume' });
  return 'resumed';
}

function planOf(wanted: Wanted, { plan }: Book, drawnSeed: number): CampaignPlan {
  return {
    models: wanted.models,
    rngSeed: wanted.rngSeed ?? plan?.rngSeed ?? drawnSeed,
    shares: wanted.shares ?? SHARES,
    ...(wanted.scopes === undefined ? {} : { scopes: wanted.scopes }),
    stop: wanted.stop,
  };
}
