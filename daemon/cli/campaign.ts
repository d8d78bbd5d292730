/** `campaign`: tells a coordinator that runs to pause, to go on, or to end. */
import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { type CampaignPhase, CONTROLS, type Control, LEADS_TO } from '../campaign/views.ts';
import { ownAddress, parseAddress } from '../pull/api-address.ts';
import { ApiClient } from '../pull/api-client.ts';
import { campaignOf, controlled } from '../pull/api-status.ts';
import { writingToken } from './options/http-options.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { say, sayDocument } from './output/terminal.ts';
import { INSECURE_FLAG, INSECURE_TEXT, URL_TEXT } from './pull.ts';

/** One that ends cannot be told anything else. */
const ENDING: readonly CampaignPhase[] = ['draining', 'finished'];

export function campaignCommand(): CommandUnknownOpts {
  const command = new Command('campaign')
    .description('tell a coordinator to pause its campaign, to go on, or to end it')
    .addArgument(new Argument('<what>', 'what it is to do').choices(CONTROLS))
    .argument('[url]', URL_TEXT)
    .option('--token-file <file>', 'holds the token for writing (default: that of the data dir)')
    .option(INSECURE_FLAG, INSECURE_TEXT)
    .action(async (control, given, { tokenFile, insecureHttp }, self) => {
      const { dataDir, isJson } = settingsOf(self);
      const url =
        given === undefined ? ownAddress(dataDir) : parseAddress(given, insecureHttp === true);
      const client = new ApiClient(url);
      try {
        const told = await tell(client, control, writingToken(tokenFile, dataDir));
        if (isJson) sayDocument({ url: client.origin, ...told });
        else say(textOf(told, client.origin));
      } finally {
        client.close();
      }
    });
  return withCommonOptions(command);
}

interface Told {
  readonly campaign: string;
  readonly was: CampaignPhase;
  readonly state: CampaignPhase;
}

async function tell(client: ApiClient, control: Control, token: string): Promise<Told> {
  const { campaign, state: was } = await campaignOf(client);
  if (ENDING.includes(was) && was !== LEADS_TO[control]) {
    const what = `campaign ${shown(campaign)} on ${client.origin} is ${was}: there is nothing to ${control}`;
    const remedy = '`faultline up` begins another';
    throw fail('NOTHING_FOUND', { what, remedy });
  }
  const after = await controlled(client, control, token);
  if (after !== null) return { campaign, was, state: after.state };
  throw fail('USAGE', {
    what: `${client.origin} does not take this token: name the one of its data directory with --token-file`,
  });
}

function textOf({ campaign, was, state }: Told, origin: string): string {
  const now = was === state ? `${state} already` : `${state}, was ${was}`;
  return `campaign ${shown(campaign)} on ${origin}: ${now}`;
}

/** What the coordinator wrote. */
function shown(text: string): string {
  return printable(text, 80);
}
