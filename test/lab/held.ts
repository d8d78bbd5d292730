/** File systems of a real kernel held against their models, in a machine that the tests of a file share. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { type Conformed, Conformity } from '../../deploy/lab/conform/conform.ts';
import { inMachine } from '../../deploy/lab/conform/players.ts';
import {
  FILE_SYSTEM_NAMES,
  FILE_SYSTEMS,
  type FileSystemName,
} from '../../deploy/lab/file-systems.ts';
import { bootLab, type Lab } from '../../deploy/lab/lab.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { skipReason, TEST_CACHE } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { figure } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const PROCESSORS = 2;

let booted: Promise<Lab> | null = null;
after(async () => (await booted)?.machine.stop());

/** One machine for the tests of this process. */
export function sharedLab(): Promise<Lab> {
  booted ??= bootLab({
    cacheDir: path.join(TEST_CACHE, 'lab'),
    guestDir: path.join(PACKAGE_ROOT, 'deploy/lab/guest'),
    kernel: null,
    accelerator: null,
    processors: PROCESSORS,
    env: process.env,
    say: figure,
  });
  return booted;
}

/** Each file system with its model: no difference that has no reason. */
export async function holdsEach(operations: number): Promise<void> {
  const skip = await skipReason('qemu-system-x86');
  for (const name of FILE_SYSTEM_NAMES) {
    const { model } = FILE_SYSTEMS[name];
    test(`${name} conforms to ${model} in ${operations} operations`, { skip }, async () => {
      const held = await hold(name, model, operations);
      assert.ok(held.operations >= operations);
      assert.deepEqual(textsOf(held), [], 'differences without a reason');
    });
  }
}

export async function hold(
  name: FileSystemName,
  model: string,
  operations: number,
): Promise<Conformed> {
  const { machine } = await sharedLab();
  const conformity = new Conformity(inMachine(machine, name), compile(modelOf(model)));
  const untold = { played: () => {}, shrinking: () => {} };
  const held = await conformity.compare(RNG_SEED, operations, untold);
  const { cases, splitCases, explained, differences } = held;
  figure(
    `${name} of ${machine.release} against ${model}: ${held.operations} operations in ${cases} cases, ` +
      `${differences.length} kinds of difference, ${[...explained.values()].reduce((sum, n) => sum + n, 0)} cases ` +
      `with a reason; read(2) and a mapping differ in ${splitCases}`,
  );
  return held;
}

function textsOf({ differences }: Conformed): readonly string[] {
  return differences.map(({ input, op, kernel, simulator }) => {
    return `${printInput(input)}operation ${op + 1}\nkernel    ${kernel}\nsimulator ${simulator}`;
  });
}
