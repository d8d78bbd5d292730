/** A campaign within one process: a coordinator over executors that are called, and a log that ends with it. */
import { type ModelPin, NO_EXECUTOR, type Report } from '../../corpus/vocabulary/messages.ts';
import { FixedPace } from '../campaign/pace.ts';
import { SHARES } from '../campaign/plan-batch.ts';
import type { CampaignState, Effect } from '../campaign/state.ts';
import { SYSTEM_CLOCK } from '../log/clock.ts';
import { type CampaignLog, UnkeptLog } from '../log/writer.ts';
import { Coordinator, type PublisherPort } from './coordinator.ts';
import { type LocalExecutors, LocalTransport } from './local-transport.ts';

/** Runs a batch: some 20 ms of one core, against some 0.2 ms for the messages. */
export const BATCH_RUNS = 2048;

export interface LocalSettings {
  readonly models: readonly ModelPin[];
  readonly rngSeed: number;
  /** Runs in all; null for no end. */
  readonly runs: number | null;
  /** Texts of corpus/seeds. */
  readonly seeds: readonly string[];
  /** Digest of what reports depend on; what another build knows of features is not taken over. */
  readonly build: string;
  /** The campaign to go on with. */
  readonly resumed?: CampaignState;
}

export interface LocalListener {
  received(effect: Effect, report: Report, state: CampaignState): void;
  said(text: string): void;
}

export interface LocalCampaign {
  readonly state: CampaignState;
  /** Ends when the runs are made, or after `stop`, and everything that was found is followed up. */
  run(): Promise<void>;
  stop(): void;
}

/** @param publish makes the publisher; without one, what is found is not followed up */
export function localCampaign(
  localSettings: LocalSettings,
  executors: LocalExecutors,
  listener: LocalListener,
  publish?: (log: CampaignLog) => PublisherPort,
): LocalCampaign {
  const clock = SYSTEM_CLOCK;
  const { models, rngSeed, runs, seeds, build, resumed } = localSettings;
  const log = new UnkeptLog(clock, resumed);
  const { state } = log;
  const stop = { runs, milliseconds: null, quietMilliseconds: null };
  const wanted = { models, rngSeed, shares: SHARES, stop };
  if (resumed === undefined) log.write({ t: 'campaign', campaign: 'local', plan: wanted });
  else {
    state.settings = wanted;
    log.write({ t: 'control', control: 'resume' });
  }
  const coordinator = new Coordinator({
    log,
    clock,
    transport: new LocalTransport(publish === undefined ? unfollowed(executors) : executors),
    pace: new FixedPace(BATCH_RUNS),
    build,
    seeds,
    canary: null,
    publisher: publish?.(log) ?? { publish: () => {}, reproOf: () => undefined },
    watcher: {
      received: (effect, report) => listener.received(effect, report, state),
      said: (text) => listener.said(text),
      warned: (text) => listener.said(text),
    },
  });
  return {
    state,
    run: () => coordinator.run(),
    stop: () => coordinator.control('stop'),
  };
}

/** Executors that explore, and say of every witness that it comes to nothing. */
function unfollowed(executors: LocalExecutors): LocalExecutors {
  return {
    count: executors.count,
    execute: async (work, wish) => {
      if (work.kind !== 'minimize') return await executors.execute(work, wish);
      const result = { kind: 'minimize', signature: work.signature, record: null } as const;
      return { result, executor: NO_EXECUTOR, milliseconds: 0 };
    },
  };
}
