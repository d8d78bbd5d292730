/** `completion`: a script that teaches a shell the verbs, options and choices of this build. */
import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { SCRIPTS, type Shell, type Word } from './output/completion-scripts.ts';
import { say, sayDocument } from './output/terminal.ts';

const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];
const HELP = { names: ['-h', '--help'], about: 'show its help', isValued: false, choices: [] };

/** @param verbs all of them, this one too */
export function completionCommand(
  verbs: () => Promise<readonly CommandUnknownOpts[]>,
): CommandUnknownOpts {
  const command = new Command('completion')
    .description('print a script that completes verbs and options in a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .action(async (shell, _options, self) => {
      const words = (await verbs()).flatMap((verb) => wordsOf(verb, []));
      const script = SCRIPTS[shell](words);
      if (settingsOf(self).isJson) sayDocument({ shell, script });
      else say(script);
    });
  return withCommonOptions(command);
}

/** A verb and its own words, as `export` of `findings`. */
function wordsOf(command: CommandUnknownOpts, before: readonly string[]): readonly Word[] {
  const path = [...before, command.name()];
  const options = command.options.map(
    ({ short, long, description, required, optional, argChoices }) => ({
      names: [short, long].flatMap((name) => name ?? []),
      about: description,
      isValued: required || optional,
      choices: argChoices ?? (long === '--model' ? MODEL_NAMES : []),
    }),
  );
  const word = {
    path,
    about: command.description(),
    options: [...options, HELP],
    words: [
      ...command.commands.map((one) => one.name()),
      ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    ],
  };
  return [word, ...command.commands.flatMap((one) => wordsOf(one, path))];
}
