/** `models`: the locking models of this build; one of them in full, as text or as it travels. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { readSeeds } from '../../corpus/store/seeds.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { printModel } from '../../workers/model/print.ts';
import { isModelText } from '../../workers/model/read.ts';
import {
  flavours,
  MODEL_NAMES,
  modelJson,
  modelOf,
  modelText,
} from '../../workers/models/registry.ts';
import { type ModelVerdict, verdictOf, verdictsText } from '../../workers/search/verdict-table.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { fileOf, givenModel } from './options/model-argument.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { say, sayDocument } from './output/terminal.ts';

export function modelsCommand(): CommandUnknownOpts {
  const command = new Command('models')
    .description('list the locking models, or print the text of one')
    .argument('[model]', 'a name, a reference name[:toggle=value,...], or a file')
    .option(
      '--expanded',
      'the whole of it, with what it extends, its toggles set and its edits made',
    )
    .option(
      '--verdicts',
      'what each gets wrong, by a search of every seed, and the seed that shows it',
    )
    .action((reference, { expanded, verdicts }, self) => {
      const { isJson } = settingsOf(self);
      if (verdicts === true) {
        const found = verdictsOf(reference === undefined ? null : givenModel(reference));
        if (isJson) sayDocument(found);
        else say(verdictsText(found).trimEnd());
        return;
      }
      if (reference !== undefined) {
        const model = givenModel(reference);
        if (isJson) say(modelJson(model));
        else say((expanded === true ? printModel(model) : writtenText(reference, model)).trimEnd());
        return;
      }
      const models = MODEL_NAMES.map((name) => modelOf(name));
      if (isJson) sayDocument(models.map(entryOf));
      else say(models.map(renderEntry).join('\n'));
    });
  return withCommonOptions(command);
}

/** Of one model, or of every built-in one with each of its toggles set for itself. */
function verdictsOf(model: Model | null): readonly ModelVerdict[] {
  const seeds = readSeeds(PACKAGE_ROOT).map(({ name, input }) => ({ name, workload: input }));
  const models = model === null ? flavours().map((reference) => modelOf(reference)) : [model];
  return models.map((one) => verdictOf(one, seeds));
}

/** As somebody wrote it, with the toggles of the reference set; JSON has no such text. */
function writtenText(reference: string, model: Model): string {
  const given = fileOf(reference);
  const text = given === null ? modelText(model.name) : readNamed(given.file);
  if (!isModelText(text)) return printModel(model);
  const set = Object.entries(model.options)
    .filter(([name, [first]]) => reference.includes(':') && model.toggles[name] !== first)
    .map(([name]) => `set     ${name} = ${model.toggles[name]}\n`);
  return set.length === 0 ? text : `${text}\n${set.join('')}`;
}

function entryOf(model: Model): Record<string, unknown> {
  const { name, title, origin, order, options: toggles, expect } = model;
  return { name, title, origin, order, toggles, expect };
}

function renderEntry({ name, title, options, expect }: Model): string {
  const toggles = Object.entries(options).map(([toggle, values]) => {
    return `  ${toggle}=${values.join('|')}`;
  });
  const finds = expect.find.length === 0 ? 'nothing' : expect.find.join(' ');
  return [`${name}  ${title}`, ...toggles, `  expected: ${finds}`].join('\n');
}
