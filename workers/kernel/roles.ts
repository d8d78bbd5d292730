/** Who did what, as signatures say it: one role for the rows of one operation and one step of the registry. */
import type { Program } from './program.ts';
import { STEPS } from './step-registry.ts';

interface Named {
  readonly step: string;
  readonly lock: string;
  readonly operation: string;
}

/** Roles in the order of their first row. */
export function rolesOf(
  rows: readonly Named[],
  idOfLock: (name: string) => string,
): Pick<Program, 'role' | 'roles'> {
  const roles = ['setup'];
  const role = Int32Array.from(rows, ({ step, operation, lock }) => {
    if (step === '') return 0;
    const one = STEPS.get(step)?.role ?? step;
    const name = lock === '' ? one : `${one}(${idOfLock(lock)})`;
    const text = step === 'access' ? step : `${operation}/${name}`;
    const known = roles.indexOf(text);
    return known < 0 ? roles.push(text) - 1 : known;
  });
  return { role, roles };
}
