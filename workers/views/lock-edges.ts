/**
 * Which lock a thread of a traced run asked for while it held which others, and where it had asked for those: what
 * lockdep records, with both sites of every edge. Pure.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { T_HELD, T_WAIT } from '../kernel/layout.ts';
import { CLASS_COUNT, classOfLockObject, heldCount } from '../kernel/locks.ts';
import type { Program } from '../kernel/program.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import { rerun } from './observe.ts';

/** A step of a run, counted from 1. */
export interface Site {
  readonly thread: number;
  readonly op: number;
  readonly step: number;
  readonly label: string;
}

/** `asked` was asked for under `held`: numbers of lock classes. */
export interface LockEdge {
  readonly held: number;
  readonly asked: number;
  readonly heldAt: Site;
  readonly askedAt: Site;
}

export function lockEdges(
  program: Program,
  workload: Workload,
  rows: readonly TraceRow[],
): readonly LockEdge[] {
  const k = rerun(program, workload);
  const threads = workload.threads.map(() => new Holder());
  const edges: LockEdge[] = [];
  rows.forEach(({ thread, op, label }, i) => {
    const site = { thread, op, step: i + 1, label };
    k.step(thread);
    threads.forEach((holder, t) => {
      const isOwn = t === thread;
      for (let cls = 0; cls < CLASS_COUNT; cls++) {
        const isAsked = isOwn && classOfLockObject(k.peek(T_WAIT + t) - 1) === cls;
        edges.push(...holder.note(cls, heldCount(k.peek(T_HELD + t), cls), isAsked, isOwn && site));
      }
    });
  });
  return edges;
}

/** What one thread holds, and where it asked for it. */
class Holder {
  private readonly held = new Map<number, Site[]>();
  /** Asked for and slept on. */
  private waiting: { readonly cls: number; readonly site: Site } | null = null;

  /** @param site of the thread's own step; false while another runs, which may hand a lock over */
  note(cls: number, count: number, isAsked: boolean, site: Site | false): readonly LockEdge[] {
    const sites = this.held.get(cls) ?? [];
    if (isAsked && site !== false && this.waiting === null) {
      const edges = this.edgesTo(cls, site);
      this.waiting = { cls, site };
      return edges;
    }
    if (count > sites.length) return this.take(cls, sites, site);
    if (count < sites.length) this.held.set(cls, sites.slice(0, count));
    return [];
  }

  private take(cls: number, sites: readonly Site[], site: Site | false): readonly LockEdge[] {
    const { waiting } = this;
    const asked = waiting?.cls === cls ? waiting.site : site;
    if (asked === false) return [];
    const edges = waiting?.cls === cls ? [] : this.edgesTo(cls, asked);
    if (waiting?.cls === cls) this.waiting = null;
    this.held.set(cls, [...sites, asked]);
    return edges;
  }

  private edgesTo(asked: number, askedAt: Site): readonly LockEdge[] {
    return [...this.held].flatMap(([held, sites]) =>
      sites.slice(0, 1).map((heldAt) => ({ held, asked, heldAt, askedAt })),
    );
  }
}
