/** `daemon`: the coordinator of a fleet, one process, until it is told to end. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { withCampaignOptions } from './options/campaign-options.ts';
import { withHttpOptions } from './options/http-options.ts';
import { parseJobs } from './options/quantities.ts';
import { REDIS_FILE_FLAG, REDIS_FILE_TEXT } from './options/redis-choice.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { runDaemon } from './run-daemon.ts';

export function daemonCommand(): CommandUnknownOpts {
  const command = new Command('daemon')
    .description('coordinate a fleet: plan, fold reports, keep findings, serve the page')
    .option('--redis <url>', 'the Redis that the workers use too (FAULTLINE_REDIS_URL), or none')
    .option(REDIS_FILE_FLAG, REDIS_FILE_TEXT)
    .option('--jobs <n>', 'executor threads with --redis none (all cores)', parseJobs)
    .option(
      '--stay',
      'serve on once the campaign has ended; started again with the same flags, it stays ended',
    );
  withCampaignOptions(command);
  withHttpOptions(command);
  command.action(async (flags, self) => {
    await runDaemon(flags, settingsOf(self));
  });
  return withCommonOptions(command);
}
