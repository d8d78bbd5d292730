/**
 * A run under way as its bookkeeping sees it: words, workload, and the step at work. Ghosts, blame and walks of page
 * tables get this and no `Kernel`, so none of them can take a step or move a thread.
 */
import type { Footprints } from './footprints.ts';
import type { World } from './world.ts';

export interface RunState extends Footprints {
  readonly world: World;
  readonly program: {
    /** For each instruction the number of its role, and the roles by number. */
    readonly role: Int32Array;
    readonly roles: readonly string[];
    /** The model tracks dirty pages. */
    readonly durability: boolean;
  };
  readonly currentPc: number;
  readonly currentThread: number;
  opOf(t: number): number;
  writerOf(t: number): number;
}
