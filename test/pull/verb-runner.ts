/** Verbs run one after another in one child process: to start the program for each would take most of the time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { campaignCommand } from '../../daemon/cli/campaign.ts';
import { findingsCommand } from '../../daemon/cli/findings.ts';
import { sayEnding } from '../../daemon/cli/output/endings.ts';
import { pullCommand } from '../../daemon/cli/pull.ts';
import { statusCommand } from '../../daemon/cli/status.ts';
import type { Ended } from '../cli/faultline.ts';

/** What each of these command lines ends with. */
export async function runVerbs(
  lines: readonly string[],
  cwd: string,
  more: NodeJS.ProcessEnv = {},
): Promise<readonly Ended[]> {
  const program = `
    const { runHere } = await import(${JSON.stringify(import.meta.url)});
    process.stdout.write(JSON.stringify(await runHere(${JSON.stringify(lines)})));`;
  const args = ['--input-type=module', '--eval', program];
  const { FAULTLINE_DATA_DIR: _, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let json = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    json += text;
  });
  await once(child, 'close');
  return JSON.parse(json) as readonly Ended[];
}

/**
 * In the child, which imports it by name.
 *
 * @public
 */
export async function runHere(lines: readonly string[]): Promise<readonly Ended[]> {
  const ended: Ended[] = [];
  for (const line of lines) ended.push(await runOne(line.split(' ')));
  process.exitCode = 0;
  return ended;
}

async function runOne(args: readonly string[]): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const writes = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    process[name].write = (text: string | Uint8Array): boolean => {
      said[name] += String(text);
      return true;
    };
    return () => {
      process[name].write = write;
    };
  });
  process.exitCode = 0;
  try {
    await commandLine().parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = sayEnding(error, args);
  } finally {
    for (const restore of writes) restore();
  }
  return { exit: Number(process.exitCode), ...said };
}

/** As `daemon/cli/main.ts` makes it. */
function commandLine(): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command('faultline')
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  for (const verb of [pullCommand(), statusCommand(), findingsCommand(), campaignCommand()]) {
    verb.copyInheritedSettings(program);
    program.addCommand(verb);
  }
  return program;
}
