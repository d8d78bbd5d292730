/** What a forced program, the gate and the kernel say, read: results of operations, tables of lines, steps. Pure. */
import type { Visible } from './visible.ts';

interface GateLine {
  readonly step: number;
  readonly flushes: number;
}
interface Impossible {
  readonly step: number;
  /** The step that did not come. */
  readonly earlier: number;
  /** Whose thread sleeps on it; null where it sleeps on none. */
  readonly lock: string | null;
}

export interface Readings extends Visible {
  readonly done: readonly GateLine[];
  readonly impossible: Impossible | null;
  /** Names of what was taken away, with how often. */
  readonly cuts: ReadonlyMap<string, number>;
  /** Calls of dax_flush in all. */
  readonly flushes: number;
  readonly isDax: boolean;
  /** Of the program; 124 where its time was up. */
  readonly status: number;
  /** What the module lacks of the kernel. */
  readonly lacking: readonly string[];
}

export const STATUS_MARK = '@status';

export function readingsOf(output: string): Readings {
  const lines = output.replaceAll('\r', '').split('\n');
  const each = (pattern: RegExp): readonly Readonly<Record<string, string>>[] =>
    lines.flatMap((line) => {
      const groups = pattern.exec(line)?.groups;
      return groups === undefined ? [] : [groups];
    });
  const tables = each(/^after (?<file>\w) (?<what>pread|P\d\.a\d) (?<values>.*)$/).map(
    ({ file = '', what = '', values = '' }) =>
      [what === 'pread' ? file : `${file} ${what}`, values.trim().split(/\s+/)] as const,
  );
  const number = (text: string | undefined): number => Number(text ?? Number.NaN);
  const [impossible] = each(
    /^impossible (?<step>\d+) .*: earlier (?<earlier>\d+) .* did not come(?:, \w sleeps on (?<lock>.+))?$/,
  );
  return {
    results: new Map(
      each(/^(?<name>[A-D]\d+) .*? = (?<result>.*)$/).map(({ name = '', result = '' }) => [
        name,
        result,
      ]),
    ),
    files: new Map(tables.filter(([name]) => name.length === 1)),
    areas: new Map(tables.filter(([name]) => name.length > 1)),
    done: each(/^done (?<step>\d+) \S+ flushes (?<flushes>\d+)$/).map(({ step, flushes }) => ({
      step: number(step),
      flushes: number(flushes),
    })),
    impossible:
      impossible === undefined
        ? null
        : {
            step: number(impossible.step),
            earlier: number(impossible.earlier),
            lock: impossible.lock ?? null,
          },
    cuts: new Map(
      each(/^without (?<name>\w \S+) (?<hits>\d+)$/).map(({ name = '', hits }) => [
        name,
        number(hits),
      ]),
    ),
    flushes: each(/^flushes \w (?<count>\d+)$/).reduce((sum, { count }) => sum + number(count), 0),
    isDax: lines.some((line) => /^after \w size \d+ dax$/.test(line)),
    status: number(each(new RegExp(`^${STATUS_MARK} (?<status>\\d+)$`))[0]?.status),
    lacking: [
      ...new Set(each(/faultline_gate: no probe at (?<name>\S+)/).map(({ name = '' }) => name)),
    ],
  };
}
