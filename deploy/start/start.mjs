/**
 * `npm start`: everything on this machine, until Ctrl-C; arguments after `--` go to `up`.
 *
 * The command runs in this very process: a signal from a terminal, from npm or from a supervisor then has
 * one receiver, and nothing outlives its parent.
 */
import { pathToFileURL } from 'node:url';
import { ensure, MAIN } from './ensure.mjs';

ensure();
process.argv = [process.execPath, MAIN, 'up', ...process.argv.slice(2)];
await import(pathToFileURL(MAIN).href);
