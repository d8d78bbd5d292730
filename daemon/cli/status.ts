/** `status`: what a coordinator is doing, and who works for it. */
import { setTimeout as wait } from 'node:timers/promises';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { silenceInWords } from '../campaign/silence.ts';
import type { CampaignStatus, ModelProgress, WorkerStatus } from '../campaign/views.ts';
import { workforceOf } from '../campaign/workforce.ts';
import { ownAddress, parseAddress } from '../pull/api-address.ts';
import { ApiClient } from '../pull/api-client.ts';
import { campaignOf, fleetOf } from '../pull/api-status.ts';
import { type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { amount, duration } from './output/amounts.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';
import { INSECURE_FLAG, INSECURE_TEXT, URL_TEXT } from './pull.ts';
import { onInterrupt } from './signals.ts';

interface Status {
  readonly campaign: CampaignStatus;
  readonly fleet: readonly WorkerStatus[];
}

const WATCH_MS = 2000;
/** All rows of the catalogue and what is said around them. */
const SILENCE_SHOWN = 1200;

export function statusCommand(): CommandUnknownOpts {
  const command = new Command('status')
    .description('say what a coordinator is doing: campaign, findings, workers')
    .argument('[url]', URL_TEXT)
    .option('--watch', 'a line every 2 s until Ctrl-C')
    .option(INSECURE_FLAG, INSECURE_TEXT)
    .action(async (given, { watch, insecureHttp }, self) => {
      const settings = settingsOf(self);
      if (watch === true && settings.isJson) {
        throw fail('USAGE', { what: '--json is one document and --watch has no end; give one' });
      }
      const url =
        given === undefined
          ? ownAddress(settings.dataDir)
          : parseAddress(given, insecureHttp === true);
      const client = new ApiClient(url);
      try {
        await (watch === true ? follow(client) : once(client, settings));
      } finally {
        client.close();
      }
      endWith(EXIT.done);
    });
  return withCommonOptions(command);
}

async function once(client: ApiClient, { isJson }: Settings): Promise<void> {
  const status = await ask(client);
  if (isJson) sayDocument(status);
  else say(renderStatus(status, client.origin));
}

/** Where nobody answers at first that is a refusal; later it is what there is to see. */
async function follow(client: ApiClient): Promise<void> {
  const stopped = new AbortController();
  const release = onInterrupt(() => {
    stopped.abort();
    client.close();
  });
  try {
    for (let isFirst = true; !client.isClosed; isFirst = false) {
      const line = await ask(client).then(renderLine, (error: unknown) => {
        if (!(error instanceof Refusal) || (isFirst && !client.isClosed)) throw error;
        return error.message;
      });
      if (!client.isClosed) say(`${new Date().toISOString().slice(11, 19)}Z  ${line}`);
      await wait(WATCH_MS, null, { signal: stopped.signal }).catch(() => {});
    }
  } finally {
    release();
  }
}

async function ask(client: ApiClient): Promise<Status> {
  return { campaign: await campaignOf(client), fleet: await fleetOf(client) };
}

export function renderStatus({ campaign, fleet }: Status, origin: string): string {
  const { batches, findings, redis, models } = campaign;
  return [
    `campaign  ${shown(campaign.campaign || 'none yet')} on ${origin}: ${campaign.state}, up ${duration(campaign.uptimeSeconds)}, rng-seed ${campaign.rngSeed}`,
    `build     faultline ${shown(campaign.version)}, ${shown(campaign.build.slice(0, 12))}`,
    `runs      ${amount(campaign.runs)}, ${amount(campaign.runsPerSecond)} runs/s; ${amount(campaign.steps)} steps, ${amount(campaign.inconclusive)} inconclusive`,
    `coverage  ${amount(featuresOf(models))} features, ${counted(sum(models.map(({ entries }) => entries)), 'workload')} kept`,
    `batches   ${batches.planned} planned, ${batches.folded} folded, ${batches.quarantined} quarantined`,
    `findings  ${findings.published} published, ${findings.underWay} under way, ${findings.refuted} refuted`,
    `redis     ${redis.isUp ? 'up' : 'down'}, ${counted(redis.outages, 'outage')}`,
    `workers   ${workersText(fleet, campaign.build)}`,
    ...fleet.map((worker) => workerText(worker, campaign.build)),
    'models',
    ...models.map(modelText),
  ].join('\n');
}

export function renderLine({ campaign, fleet }: Status): string {
  const { state, runs, runsPerSecond, models, batches, findings, redis } = campaign;
  const parts = [
    state,
    `${amount(runs)} runs (${amount(runsPerSecond)}/s)`,
    `${amount(featuresOf(models))} features`,
    `${batches.folded} batches`,
    counted(findings.published, 'finding'),
    ...(findings.underWay === 0 ? [] : [`${findings.underWay} under way`]),
    workersText(fleet, campaign.build),
    ...(redis.isUp ? [] : ['Redis down']),
  ];
  return parts.join(', ');
}

function workersText(fleet: readonly WorkerStatus[], build: string): string {
  const { workers, busy, executors, others } = workforceOf(fleet, build);
  const aside = others === 0 ? '' : `; ${counted(others, 'worker')} of another build`;
  return `${counted(workers, 'worker')}, ${busy} of ${counted(executors, 'executor')} busy${aside}`;
}

function workerText(worker: WorkerStatus, build: string): string {
  const { id, host, pid, busy, executors, runs, isDraining, secondsSinceSeen } = worker;
  const seen = `seen ${duration(secondsSinceSeen)} ago`;
  const draining = isDraining ? ', draining' : '';
  const of = shown(worker.build.slice(0, 12));
  const other = worker.build === build ? '' : `, other build (${of}): takes no batches of this one`;
  return `  ${shown(id)} (${shown(host)}, pid ${pid})  ${busy} of ${executors} busy, ${amount(runs)} runs, ${seen}${draining}${other}`;
}

function modelText(progress: ModelProgress): string {
  const { model, features, entries, findings } = progress;
  return [
    `  ${shown(model)}  ${counted(findings, 'finding')}, ${amount(features)} features, ${counted(entries, 'workload')} kept`,
    `    ${printable(silenceInWords(progress), SILENCE_SHOWN)}`,
  ].join('\n');
}

export function silenceLine(progress: ModelProgress): string {
  return `${shown(progress.model)}: ${printable(silenceInWords(progress), SILENCE_SHOWN)}`;
}

export function featuresOf(models: readonly ModelProgress[]): number {
  return sum(models.map(({ features }) => features));
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** What the coordinator wrote, on one line and not too much of it. */
function shown(text: string): string {
  return printable(text, 80);
}
