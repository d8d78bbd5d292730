/** `findings`: what is kept in the data directory, and whether this build still shows it. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { type Mark, Marks, markText } from '../../corpus/store/marks.ts';
import { ASIDE_FOLDER, readAside } from '../../corpus/store/set-aside.ts';
import { type Surveyed, survey, type Unreadable } from '../../corpus/store/survey.ts';
import { CANARY_ROW } from '../../corpus/vocabulary/catalogue.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { type Finding, isFoundOn, shownId } from '../../corpus/vocabulary/finding.ts';
import { rankOf, VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { standingOf } from '../../workers/reproduce/naming.ts';
import { exportCommand, importCommand } from './findings-transfer.ts';
import { fileOf, givenModel, MODEL_FLAG } from './options/model-argument.ts';
import { parseCount } from './options/quantities.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { sayOtherEngines } from './output/other-engines.ts';
import { counted, headOf, replayCommandOf, sizeOf } from './output/render-finding.ts';
import { endWith, note, say, sayDocument } from './output/terminal.ts';
import { rerun } from './rerun.ts';

/** States a workload: some seconds of one core. */
const STATES_DEFAULT = 2_000_000;

export function findingsCommand(): CommandUnknownOpts {
  const command = new Command('findings')
    .description('list what was found and kept; --rerun judges what another engine found')
    .option(MODEL_FLAG, 'only those of a model, with any toggles if none are given')
    .addOption(
      new Option('--class <name>', 'only those of a class').choices(Object.keys(VIOLATION_CLASSES)),
    )
    .option('--new', 'only those that no row of the catalogue describes')
    .option('--known', 'only those of a row of the catalogue')
    .option('--forbidden', 'only those that a model says it is clean of')
    .addOption(
      new Option('--sort <order>', 'rows, worst class first, or smallest repro first')
        .choices(SORTS)
        .default('row' as const),
    )
    .option('--limit <n>', 'so many at most', parseCount)
    .option('--rerun', 'judge the findings of other engines again, and file what this one shows')
    .option(
      '--states <n>',
      'with --rerun: states a workload may take where its schedule misses',
      parseCount,
      STATES_DEFAULT,
    )
    .option('--unreadable', 'list what cannot be read instead, with the reasons')
    .action(async (options, self) => {
      const { class: wanted, rerun: isRerun, states, unreadable: isAsked } = options;
      const model = options.model === undefined ? undefined : referenceOf(options.model);
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
          (wanted === undefined || finding.class === wanted) &&
          isAskedFor(finding, options),
      );
      // A model of another build may be unknown here and have findings; a slip of the pen has none.
      if (model !== undefined && chosen.length === 0) modelOf(model);
      if (isRerun === true) {
        endWith(await rerun({ store, chosen, unreadable, statesMax: states }, settings));
      } else list(sorted(chosen, options.sort).slice(0, options.limit), settings);
    });
  command.enablePositionalOptions().helpCommand(false);
  command.addCommand(exportCommand()).addCommand(importCommand());
  return withCommonOptions(command);
}

/** Findings on a model of a file are kept under the model's name. */
function referenceOf(given: string): string {
  const file = fileOf(given);
  if (file === null) return given;
  const { name } = givenModel(given);
  return file.setting === null ? name : `${name}:${file.setting}`;
}

const SORTS = ['row', 'severity', 'size'] as const;

interface Asked {
  readonly new?: true | undefined;
  readonly known?: true | undefined;
  readonly forbidden?: true | undefined;
}

/** What several flags ask for is what any of them asks for. */
function isAskedFor(finding: Finding, asked: Asked): boolean {
  const hasRow = rowNameOf(finding) !== null;
  const wanted = [
    asked.new === true && !hasRow,
    asked.known === true && hasRow,
    asked.forbidden === true && standingOf(finding) === 'forbidden',
  ];
  const isAny =
    asked.new === undefined && asked.known === undefined && asked.forbidden === undefined;
  return isAny || wanted.includes(true);
}

function rowNameOf({ known, looksLike }: Finding): string | null {
  return known ?? looksLike;
}

/** Canaries come last, whatever the order. */
function sorted(chosen: readonly Surveyed[], order: (typeof SORTS)[number]): readonly Surveyed[] {
  const keyOf = ({ finding }: Surveyed): readonly (number | string)[] => {
    const row = rowNameOf(finding) ?? '~';
    const { operations, threads, preemptions } = finding;
    const isCanary = row === CANARY_ROW ? 1 : 0;
    if (order === 'severity') return [isCanary, rankOf(finding), row, finding.id];
    if (order === 'size') return [isCanary, operations, threads, preemptions, finding.id];
    return [isCanary, row, rankOf(finding), finding.id];
  };
  return chosen
    .map((one) => ({ one, key: keyOf(one) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ one }) => one);
}

function compareKeys(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((part, i) => part !== b[i]);
  if (at < 0) return 0;
  return (a[at] as number | string) < (b[at] as number | string) ? -1 : 1;
}

function list(chosen: readonly Surveyed[], settings: Settings): void {
  const { dataDir, isJson } = settings;
  const marks = new Marks(dataDir).all();
  if (isJson) {
    sayDocument(
      chosen.map(({ finding, record }) => {
        const { engine } = record.repro;
        return { ...finding, engine, mark: marks.get(finding.id) ?? null };
      }),
    );
  } else say(renderRows(chosen, marks, dataDir));
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

/** Findings of one row that follow each other stand under its name. */
function renderRows(
  chosen: readonly Surveyed[],
  marks: ReadonlyMap<string, Mark>,
  dataDir: string,
): string {
  const heads = chosen.map(({ finding }) => headOf(finding));
  return chosen
    .map(({ finding }, i) => {
      const row = heads[i];
      const isFirst = heads[i - 1] !== row;
      const alike = heads.filter((other) => other === row).length;
      const count = alike > 1 ? ` (${alike} findings)` : '';
      return `${isFirst ? `${row}${count}\n` : ''}${renderOne(finding, marks.get(finding.id), dataDir)}`;
    })
    .join('\n');
}

function renderOne(finding: Finding, mark: Mark | undefined, dataDir: string): string {
  const marked = mark === undefined ? '' : `  [${markText(mark)}]`;
  return [
    `  ${shownId(finding.id)}${marked}`,
    `${finding.signature}`,
    `${finding.models.join(', ')}; ${sizeOf(finding)}`,
    `${replayCommandOf(finding, dataDir)}`,
  ].join('\n    ');
}
