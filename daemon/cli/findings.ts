/** `findings`: what is kept in the data directory. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { type Finding, isFoundOn, shownId } from '../../corpus/vocabulary/finding.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { counted, replayCommandOf, sizeOf } from './render-finding.ts';
import { progress, settingsOf, withCommonOptions } from './settings.ts';
import { note, say, sayDocument } from './terminal.ts';

export function findingsCommand(): CommandUnknownOpts {
  const command = new Command('findings')
    .description('list what was found and kept')
    .option('--model <ref>', 'only those of a model, with any toggles if none are given')
    .addOption(
      new Option('--class <name>', 'only those of a class').choices(Object.keys(VIOLATION_CLASSES)),
    )
    .action(({ model, class: wanted }, self) => {
      const settings = settingsOf(self);
      const { findings, damaged } = new FindingStore(settings.dataDir).list();
      for (const { name, why } of damaged) note(`faultline: skipped finding ${name}: ${why}`);
      const chosen = findings.filter(
        (finding) =>
          (model === undefined || isFoundOn(finding, model)) &&
          (wanted === undefined || finding.class === wanted),
      );
      // A model of another build may be unknown here and have findings; a slip of the pen has none.
      if (model !== undefined && chosen.length === 0) modelOf(model);
      if (settings.isJson) sayDocument(chosen);
      else for (const finding of chosen) say(renderRow(finding, settings.dataDir));
      progress(settings, `${counted(chosen.length, 'finding')} in ${settings.dataDir}`);
    });
  return withCommonOptions(command);
}

function renderRow(finding: Finding, dataDir: string): string {
  return [
    `${shownId(finding.id)}  ${(finding.known ?? 'new').padEnd(4)} ${finding.title}`,
    `  ${finding.signature}`,
    `  ${finding.models.join(', ')}; ${sizeOf(finding)}`,
    `  ${replayCommandOf(finding, dataDir)}`,
  ].join('\n');
}
