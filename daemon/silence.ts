/** What a campaign has not shown of one model, and how much that says. Pure. */
import type { Standing, StoredFinding } from '../corpus/vocabulary/finding.ts';
import { type Breadth, type ModelPin, NO_BREADTH } from '../corpus/vocabulary/messages.ts';

/** What was done to a model. */
export interface Tried {
  readonly runs: number;
  readonly breadth: Breadth;
}

export const UNTRIED: Tried = { runs: 0, breadth: NO_BREADTH };

export interface Silence extends Tried {
  readonly model: string;
  readonly isAnyExpected: boolean;
  /** Rows of the catalogue that the model is expected to show and has not. */
  readonly notSeen: readonly string[];
  /** With 95 % what comes in a larger share of such runs would have been seen; 1 where nothing was run. */
  readonly excludedRate: number;
}

/** What models say of themselves; who knows them answers. */
export interface Expectations {
  /** Rows of the catalogue that a model is expected to show; none where it is not known here. */
  expectedOf(model: ModelPin): readonly string[];
  standingOf(finding: StoredFinding): Standing;
}

/** Nothing in n runs excludes rates above 3/n with 95 % (the rule of three). */
const RULE = 3;

/** @param expected rows of the catalogue */
export function silenceOf(
  model: string,
  expected: readonly string[],
  { runs, breadth }: Tried,
  findings: readonly Pick<StoredFinding, 'models' | 'known' | 'looksLike'>[],
): Silence {
  const seen = findings
    .filter(({ models }) => models.includes(model))
    .map(({ known, looksLike }) => known ?? looksLike);
  const notSeen = expected.filter((row) => !seen.includes(row));
  const isAnyExpected = expected.length > 0;
  return {
    model,
    runs,
    breadth,
    isAnyExpected,
    notSeen,
    excludedRate: Math.min(1, RULE / Math.max(1, runs)),
  };
}

function missingInWords({ isAnyExpected, notSeen }: Silence): string {
  if (!isAnyExpected) return 'its model names nothing that it is expected to show';
  if (notSeen.length > 0) return `not seen yet: ${notSeen.join(' ')}`;
  return 'all that it is expected to show was seen';
}

/** Without the model's name. */
export function silenceInWords(silence: Silence): string {
  const { runs, breadth, excludedRate } = silence;
  const missing = missingInWords(silence);
  if (runs === 0) return `${missing}; nothing of it was run, which excludes nothing`;
  const { given, exhausted, workloads } = breadth;
  const searched = `${exhausted} of ${given} seeds searched to the last interleaving`;
  const rate = `1 in ${Math.floor(1 / excludedRate)}`;
  return (
    `${missing}; ${searched}; ${runs} runs of ${workloads} workloads exclude, ` +
    `with 95 %, what more than ${rate} show`
  );
}
