/**
 * `npm start`: a minute of fuzzing every built-in model, in one process; arguments after `--` go to `fuzz`.
 * Most built-in models are wrong on purpose, so finding bugs (exit 1) is success here.
 *
 * The command runs in this very process: a signal from a terminal, from npm or from a supervisor then has
 * one receiver, and nothing outlives its parent.
 */
import { pathToFileURL } from 'node:url';
import { ensure, MAIN } from './ensure.mjs';

const VIOLATION_FOUND = 1;
const BUDGET = /^--(time|runs)(=|$)/;

ensure();

const given = process.argv.slice(2);
const budget = given.some((argument) => BUDGET.test(argument)) ? [] : ['--time', '60s'];
process.argv = [process.execPath, MAIN, 'fuzz', ...budget, ...given];

// Node ends with 1 for an uncaught error too; that stays a failure.
let broken = false;
process.on('uncaughtExceptionMonitor', () => {
  broken = true;
});
process.on('exit', (code) => {
  if (code === VIOLATION_FOUND && !broken) process.exitCode = 0;
});

await import(pathToFileURL(MAIN).href);
