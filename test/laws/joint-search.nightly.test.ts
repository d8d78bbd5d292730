/** The law of `joint-search.test.ts`, of more workloads on more models. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { assertJobsAgree } from './joint-search.ts';

const WORKLOADS = 60;

for (const name of [...MODEL_NAMES, 'punch-never-ends.json', 'order-reversed.json']) {
  test(`${name}: one, two and three threads say the same of ${WORKLOADS} workloads`, () => {
    assert.ok(assertJobsAgree(name, WORKLOADS).cut > 0);
  });
}
