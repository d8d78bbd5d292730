/** What the data directory keeps of a local campaign, so that `fuzz --resume` goes on with it. */
import path from 'node:path';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import { type Snapshot, snapshotOf, stateOf } from '../campaign/snapshot.ts';
import type { CampaignState } from '../campaign/state.ts';
import { Log } from '../log/log.ts';

const FOLDER = 'fuzz';
/** What a kill may cost. */
const PERIOD_MS = 30_000;

export class FuzzMemory {
  /** As the last campaign left it; null if there is none. */
  readonly before: CampaignState | null;
  private readonly log: Log;
  private readonly said: (text: string) => void;
  private writtenMs = performance.now();
  private isRefused = false;

  /** @throws Refusal DATA_DIR; ENVIRONMENT where another `fuzz` has the folder */
  constructor(dataDir: string, said: (text: string) => void) {
    const { log, snapshot } = Log.open(path.join(dataDir, FOLDER));
    this.log = log;
    this.said = said;
    // Written by this class, and its checksum holds.
    this.before = snapshot === undefined ? null : stateOf(snapshot as unknown as Snapshot);
  }

  /** Now and then. */
  note(state: CampaignState): void {
    if (performance.now() - this.writtenMs > PERIOD_MS) this.write(state);
  }

  write(state: CampaignState): void {
    this.writtenMs = performance.now();
    try {
      this.log.snapshot(snapshotOf(state) as unknown as Json);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!this.isRefused)
        this.said(`${error.message}; \`fuzz --resume\` will not go on from here`);
      this.isRefused = true;
    }
  }

  close(): void {
    this.log.close();
  }
}

/** @throws Refusal where nothing is there to go on with, or another `fuzz` has it */
export function resumedFrom(memory: FuzzMemory, dataDir: string): CampaignState {
  if (memory.before?.settings != null) return memory.before;
  throw fail('USAGE', {
    what: `${dataDir} has no campaign of \`fuzz\` to go on with; leave out --resume`,
  });
}
