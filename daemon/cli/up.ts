/** `up`: everything on this machine. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { withCampaignOptions } from './options/campaign-options.ts';
import { withHttpOptions } from './options/http-options.ts';
import { parseJobs } from './options/quantities.ts';
import { REDIS_FILE_FLAG, REDIS_FILE_TEXT } from './options/redis-choice.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { endWith } from './output/terminal.ts';
import { runUp } from './run-up.ts';

export function upCommand(): CommandUnknownOpts {
  const command = new Command('up')
    .description('run everything on this machine: Redis, coordinator, workers, page; Ctrl-C drains')
    .option(
      '--redis <url>',
      'use this Redis (FAULTLINE_REDIS_URL; else a private one is started), or none',
    )
    .option(REDIS_FILE_FLAG, REDIS_FILE_TEXT)
    .option('--jobs <n>', 'executor threads (default: all cores)', parseJobs);
  withCampaignOptions(command);
  withHttpOptions(command);
  command.action(async (flags, self) => {
    endWith(await runUp(flags, settingsOf(self)));
  });
  return withCommonOptions(command);
}
