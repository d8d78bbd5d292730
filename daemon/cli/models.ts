/** `models`: the locking models of this build; one of them in full. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Model } from '../../workers/kernel/path.ts';
import { MODEL_NAMES, modelJson, modelOf } from '../../workers/models/registry.ts';
import { renderModel } from '../../workers/views/listing.ts';
import { givenModel } from './model-argument.ts';
import { settingsOf, withCommonOptions } from './settings.ts';
import { say, sayDocument } from './terminal.ts';

export function modelsCommand(): CommandUnknownOpts {
  const command = new Command('models')
    .description('list the locking models, or print one')
    .argument('[model]', 'a name, a reference name[:toggle=value,...], or a file')
    .action((reference, _options, self) => {
      const { isJson } = settingsOf(self);
      if (reference !== undefined) {
        const model = givenModel(reference);
        say(isJson ? modelJson(model) : renderModel(model).trimEnd());
        return;
      }
      const models = MODEL_NAMES.map((name) => modelOf(name));
      if (isJson) sayDocument(models.map(entryOf));
      else say(models.map(renderEntry).join('\n'));
    });
  return withCommonOptions(command);
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
