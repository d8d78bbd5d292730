/**
 * Slips of people in an input. A run treats an access to an unmapped area as one that fails, and fuzzing may
 * make such accesses; in a file that a person wrote it is a mistake.
 */

import type { Input, Workload } from './input.ts';
import { AREA_NAMES, PROCESS_NAMES } from './names.ts';
import { nearestHint } from './nearest.ts';
import { argumentOf, type Op } from './ops.ts';
import { findProblems, type Problem } from './validate.ts';

/** As `findProblems`, and areas that neither the setup nor an operation of the process maps. */
export function findSlips(input: Input): readonly Problem[] {
  return [...findProblems(input), ...unmappedAreas(input)];
}

export function unmappedAreas(workload: Workload): readonly Problem[] {
  return workload.threads.flatMap(({ process, ops }, thread) => {
    const mapped = areasOf(workload, process);
    return ops.flatMap((one, op): readonly Problem[] => {
      const area = areaUsed(one);
      if (area === null || mapped.has(area)) return [];
      const name = AREA_NAMES[area] ?? String(area);
      const known = [...mapped].map((index) => AREA_NAMES[index] ?? String(index));
      const where = `neither the setup nor an operation of ${PROCESS_NAMES[process] ?? process} maps it`;
      const what = `area ${name} is not declared: ${where}${nearestHint(name, known)}`;
      return [{ place: { kind: 'op', thread, op }, what }];
    });
  });
}

function areasOf({ setup, threads }: Workload, process: number): ReadonlySet<number> {
  const areas = setup.processes[process]?.areas ?? [];
  const declared = areas.flatMap((area, index) => (area === null ? [] : [index]));
  const ops = threads
    .filter((thread) => thread.process === process)
    .flatMap((thread) => thread.ops);
  return new Set([...declared, ...ops.flatMap((op) => ('sharing' in op ? [op.area] : []))]);
}

/** One that maps an area needs none that is there. */
function areaUsed(op: Op): number | null {
  const area = 'sharing' in op ? undefined : argumentOf(op, 'area');
  return area ?? argumentOf(op, 'buffer')?.area ?? null;
}
