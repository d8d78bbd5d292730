/** The command line: the table of verbs, and what happens when one of them fails. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { VERSION } from './installation.ts';
import { sayEnding } from './output/endings.ts';
import { endWith, note, say } from './output/terminal.ts';

/**
 * In the order in which help shows them. A verb is a file here and a line in this table. Only the verb that is asked for
 * is loaded: queue, server and schemas take a quarter of a second, which most verbs go without.
 */
const VERBS: Readonly<Record<string, () => Promise<CommandUnknownOpts>>> = {
  up: async () => (await import('./up.ts')).upCommand(),
  fuzz: async () => (await import('./fuzz.ts')).fuzzCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  show: async () => (await import('./show.ts')).showCommand(),
  findings: async () => (await import('./findings.ts')).findingsCommand(),
  mark: async () => (await import('./mark.ts')).markCommand(),
  prune: async () => (await import('./prune.ts')).pruneCommand(),
  pull: async () => (await import('./pull.ts')).pullCommand(),
  submit: async () => (await import('./submit.ts')).submitCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  campaign: async () => (await import('./campaign.ts')).campaignCommand(),
  daemon: async () => (await import('./daemon.ts')).daemonCommand(),
  worker: async () => (await import('./worker.ts')).workerCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
  init: async () => (await import('./init.ts')).initCommand(),
  lint: async () => (await import('./lint.ts')).lintCommand(),
  lab: async () => (await import('./lab.ts')).labCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  version: async () => (await import('./version.ts')).versionCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(allVerbs),
};

const EXAMPLES = `
Examples:
  faultline models                                   what there is to judge
  faultline check --model v42-immap-read             all that can go wrong
  faultline replay 3f9a5b1c20de                      is that bug still there?
  faultline replay 3f9a5b1c20de --model ./mine.model does my model fix it?

Exit codes: 0 nothing bad, 1 a violation, 2 usage, 3 environment,
4 no finding to work on, 70 a defect in Faultline, 125 no verdict; with --bisect,
check and replay exit 125 if the model cannot be read.`;

function commandLine(verbs: readonly CommandUnknownOpts[]): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command('faultline')
    .description(
      'Fuzzes filesystem locking models; hands back the shortest interleaving that fails.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', EXAMPLES)
    // So that a word behind a verb takes its own options: `findings export`.
    .enablePositionalOptions()
    .exitOverride()
    // What failed is said in one place and in one shape: endings.ts.
    .configureOutput({
      writeOut: (text) => say(text.replace(/\n$/, '')),
      writeErr: (text) => note(text.replace(/\n$/, '')),
      outputError: () => {},
    });
  for (const verb of verbs) {
    verb.copyInheritedSettings(program);
    for (const word of verb.commands) word.copyInheritedSettings(verb);
    program.addCommand(verb);
  }
  return program;
}

/** Help and typing errors want to know all verbs. */
async function verbsFor(args: readonly string[]): Promise<readonly CommandUnknownOpts[]> {
  const asked = args[0] ?? '';
  const load = Object.hasOwn(VERBS, asked) ? VERBS[asked] : undefined;
  return load === undefined ? await allVerbs() : [await load()];
}

async function allVerbs(): Promise<readonly CommandUnknownOpts[]> {
  return await Promise.all(Object.values(VERBS).map((load) => load()));
}

/** Says what there is to say, with its exit code, on the terminal (terminal.ts). */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  let asked = 'faultline';
  try {
    const program = commandLine(await verbsFor(args));
    asked = commandIn(program, args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    endWith(sayEnding(error, args, asked));
  }
}

/** `faultline lab boot`: as far as the words name commands. */
function commandIn(program: CommandUnknownOpts, args: readonly string[]): string {
  const [word, ...rest] = args.filter((argument) => !argument.startsWith('-'));
  const command = program.commands.find((one) => one.name() === word);
  return command === undefined ? program.name() : `${program.name()} ${commandIn(command, rest)}`;
}
