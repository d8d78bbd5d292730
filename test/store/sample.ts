/** Findings for the tests of the store, and folders for them that go away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type FindingRecord, findingId, operationsOf } from '../../corpus/vocabulary/finding.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';

export const SIGNATURE = 'unfenced punch';

export interface Sample {
  readonly signature?: string;
  readonly model?: string;
  readonly engine?: string;
  /** Loads of the first thread: more of them make a worse repro. */
  readonly loads?: number;
}

export function sampleRecord(sample: Sample = {}): FindingRecord {
  const { signature = SIGNATURE, model = 'v42-immap-read', engine = 'e0'.repeat(8) } = sample;
  const loads = 'load a0 0\n'.repeat(sample.loads ?? 1);
  const text =
    'faultline input 1\nfile A size 4096 pages written\nprocess P0 a0 A 0 4096 shared\n' +
    `thread T0 P0\n${loads}thread T1 P0\npunch A 0 4096\nfirst T0\n`;
  const input = parseInput(text, 'sample');
  return {
    finding: {
      id: findingId(signature),
      signature,
      class: 'stale-pte',
      title: 'stale pte after a hole punch',
      known: 'B12',
      looksLike: null,
      standing: 'expected',
      model,
      models: [model],
      threads: 2,
      operations: operationsOf(input.threads),
      preemptions: 1,
      sites: [],
      runsToFirst: 17,
    },
    repro: {
      input,
      modelRef: model,
      modelJson: '{"name":"sample"}',
      modelDigest: 'd1'.repeat(32),
      engine,
      signature,
      catalogue: 'B12',
      traceDigest: 'c2'.repeat(32),
      origin: { rngSeed: 7, batch: 3, run: 17, model },
    },
    columns: 'T0 | T1\n',
    howFound: {
      rngSeed: 7,
      batch: 3,
      run: 17,
      scheduler: 'surw',
      testsUsed: 40,
      proof: 'needs exactly 1',
      criticalPair: ['T0 op 0 at fault/installPte 1', 'T1 op 0 at punch/removeExtent 1'],
    },
  };
}

export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
