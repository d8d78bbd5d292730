/** What a model lacks is refused where it stands in the input, with a model that has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OP_KINDS, OPERATIONS, takes } from '../../corpus/vocabulary/ops.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { lackingIn } from '../../workers/kernel/program.ts';
import { compile } from '../../workers/model/compile.ts';
import { unfitting } from '../../workers/models/fitting.ts';
import { CANARY_MODEL, modelOf } from '../../workers/models/registry.ts';

const OPTIONAL = OP_KINDS.filter((kind) => OPERATIONS[kind].isOptional);

/** Each lacks something that others have. */
const LACKING = ['ext2-dax-sem', 'modern-xfs', 'pagecache'];

function inputWith(...lines: readonly string[]): ReturnType<typeof parseInput> {
  const sharing = lines.includes('sync') ? 'sync' : 'shared';
  const ops = lines.filter((line) => line !== 'sync');
  const setup = `file A size 8192 pages written written\nprocess P0 a0 A 0 8192 ${sharing}`;
  return parseInput(`faultline input 1\n${setup}\nthread T0 P0\n${ops.join('\n')}\n`, 'lacking');
}

function lineOf(kind: (typeof OP_KINDS)[number]): string {
  const words = [
    ...(takes(kind, 'area') ? ['a0'] : []),
    ...(takes(kind, 'file') ? ['A'] : []),
    ...(takes(kind, 'offset') ? ['0'] : []),
    ...(takes(kind, 'length') ? ['4096'] : []),
  ];
  return [kind, ...words].join(' ');
}

test('each thing that a model may lack is named with a built-in model that has it', () => {
  let lacking = 0;
  for (const line of [...OPTIONAL.map(lineOf), 'sync']) {
    const input = inputWith(line);
    for (const name of LACKING) {
      for (const { place, what } of unfitting(modelOf(name), input, [])) {
        lacking += 1;
        assert.equal(place.kind, line === 'sync' ? 'process' : 'op');
        const reference = /: type --model (\S+)$/.exec(what)?.[1] ?? '';
        assert.notEqual(reference, CANARY_MODEL);
        assert.equal(lackingIn(compile(modelOf(reference)), input), null, what);
      }
    }
  }
  assert.ok(lacking > 10, `${lacking}`);
});

test('each lack is named once, at its first place', () => {
  const input = inputWith('sync', 'reflink A', 'reflink A', 'dma a0 0');
  const found = unfitting(modelOf('pagecache'), input, []);
  assert.deepEqual(
    found.map(({ place }) => place),
    [
      { kind: 'process', process: 0 },
      { kind: 'op', thread: 0, op: 0 },
      { kind: 'op', thread: 0, op: 2 },
    ],
  );
});
