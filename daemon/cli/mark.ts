/** `mark`: what somebody has decided about a finding, kept whatever happens to its repro. */
import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import {
  isNoteText,
  MARK_WORDS,
  type Mark,
  Marks,
  type MarkWord,
  markText,
  NOTE_LENGTH_MAX,
} from '../../corpus/store/marks.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { shownId } from '../../corpus/vocabulary/finding.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { findingIdOf } from './options/subject.ts';
import { say, sayDocument } from './output/terminal.ts';

const NONE = 'none';

export function markCommand(): CommandUnknownOpts {
  const command = new Command('mark')
    .description('say what a finding is: known, fixed, a duplicate, invalid or expected')
    .argument('<id>', 'the finding')
    .addArgument(
      new Argument('<as>', `what it is; ${NONE} takes a mark away`).choices([...MARK_WORDS, NONE]),
    )
    .argument('[other]', 'with duplicate-of: the finding that it is a duplicate of')
    .option('--note <text>', 'why, in one line')
    .action((given, as, other, { note = null }, self) => {
      const settings = settingsOf(self);
      const { dataDir } = settings;
      const id = findingIdOf(given, dataDir);
      const marks = new Marks(dataDir);
      if (as === NONE) marks.remove(id);
      else marks.put(id, markOf(id, as, other, note, dataDir));
      const mark = marks.of(id);
      if (settings.isJson) sayDocument({ id, mark });
      else say(`${shownId(id)}  ${mark === null ? 'no mark' : markText(mark)}`);
    });
  return withCommonOptions(command);
}

function markOf(
  id: string,
  as: MarkWord,
  other: string | undefined,
  note: string | null,
  dataDir: string,
): Mark {
  if (note !== null && !isNoteText(note)) {
    throw fail('USAGE', { what: `--note is one line of at most ${NOTE_LENGTH_MAX} characters` });
  }
  if (as !== 'duplicate-of') {
    if (other !== undefined) throw fail('USAGE', { what: `"${as}" takes no other finding` });
    return { as, of: null, note };
  }
  if (other === undefined) {
    throw fail('USAGE', { what: 'duplicate-of what? Give the id of the other finding' });
  }
  const of = findingIdOf(other, dataDir);
  if (of === id) throw fail('USAGE', { what: `${shownId(id)} is no duplicate of itself` });
  const back = new Marks(dataDir).of(of);
  if (back?.of === id) {
    throw fail('USAGE', { what: `${shownId(of)} is marked as a duplicate of ${shownId(id)}` });
  }
  return { as, of, note };
}
