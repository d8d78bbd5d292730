/** `submit`: an input, a model of one's own, or both, into a campaign that runs; later the answer, by its id. */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
} from '@commander-js/extra-typings';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { shownId } from '../../corpus/vocabulary/finding.ts';
import { printableFile } from '../../corpus/vocabulary/printable.ts';
import { SUBMITTED_STATES_MAX } from '../campaign/submissions.ts';
import type { ShownSubmission, SubmittedVerdict } from '../campaign/views.ts';
import { ownAddress, parseAddress } from '../pull/api-address.ts';
import { ApiClient } from '../pull/api-client.ts';
import { submissionOf as answerTo, submit } from '../pull/api-submissions.ts';
import { writingToken } from './options/http-options.ts';
import { MODEL_FLAG, MODEL_FLAG_TEXT } from './options/model-argument.ts';
import { parseCount } from './options/quantities.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { STDIN } from './options/subject.ts';
import { submissionOf } from './options/submission.ts';
import { EXIT } from './output/endings.ts';
import { commandOn, quoted } from './output/render-finding.ts';
import { submissionText } from './output/submission-text.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';
import { INSECURE_FLAG, INSECURE_TEXT } from './pull.ts';
import { onInterrupt } from './signals.ts';

const WHAT_TEXT = 'an input or a repro (text or JSON), -, or the id of a submission';
const ID = /^[0-9a-f]{6,64}$/;
const ASKED_MS = 500;

const EXIT_OF: Readonly<Record<SubmittedVerdict, number>> = {
  violation: EXIT.bad,
  failed: EXIT.cannotJudge,
  inconclusive: EXIT.cannotJudge,
  verified: EXIT.done,
  lacking: EXIT.cannotJudge,
};

interface Flags {
  readonly model?: string;
  readonly states: number;
  readonly wait?: true;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly insecureHttp?: true;
}

export function submitCommand(): CommandUnknownOpts {
  const command = new Command('submit')
    .description('have a running campaign search an input, a model of your own, or both')
    .argument('[what]', `${WHAT_TEXT}; every seed of the package if left out`)
    .option(MODEL_FLAG, `${MODEL_FLAG_TEXT}; those of the campaign if left out`)
    .option('--states <n>', 'states a workload may take', parseStates, SUBMITTED_STATES_MAX)
    .option('--wait', 'until it is answered; the exit code is that of `check`')
    .option('--url <url>', 'address of the coordinator (default: that of the data dir)')
    .option('--token-file <file>', 'holds the token for writing (default: that of the data dir)')
    .option(INSECURE_FLAG, INSECURE_TEXT)
    .action(async (what, flags, self) => {
      const settings = settingsOf(self);
      // A text that cannot be searched is sent to no coordinator.
      const isId = what !== undefined && ID.test(what) && !existsSync(what);
      if (what !== undefined && !isId) requireFile(what);
      const asked = isId
        ? null
        : await submissionOf(what, flags.model, flags.states, settings.dataDir);
      const client = new ApiClient(addressOf(flags, settings));
      try {
        const found =
          asked === null
            ? await known(client, what ?? '')
            : await sent(client, asked, flags, settings);
        endWith(await tell(client, found, { ...flags, isNew: asked !== null }, settings));
      } finally {
        client.close();
      }
    });
  return withCommonOptions(command);
}

function parseStates(text: string): number {
  const count = parseCount(text);
  if (count <= SUBMITTED_STATES_MAX) return count;
  throw new InvalidArgumentError(
    `It must be at most ${SUBMITTED_STATES_MAX}: \`faultline check\` searches more.`,
  );
}

function requireFile(name: string): void {
  if (name === STDIN || existsSync(name)) return;
  const why = 'there is no such file, and it is not the id of a submission';
  throw fail('FILE_UNREADABLE', { file: printableFile(name), why });
}

function addressOf({ url, insecureHttp }: Flags, { dataDir }: Settings): URL {
  return url === undefined ? ownAddress(dataDir) : parseAddress(url, insecureHttp === true);
}

async function known(client: ApiClient, id: string): Promise<ShownSubmission> {
  const found = await answerTo(client, id);
  if (found !== undefined) return found;
  const what = `${client.origin} has no submission ${id}`;
  throw fail('NOTHING_FOUND', { what, remedy: 'submit it again: the same text has the same id' });
}

async function sent(
  client: ApiClient,
  asked: Parameters<typeof submit>[1],
  { tokenFile }: Flags,
  { dataDir }: Settings,
): Promise<ShownSubmission> {
  const taken = await submit(client, asked, writingToken(tokenFile, dataDir));
  if (taken !== null) return taken;
  throw fail('USAGE', {
    what: `${client.origin} does not take this token: name the one of its data directory with --token-file`,
  });
}

/** @returns the exit code */
async function tell(
  client: ApiClient,
  found: ShownSubmission,
  flags: Flags & { readonly isNew: boolean },
  settings: Settings,
): Promise<number> {
  const again = commandToAsk(found, flags, settings);
  if (flags.wait === true && found.state !== 'answered') {
    progress(
      settings,
      `submission ${shownId(found.id)} is taken; \`${again}\` tells its answer later, too`,
    );
  }
  const last = flags.wait === true ? await answered(client, found) : found;
  if (settings.isJson) sayDocument({ url: client.origin, ...last });
  else say(submissionText(last, { origin: client.origin, again }));
  if (flags.isNew && flags.wait !== true) return EXIT.done;
  return last.verdict === null ? EXIT.cannotJudge : EXIT_OF[last.verdict];
}

/** What is known of it at a Ctrl-C, if that comes first. */
async function answered(client: ApiClient, found: ShownSubmission): Promise<ShownSubmission> {
  const stopped = new AbortController();
  const release = onInterrupt(() => stopped.abort());
  let last = found;
  try {
    while (last.state !== 'answered' && !stopped.signal.aborted) {
      await wait(ASKED_MS, null, { signal: stopped.signal }).catch(() => {});
      if (!stopped.signal.aborted) last = await known(client, found.id);
    }
    return last;
  } finally {
    release();
  }
}

function commandToAsk({ id }: ShownSubmission, { url }: Flags, { dataDir }: Settings): string {
  const where = url === undefined ? '' : ` --url ${quoted(url)}`;
  return commandOn(`submit ${shownId(id)}${where}`, dataDir);
}
