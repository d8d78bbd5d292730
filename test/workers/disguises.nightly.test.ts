/** A thousand disguises of a bug of each class keep its id; RNG_SEED and DISGUISES draw others and fewer. */
import { test } from 'node:test';
import { figure } from '../support/patience.ts';
import { assertDisguisesKeep, BUGS } from './support/disguises.ts';

const COUNT = Number(process.env.DISGUISES ?? 1000);

for (const bug of BUGS) {
  test(`${COUNT} disguises of ${bug.id} on ${bug.model} fall into its bucket`, () => {
    figure(`${assertDisguisesKeep(bug, COUNT)} different disguises of ${bug.id}`);
  });
}
