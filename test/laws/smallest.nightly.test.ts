/**
 * Nothing smaller shows what a minimized repro shows: of a hundred raw violations of fresh workloads, every input with
 * its kinds of operations, page states, pages and threads that has fewer operations, or as many and fewer preemptions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EMPTY_SCHEDULE,
  type Input,
  type Setup,
  type ThreadOps,
} from '../../corpus/vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../corpus/vocabulary/limits.ts';
import type { Witness } from '../../corpus/vocabulary/messages.ts';
import type { Op, OpKind } from '../../corpus/vocabulary/ops.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { checkInput } from '../../corpus/vocabulary/validate.ts';
import { classOfSignature } from '../../corpus/vocabulary/verdict.ts';
import { FuzzRunner } from '../../workers/batch/fuzz-batch.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { hunt } from '../../workers/reproduce/hunt.ts';
import { PROOF_STEPS_MAX, reproduce } from '../../workers/reproduce/reproduce.ts';
import { Engine } from '../../workers/run/engine.ts';
import { figure } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const MODELS = ['v42-immap-read', 'v43rc-immap-write', 'xfs-mmaplock-prezero', 'v48-entry-lock'];
const VIOLATIONS = 100;
/** Of one signature. */
const ALIKE = 5;
const PREEMPTIONS = 3;
const STEPS = 6000;
/** Of one repro: some have more, which is said. */
const INPUTS_MAX = 20_000;

interface Raw {
  readonly model: string;
  readonly witness: Witness;
}

function rawViolations(): readonly Raw[] {
  const raw: Raw[] = [];
  for (let index = 0; raw.length < VIOLATIONS; index++) {
    const model = MODELS[index % MODELS.length] ?? '';
    const what = { kind: 'fuzz', index, model, rngSeed: RNG_SEED, runs: 256 } as const;
    const sources = [{ kind: 'fresh' }] as const;
    const { witnesses } = new FuzzRunner(modelOf(model)).run({
      ...what,
      sources,
      settledDigest: null,
      settled: [],
      featuresDigest: null,
    });
    for (const witness of witnesses) {
      const alike = raw.filter((one) => one.witness.signature === witness.signature).length;
      if (alike < ALIKE && raw.length < VIOLATIONS) raw.push({ model, witness });
    }
  }
  return raw;
}

function* opsOf(kind: OpKind, pages: number, areas: number, files: number): Generator<Op> {
  const size = pages * PAGE_BYTES;
  if (kind === 'revoke' || kind === 'commit' || kind === 'crash' || kind === 'enospc')
    yield { kind };
  for (let area = 0; area < areas; area++) {
    if (kind === 'munmap' || kind === 'msync') yield { kind, area };
    if (kind !== 'load' && kind !== 'store') continue;
    for (let offset = 0; offset < size; offset += LINE_BYTES) yield { kind, area, offset };
  }
  for (let file = 0; file < files; file++) {
    if (kind === 'fsync') yield { kind, file };
    if (kind === 'truncate') {
      for (let to = 0; to <= size; to += PAGE_BYTES) yield { kind, file, size: to };
    }
    if (kind === 'pread' || kind === 'pwrite') {
      for (let offset = 0; offset < size; offset += LINE_BYTES)
        yield { kind, file, offset, length: LINE_BYTES };
    }
    if (
      kind !== 'punch' &&
      kind !== 'zero' &&
      kind !== 'fallocate' &&
      kind !== 'collapse' &&
      kind !== 'insert'
    )
      continue;
    for (let offset = 0; offset < size; offset += PAGE_BYTES)
      yield { kind, file, offset, length: PAGE_BYTES };
  }
}

function* sequences<T>(items: readonly T[], length: number): Generator<readonly T[]> {
  if (length === 0) {
    yield [];
    return;
  }
  for (const rest of sequences(items, length - 1)) for (const item of items) yield [...rest, item];
}

/** Every way to give a sequence of operations to at most so many threads, in pieces. */
function* dealt(ops: readonly Op[], processes: readonly number[]): Generator<readonly ThreadOps[]> {
  const [process = 0, ...others] = processes;
  yield [{ process, ops }];
  if (others.length === 0) return;
  for (let cut = 1; cut < ops.length; cut++) {
    for (const rest of dealt(ops.slice(cut), others))
      yield [{ process, ops: ops.slice(0, cut) }, ...rest];
  }
}

function* setupsLike({ setup }: Input): Generator<Setup> {
  const [file, ...others] = setup.files;
  if (file === undefined) return;
  const states = [...new Set(setup.files.flatMap(({ pages }) => pages))];
  const most = Math.max(file.size, file.pages.length * PAGE_BYTES);
  for (const pages of sequences(states, file.pages.length)) {
    for (let size = 0; size <= most; size += PAGE_BYTES)
      yield { ...setup, files: [{ size, pages }, ...others] };
  }
}

function* smallerThan(input: Input, preemptions: number): Generator<readonly [Input, number]> {
  const { files, processes } = input.setup;
  const ops = input.threads.flatMap((thread) => thread.ops);
  const pages = Math.max(
    1,
    ...files.map(({ pages: all, size }) => Math.max(all.length, size / PAGE_BYTES)),
  );
  const areas = Math.max(
    ...processes.map((one) => one.areas.filter((area) => area !== null).length),
  );
  const kinds = [...new Set(ops.map(({ kind }) => kind))];
  const all = kinds.flatMap((kind) => [...opsOf(kind, pages, areas, files.length)]);
  for (let count = 1; count <= ops.length; count++) {
    const most = count < ops.length ? PREEMPTIONS : preemptions - 1;
    if (most < 0) continue;
    for (const setup of setupsLike(input)) {
      for (const sequence of sequences(all, count)) {
        for (const threads of dealt(
          sequence,
          input.threads.map(({ process }) => process),
        )) {
          yield [{ setup, threads, schedule: EMPTY_SCHEDULE }, most];
        }
      }
    }
  }
}

test(`${VIOLATIONS} raw violations: no smaller input shows what a repro shows`, () => {
  const engines = new Map(MODELS.map((model) => [model, new Engine(modelOf(model))]));
  let cut = 0;
  for (const { model, witness } of rawViolations()) {
    const engine = engines.get(model) ?? assert.fail();
    const { signature } = witness;
    const budget = { testsMax: 4000, statesMax: PROOF_STEPS_MAX };
    const repro = reproduce(engine, parseInput(witness.text, 'raw'), signature, budget);
    assert.ok(repro !== null, signature);
    const worst = classOfSignature(signature);
    const wanted = worst === null ? signature : { signature, class: worst };
    let tried = 0;
    for (const [input, to] of smallerThan(repro.input, repro.preemptions)) {
      if (checkInput(input) !== null) continue;
      if (++tried > INPUTS_MAX) break;
      const { traced } = hunt(engine, input, wanted, { from: 0, to, stepsMax: STEPS });
      const both: string = `${signature} on ${model}\n${printInput(repro.input)}\n${printInput(input)}`;
      assert.equal(traced, null, both);
    }
    if (tried > INPUTS_MAX) cut++;
  }
  figure(`${cut} of ${VIOLATIONS} have more smaller inputs than were tried`);
});
