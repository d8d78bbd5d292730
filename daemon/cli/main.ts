#!/usr/bin/env node
/** The command line as a process. */
import { runCommandLine } from './command-line.ts';
import { EXIT, sayEnding } from './endings.ts';
import { applyEngineFlags } from './engine-flags.ts';
import { endWith, endWithoutReader } from './terminal.ts';

applyEngineFlags();
endWithoutReader(EXIT.environment);
const args = process.argv.slice(2);
process.on('uncaughtException', (error) => {
  endWith(sayEnding(error, args));
  process.exit();
});
await runCommandLine(args);
