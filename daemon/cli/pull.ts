/** `pull`: the findings of a coordinator, brought into a data directory of ours. */
import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from '@commander-js/extra-typings';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { type Finding, shownId } from '../../corpus/vocabulary/finding.ts';
import { readJson } from '../../corpus/vocabulary/json.ts';
import { isModelRef, type Repro } from '../../corpus/vocabulary/repro.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { isDigestOf } from '../../workers/models/registry.ts';
import { ownAddress, ownAddressIn, parseAddress } from '../pull/api-address.ts';
import { ApiClient, PULL_BOUNDS } from '../pull/api-client.ts';
import { type Filter, isWanted } from '../pull/pull-listing.ts';
import { type Pulled, pull, type Since } from '../pull/puller.ts';
import { engineDigest } from './identity.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, note, say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';

export const URL_TEXT =
  'the coordinator, such as http://127.0.0.1:7077 (default: the one of the data directory)';
export const INSECURE_FLAG = '--insecure-http';
export const INSECURE_TEXT =
  'plain http to another machine: who is on the way can change what comes';

/** Milliseconds between two lines of progress. */
const LINE_MS = 2000;
const AGO = /^(\d{1,6})([mhdw])$/;
const AGO_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;
const REVISION = /^\d{1,15}$/;

interface PullArguments {
  readonly url: URL;
  readonly dest: string;
  readonly filter: Filter;
  readonly since: Since | undefined;
}

export function pullCommand(): CommandUnknownOpts {
  const command = new Command('pull')
    .description("bring a coordinator's findings here: what is new or better, each one verified")
    .argument('[url]', URL_TEXT)
    .option('--model <ref>', 'only those of a model, with any toggles if none are given')
    .addOption(
      new Option('--class <name>', 'only those of a class').choices(Object.keys(VIOLATION_CLASSES)),
    )
    .option(
      '--since <when>',
      'compare anew from there: a time ago (2h, 7d), a date, or a revision (0: everything)',
      parseSince,
    )
    .option('--dest <dir>', 'the data directory to bring them to (default: this one)')
    .option(INSECURE_FLAG, INSECURE_TEXT)
    .action(async (given, { model, class: wanted, since, dest, insecureHttp }, self) => {
      const settings = settingsOf(self);
      if (model !== undefined && !isModelRef(model)) {
        throw fail('USAGE', { what: '--model must be a reference such as v42-immap-read' });
      }
      const { dataDir } = settings;
      const url =
        given === undefined ? ownAddress(dataDir) : parseAddress(given, insecureHttp === true);
      const filter = { model, class: wanted };
      const asked = { url, dest: dest ?? dataDir, filter, since };
      endWith(isOwn(asked) ? sayHere(asked, settings) : await bring(asked, settings));
    });
  return withCommonOptions(command);
}

/** What a coordinator of this folder has is here already. */
function isOwn({ url, dest }: PullArguments): boolean {
  return ownAddressIn(dest)?.origin === url.origin;
}

function sayHere({ dest, filter, url }: PullArguments, settings: Settings): number {
  const findings = new FindingStore(dest).list().findings.filter((one) => isWanted(one, filter));
  const { length } = findings;
  if (settings.isJson) sayDocument(documentOf(url, dest, [], [], length, []));
  else say(`already here: ${counted(length, 'finding')} in ${dest}, where ${url.origin} writes`);
  return length === 0 ? EXIT.nothing : EXIT.done;
}

async function bring(asked: PullArguments, settings: Settings): Promise<number> {
  const { url, dest } = asked;
  const client = new ApiClient(url, PULL_BOUNDS);
  const release = onInterrupt(() => client.close());
  progress(settings, `pull: ${url.origin} to ${dest}; Ctrl-C stops`);
  let lineMs = performance.now();
  try {
    const pulled = await pull({
      ...asked,
      client,
      engine: engineDigest(),
      isModelDigestRight,
      noted: (text) => note(`faultline: ${text}`),
      looked: (listed, brought) => {
        if (performance.now() - lineMs < LINE_MS) return;
        lineMs = performance.now();
        progress(settings, `pull: ${listed} looked at, ${brought} brought`);
      },
    });
    return sayPulled(pulled, asked, client.isClosed, settings);
  } catch (error) {
    // What ended it before its first finding was Ctrl-C.
    if (!client.isClosed || !(error instanceof Refusal)) throw error;
    if (settings.isJson) sayDocument(documentOf(url, dest, [], [], 0, []));
    progress(settings, 'pull: stopped');
    return EXIT.done;
  } finally {
    release();
    client.close();
  }
}

function sayPulled(
  pulled: Pulled,
  { url, dest, filter }: PullArguments,
  isStopped: boolean,
  settings: Settings,
): number {
  const { added, improved, unchanged, skipped, listed, isContinued, broken } = pulled;
  for (const { id, why } of skipped) note(`faultline: skipped ${nameOf(id)}: ${why}`);
  const counts = `${added.length} new, ${improved.length} improved, ${unchanged} unchanged, ${skipped.length} skipped`;
  if (broken !== null && !isStopped) {
    progress(settings, `pull: ${counts} in ${dest}, then it broke off; pull again to go on`);
    throw broken;
  }
  if (listed === 0 && !isContinued && !isStopped) {
    const what = `${url.origin} has no finding${isAll(filter) ? '' : ' of that model and class'}`;
    throw fail('NOTHING_FOUND', {
      what,
      remedy: `\`faultline status ${url.origin}\` says what runs`,
    });
  }
  if (settings.isJson) sayDocument(documentOf(url, dest, added, improved, unchanged, skipped));
  else say(`${counts} in ${dest}${isStopped ? '; stopped, pull again to go on' : ''}`);
  return skipped.length === 0 ? EXIT.done : EXIT.environment;
}

function documentOf(
  url: URL,
  dest: string,
  added: readonly Finding[],
  improved: readonly Finding[],
  unchanged: number,
  skipped: Pulled['skipped'],
): Readonly<Record<string, unknown>> {
  return { url: url.origin, dest, new: added, improved, unchanged, skipped };
}

function nameOf(id: string): string {
  return id.startsWith('revision') ? id : `finding ${shownId(id)}`;
}

function isAll({ model, class: wanted }: Filter): boolean {
  return model === undefined && wanted === undefined;
}

/** Of whatever model it is: one that this build does not know travels all the same. */
export function isModelDigestRight({ modelJson, modelDigest: given }: Repro): boolean {
  return isDigestOf(readJson(modelJson) as unknown as Model, given);
}

function parseSince(text: string): Since {
  if (REVISION.test(text)) return { revision: Number(text) };
  const [, count = '', unit = ''] = AGO.exec(text) ?? [];
  if (count !== '') return { publishedMs: Date.now() - Number(count) * (AGO_MS[unit] ?? 0) };
  const publishedMs = DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(publishedMs)) return { publishedMs };
  throw new InvalidArgumentError('It must be like 90m, 2h, 7d, 2026-03-01 or a revision.');
}
