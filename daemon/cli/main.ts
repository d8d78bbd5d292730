#!/usr/bin/env node
/** The command line: the table of verbs, and what happens when one of them fails. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { benchCommand } from './bench.ts';
import { checkCommand } from './check.ts';
import { daemonCommand } from './daemon.ts';
import { doctorCommand } from './doctor.ts';
import { EXIT, sayEnding } from './endings.ts';
import { applyEngineFlags } from './engine-flags.ts';
import { findingsCommand } from './findings.ts';
import { fuzzCommand } from './fuzz.ts';
import { VERSION } from './installation.ts';
import { modelsCommand } from './models.ts';
import { pullCommand } from './pull.ts';
import { replayCommand } from './replay.ts';
import { showCommand } from './show.ts';
import { statusCommand } from './status.ts';
import { endWithoutReader } from './terminal.ts';
import { upCommand } from './up.ts';
import { versionCommand } from './version.ts';
import { workerCommand } from './worker.ts';

/** In the order in which help shows them. A verb is a file here and a line in this list. */
const VERBS: readonly CommandUnknownOpts[] = [
  upCommand(),
  fuzzCommand(),
  checkCommand(),
  replayCommand(),
  showCommand(),
  findingsCommand(),
  pullCommand(),
  statusCommand(),
  daemonCommand(),
  workerCommand(),
  doctorCommand(),
  modelsCommand(),
  benchCommand(),
  versionCommand(),
];

const EXAMPLES = `
Examples:
  faultline models                                   what there is to judge
  faultline check --model v42-immap-read             all that can go wrong
  faultline replay 3f9a5b1c20de                      is that bug still there?
  faultline replay 3f9a5b1c20de --model ./mine.json  does my model fix it?

Exit codes: 0 nothing bad, 1 a violation, 2 usage, 3 environment,
4 nothing to act on, 70 a bug in Faultline, 125 cannot judge.`;

function commandLine(): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command('faultline')
    .description(
      'Fuzzes filesystem locking models; hands back the shortest interleaving that fails.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // What failed is said in one place and in one shape: endings.ts.
    .configureOutput({ outputError: () => {} });
  for (const verb of VERBS) {
    verb.copyInheritedSettings(program);
    program.addCommand(verb);
  }
  return program;
}

applyEngineFlags();
endWithoutReader(EXIT.environment);
const args = process.argv.slice(2);
const end = (error: unknown): void => {
  process.exitCode = sayEnding(error, args);
};
process.on('uncaughtException', (error) => {
  end(error);
  process.exit(EXIT.ourBug);
});
try {
  await commandLine().parseAsync(process.argv);
} catch (error) {
  end(error);
}
