#!/usr/bin/env node
/** The command line as a process. */
import { runCommandLine } from './command-line.ts';
import { applyEngineFlags } from './engine-flags.ts';
import { EXIT, sayEnding } from './output/endings.ts';
import { endWith, endWithoutReader } from './output/terminal.ts';

applyEngineFlags();
endWithoutReader(EXIT.environment);
const args = process.argv.slice(2);
process.on('uncaughtException', (error) => {
  endWith(sayEnding(error, args));
  process.exit();
});
await runCommandLine(args);
