/** `prune`: what a data directory no longer needs. It lists, and deletes only what it was told to. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { type Leftover, leftover, leftoversIn } from '../../corpus/store/leftovers.ts';
import { reportsOfOtherBuilds } from '../../workers/service/spool.ts';
import { bytesText } from '../doctor/judgement.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { parseAge } from './options/quantities.ts';
import { existingDataDir, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, note, say, sayDocument } from './output/terminal.ts';

const DAY_MS = 86_400_000;
const OLDER_DEFAULT = '30d';
const SIZE_WIDTH = 10;
const AGE_WIDTH = 5;

export function pruneCommand(): CommandUnknownOpts {
  const command = new Command('prune')
    .description('list what the data directory no longer needs; --yes deletes it')
    .addOption(
      new Option('--older <age>', 'only what has not changed for so long, such as 12h or 7d')
        .argParser(parseAge)
        .default(parseAge(OLDER_DEFAULT), OLDER_DEFAULT),
    )
    .option('--yes', 'delete it; never a finding that counts, never the log of a campaign')
    .action(({ older, yes }, self) => {
      const settings = settingsOf(self);
      const { isJson } = settings;
      const dataDir = existingDataDir(settings);
      const items = itemsIn(dataDir, older);
      const failed = yes === true ? items.filter((item) => !isDeleted(item)) : [];
      const isDone = yes === true;
      const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
      if (isJson) {
        const shown = items.map(({ changedMs, ...item }) => {
          return { ...item, changedAt: new Date(changedMs).toISOString() };
        });
        sayDocument({ dataDir, items: shown, bytes, isDeleted: isDone && failed.length === 0 });
      } else {
        const rows = items.map(rowOf);
        const what = `${counted(items.length, 'item')}, ${bytesText(bytes)} in ${dataDir}`;
        say([...rows, `${what}${endOf(isDone, items.length)}`].join('\n'));
      }
      endWith(failed.length === 0 ? EXIT.done : EXIT.environment);
    });
  return withCommonOptions(command);
}

/** @throws Refusal ENVIRONMENT if the data directory cannot be read */
function itemsIn(dataDir: string, olderMs: number): readonly Leftover[] {
  new FindingStore(dataDir).idsOf('');
  const spool = path.join(dataDir, 'spool');
  const reports = reportsOfOtherBuilds(spool, buildDigest());
  const why = 'a report that only a worker of another build delivers';
  const all = [
    ...leftoversIn(dataDir, engineDigest()),
    ...reports.flatMap((name) => leftover(path.join(spool, name), why)),
  ];
  return all.filter(({ changedMs }) => Date.now() - changedMs > olderMs);
}

function isDeleted({ path: file }: Leftover): boolean {
  try {
    rmSync(file, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    note(`faultline: cannot delete ${file}: ${whyOf(error)}`);
    return false;
  }
}

function rowOf({ path: file, why, bytes, changedMs }: Leftover): string {
  const days = Math.floor((Date.now() - changedMs) / DAY_MS);
  return `${bytesText(bytes).padStart(SIZE_WIDTH)} ${`${days} d`.padStart(AGE_WIDTH)}  ${file}: ${why}`;
}

function endOf(isDone: boolean, count: number): string {
  if (count === 0) return ': nothing may go';
  return isDone ? ' deleted' : ' may go; `faultline prune --yes` deletes them';
}
