/** The workers of a fleet that serve a coordinator, and those of other builds: they never see its queue. */
import type { WorkerStatus } from './views.ts';

export interface Workforce {
  readonly workers: number;
  readonly executors: number;
  readonly busy: number;
  /** Workers of other builds. */
  readonly others: number;
}

type Hand = Pick<WorkerStatus, 'build' | 'executors' | 'busy'>;

export function workforceOf(fleet: readonly Hand[], build: string): Workforce {
  const own = fleet.filter((worker) => worker.build === build);
  return {
    workers: own.length,
    executors: own.reduce((sum, { executors }) => sum + executors, 0),
    busy: own.reduce((sum, { busy }) => sum + busy, 0),
    others: fleet.length - own.length,
  };
}
