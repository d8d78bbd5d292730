/** One line about findings that another engine judged, for every verb that works in a data directory. */
import { FindingStore } from '../../../corpus/store/finding-store.ts';
import { countOfOtherEngines } from '../../../corpus/store/survey.ts';
import { Refusal } from '../../../corpus/vocabulary/errors.ts';
import { engineDigest } from '../identity.ts';
import { progress, type Settings } from '../options/settings.ts';
import { commandOn, counted } from './render-finding.ts';

export function sayOtherEngines(settings: Settings): void {
  const text = otherEnginesText(settings.dataDir);
  if (text !== null) progress(settings, text);
}

/** Null where there are none. A data directory that cannot be read is refused by the verb itself. */
export function otherEnginesText(dataDir: string): string | null {
  try {
    const count = countOfOtherEngines(new FindingStore(dataDir), engineDigest());
    if (count === 0) return null;
    const command = commandOn('findings --rerun', dataDir);
    const are = count === 1 ? 'is' : 'are';
    return `${counted(count, 'finding')} in ${dataDir} ${are} of another engine; \`${command}\` judges again`;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
