/** What a campaign that is over has not shown, and how much that says. */
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import type { Model } from '../../workers/kernel/path.ts';

export interface Silence {
  readonly model: string;
  readonly runs: number;
  /** Rows that the model is expected to show and has not. */
  readonly notSeen: readonly string[];
  /** With 95 % what comes in a larger share of such runs would have been seen; 1 where nothing was run. */
  readonly excludedRate: number;
}

/** Nothing in n runs excludes rates above 3/n with 95 % (the rule of three). */
const RULE = 3;

export function silenceOf(
  models: ReadonlyMap<string, Model>,
  runsOf: ReadonlyMap<string, number>,
  findings: readonly StoredFinding[],
): readonly Silence[] {
  return [...models].map(([reference, model]) => {
    const runs = runsOf.get(reference) ?? 0;
    const seen = findings
      .filter((finding) => finding.models.includes(reference))
      .map(({ known, looksLike }) => known ?? looksLike);
    const notSeen = model.expect.find.filter((row) => !seen.includes(row));
    return { model: reference, runs, notSeen, excludedRate: Math.min(1, RULE / Math.max(1, runs)) };
  });
}

export function silenceInWords({ model, runs, notSeen, excludedRate }: Silence): string {
  const missing =
    notSeen.length === 0
      ? 'all that it is expected to show was seen'
      : `not seen yet: ${notSeen.join(' ')}`;
  const rate = `1 in ${Math.floor(1 / excludedRate)}`;
  return `${model}: ${missing}; ${runs} runs exclude, with 95 %, what more than ${rate} show`;
}
