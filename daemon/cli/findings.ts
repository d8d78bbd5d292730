/** `findings`: what is kept in the data directory, and whether this build still shows it. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { ASIDE_FOLDER, readAside } from '../../corpus/store/set-aside.ts';
import { type Surveyed, survey, type Unreadable } from '../../corpus/store/survey.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import {
  type Finding,
  isFoundOn,
  MARK_WIDTH,
  markOf,
  shownId,
} from '../../corpus/vocabulary/finding.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { sayOtherEngines } from './other-engines.ts';
import { parseCount } from './quantities.ts';
import { counted, replayCommandOf, sizeOf } from './render-finding.ts';
import { rerun } from './rerun.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './settings.ts';
import { endWith, note, say, sayDocument } from './terminal.ts';

/** States a workload: some seconds of one core. */
const STATES_DEFAULT = 2_000_000;

export function findingsCommand(): CommandUnknownOpts {
  const command = new Command('findings')
    .description('list what was found and kept; --rerun judges what another engine found')
    .option('--model <ref>', 'only those of a model, with any toggles if none are given')
    .addOption(
      new Option('--class <name>', 'only those of a class').choices(Object.keys(VIOLATION_CLASSES)),
    )
    .option('--rerun', 'judge the findings of other engines again, and file what this one shows')
    .option(
      '--states <n>',
      'with --rerun: states a workload may take where its schedule misses',
      parseCount,
      STATES_DEFAULT,
    )
    .option('--unreadable', 'list what cannot be read instead, with the reasons')
    .action(async ({ model, class: wanted, rerun: isRerun, states, unreadable: isAsked }, self) => {
      const settings = settingsOf(self);
      if (isRerun === true && isAsked === true) {
        throw fail('USAGE', { what: '--rerun and --unreadable are two questions; give one' });
      }
      const store = new FindingStore(settings.dataDir);
      const { findings, unreadable } = survey(store);
      if (isAsked === true) {
        sayUnreadable(unreadable, settings);
        return;
      }
      for (const { folder, why } of unreadable) note(`faultline: cannot read ${folder}: ${why}`);
      const chosen = findings.filter(
        ({ finding }) =>
          (model === undefined || isFoundOn(finding, model)) &&
          (wanted === undefined || finding.class === wanted),
      );
      // A model of another build may be unknown here and have findings; a slip of the pen has none.
      if (model !== undefined && chosen.length === 0) modelOf(model);
      if (isRerun === true) {
        endWith(await rerun({ store, chosen, unreadable, statesMax: states }, settings));
      } else list(chosen, settings);
    });
  return withCommonOptions(command);
}

function list(chosen: readonly Surveyed[], settings: Settings): void {
  const { dataDir, isJson } = settings;
  if (isJson) {
    sayDocument(chosen.map(({ finding, record }) => ({ ...finding, engine: record.repro.engine })));
  } else for (const { finding } of chosen) say(renderRow(finding, dataDir));
  const aside = readAside(dataDir).length;
  const more = aside === 0 ? '' : `; ${aside} set aside in ${dataDir}/${ASIDE_FOLDER}`;
  progress(settings, `${counted(chosen.length, 'finding')} in ${dataDir}${more}`);
  sayOtherEngines(settings);
}

function sayUnreadable(unreadable: readonly Unreadable[], settings: Settings): void {
  if (settings.isJson) sayDocument(unreadable);
  else for (const { folder, why } of unreadable) say(`${folder}: ${why}`);
  progress(settings, `${counted(unreadable.length, 'unreadable folder')} in ${settings.dataDir}`);
}

function renderRow(finding: Finding, dataDir: string): string {
  return [
    `${shownId(finding.id)}  ${markOf(finding).padEnd(MARK_WIDTH)} ${finding.title}`,
    `  ${finding.signature}`,
    `  ${finding.models.join(', ')}; ${sizeOf(finding)}`,
    `  ${replayCommandOf(finding, dataDir)}`,
  ].join('\n');
}
