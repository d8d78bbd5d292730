/** `findings export` and `findings import`: there and back, what is better, what is hostile. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Marks } from '../../corpus/store/marks.ts';
import { packRecord, shownId } from '../../corpus/vocabulary/finding.ts';
import { TEXT_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { engineDigest } from '../../daemon/cli/identity.ts';
import { endLine, lineOf } from '../../daemon/pull/findings-stream.ts';
import { modelDigest, modelJson, modelOf } from '../../workers/models/registry.ts';
import { type Ended, faultlineHere } from '../cli/faultline.ts';
import { temporaryFolder } from '../store/sample.ts';
import { setIn } from './client.ts';
import { recordOf } from './shelf.ts';

type Sample = Parameters<typeof recordOf>[1];
const MODEL = modelOf('v42-immap-read');

/** On a model of this build. */
function own(number: number, sample: Sample = {}) {
  const record = recordOf(number, sample);
  const model = { modelJson: modelJson(MODEL), modelDigest: modelDigest(MODEL) };
  return { ...record, repro: { ...record.repro, ...model } };
}

function filled(t: TestContext, records: readonly ReturnType<typeof own>[]): string {
  const cwd = temporaryFolder(t);
  const store = new FindingStore(path.join(cwd, '.faultline'));
  for (const record of records) store.put(record);
  return cwd;
}

async function ran(cwd: string, line: string, stdin = ''): Promise<Ended> {
  return await faultlineHere(line.split(' '), cwd, stdin);
}

test('there and back: the same findings, marks and bytes', async (t) => {
  const cwd = filled(t, [own(0), own(1), own(2)]);
  const marks = new Marks(path.join(cwd, '.faultline'));
  marks.put(own(1).finding.id, { as: 'fixed', of: null, note: 'caf\u00e9, since 4.4' });
  const said = await ran(cwd, 'findings export all.ndjson');
  assert.deepEqual([said.exit, said.stdout], [0, '3 findings of .faultline in all.ndjson\n']);
  const text = readFileSync(path.join(cwd, 'all.ndjson'), 'utf8');
  const { stdout: stream } = await ran(cwd, 'findings export -');
  assert.equal(stream, text);

  const back = await ran(cwd, 'findings import - --data-dir copy', stream);
  assert.deepEqual([back.exit, back.stderr], [0, '']);
  assert.equal(back.stdout, '3 new, 0 replaced, 0 kept, 0 refused, 1 mark in copy\n');
  assert.deepEqual(setIn(path.join(cwd, 'copy')), setIn(path.join(cwd, '.faultline')));
  assert.deepEqual(new Marks(path.join(cwd, 'copy')).all(), marks.all());
  assert.equal((await ran(cwd, 'findings export - --data-dir copy')).stdout, text);
  const again = await ran(cwd, 'findings import all.ndjson --data-dir copy');
  assert.match(again.stdout, /^0 new, 0 replaced, 3 kept, 0 refused, 0 marks in copy$/m);
});

test('the better repro stays; what this engine judged stays; a mark of this folder stays', async (t) => {
  const engine = engineDigest();
  const cwd = filled(t, [own(0, { loads: 2 }), own(1), own(2, { loads: 2, engine })]);
  const data = path.join(cwd, '.faultline');
  const { id } = own(0).finding;
  new Marks(data).put(id, { as: 'known', of: null, note: null });
  const mark = { as: 'invalid', of: null, note: null } as const;
  const before = setIn(data);
  const lines = [lineOf(own(0), mark), lineOf(own(1, { loads: 3 }), null), lineOf(own(2), null)];
  const { stdout, exit } = await ran(
    cwd,
    'findings import - --json',
    `${lines.join('\n\n')}\n${endLine(3)}`,
  );
  assert.equal(exit, 0);
  const { file, new: added, replaced, kept, marks, refused, isWhole } = JSON.parse(stdout);
  assert.deepEqual(
    { file, added, kept, marks, refused, isWhole },
    {
      ...{ file: '-', added: [], kept: 2, marks: 0, refused: [], isWhole: true },
    },
  );
  assert.deepEqual(
    replaced.map((one: { id: string }) => one.id),
    [id],
  );
  const after = setIn(data);
  const changed = Object.keys(after).filter((one) => after[one] !== before[one]);
  assert.deepEqual(changed, [id]);
  assert.equal(new Marks(data).of(id)?.as, 'known');
});

test('what is not what it says is refused, by line, with exit 2; the others are taken', async (t) => {
  const cwd = temporaryFolder(t);
  const packed = packRecord(own(1));
  const lying = { ...own(1), repro: { ...own(1).repro, modelDigest: 'd1'.repeat(32) } };
  const changed = (change: object, mark: unknown = null): string =>
    JSON.stringify({ record: { ...packed, ...change }, mark });
  const { finding } = packed;
  const bad: readonly (readonly [string, RegExp])[] = [
    ['not JSON', /it is not JSON$/],
    ['[]', /it is no JSON object$/],
    ['['.repeat(100), /it has more than \d+ levels/],
    ['{}', /not a JSON object/],
    [`"${'x'.repeat(TEXT_BYTES_MAX)}"`, /it is too long/],
    [changed({ repro: 'faultline repro 1\n' }), /expected/],
    [changed({ finding: { ...finding, id: 'a0'.repeat(32) } }), /id: not that of the signature/],
    [changed({ finding: { ...finding, class: 'deadlock' } }), /class is not that of the signature/],
    [changed({ finding: { ...finding, models: [] } }), /model is not one of models/],
    [changed({ finding: { ...finding, title: '\u001b[2J' } }), /title: has characters/],
    [changed({ columns: '\u001b[2J' }), /columns: not a drawing/],
    [changed({ repro: packRecord(own(2)).repro }), /the repro is of another finding/],
    [changed({ repro: packRecord(lying).repro }), /model-digest is not that of the model/],
    [changed({ more: 1 }), /more/],
    [changed({}, { as: 'nonsense', of: null, note: null }), /its mark is not one/],
    ['{"record":{"finding":{"__proto__":{}}}}', /the key "__proto__" is refused$/],
  ];
  const lines = [lineOf(own(0), null), ...bad.map(([line]) => line), lineOf(own(3), null)];
  const text = [...lines, endLine(lines.length)].join('\n');
  writeFileSync(path.join(cwd, 'bad.ndjson'), text);
  const { exit, stdout, stderr } = await ran(cwd, 'findings import bad.ndjson');
  assert.equal(exit, 2, stderr);
  assert.equal(stdout, `2 new, 0 replaced, 0 kept, ${bad.length} refused, 0 marks in .faultline\n`);
  const said = stderr.trimEnd().split('\n');
  for (const [i, [line, why]] of bad.entries()) {
    assert.match(
      said[i] ?? '',
      new RegExp(`^faultline: bad.ndjson:${i + 2}: refused.*${why.source}`),
      line.slice(0, 80),
    );
  }
  assert.match(said.at(-1) ?? '', /^hint: `faultline findings export/);
  assert.match(stderr, new RegExp(`refused finding ${shownId(finding.id)}: columns`));
  assert.equal(Object.keys(setIn(path.join(cwd, '.faultline'))).length, 2);
});

test('a stream that was cut in a line is told so, and lines without anything are no stream', async (t) => {
  const cwd = filled(t, [own(0), own(1)]);
  const { stdout: stream } = await ran(cwd, 'findings export -');
  const cut = await ran(
    cwd,
    'findings import - --data-dir copy',
    stream.slice(0, -stream.length / 4),
  );
  assert.equal(cut.exit, 2);
  assert.match(
    cut.stderr,
    /^faultline: stdin:2: refused: it ends in the middle: the stream was cut$/m,
  );
  for (const text of ['', '\n', '\n \n\n']) {
    const { exit, stderr } = await ran(cwd, 'findings import -', text);
    assert.equal(exit, 4, stderr);
    assert.match(stderr, /stdin has no finding/);
  }
});

test('what is no stream at all ends after a hundred lines, and makes nothing', async (t) => {
  const cwd = temporaryFolder(t);
  const { exit, stdout, stderr } = await ran(cwd, 'findings import -', 'x\n'.repeat(100_000));
  assert.equal(exit, 2);
  assert.match(stderr, /^faultline: stdin:1-100: refused: it is not JSON\nhint: /);
  assert.match(stdout, /100 refused, 0 marks in .faultline; the rest of stdin was not read$/m);
  assert.equal(existsSync(path.join(cwd, '.faultline')), false);
});

test('a folder that cannot be read is named, left out, and the exit code says so', async (t) => {
  const cwd = filled(t, [own(0), own(1)]);
  writeFileSync(path.join(cwd, '.faultline/findings', own(1).finding.id, 'repro.txt'), 'x');
  const { exit, stdout, stderr } = await ran(cwd, 'findings export out.ndjson');
  assert.equal(exit, 3);
  assert.match(stdout, /^1 finding of .faultline; 1 folder left out in out.ndjson$/m);
  assert.match(stderr, new RegExp(`cannot read .*${own(1).finding.id}`));
});

test('a stream that was cut between two lines is noticed; several are read behind one another', async (t) => {
  const cwd = filled(t, [own(0), own(1), own(2)]);
  const { stdout: stream } = await ran(cwd, 'findings export -');
  const lines = stream.trimEnd().split('\n');
  assert.deepEqual(JSON.parse(lines.at(-1) ?? ''), { findings: 3 });
  const taken = (text: string) => ran(cwd, 'findings import - --data-dir copy', text);
  const cut = await taken(lines.slice(0, 2).join('\n'));
  assert.deepEqual([cut.exit, cut.stdout], [2, expected(2, 0, 0)]);
  assert.match(cut.stderr, /^faultline: stdin ends before the line that counts its findings/m);
  const short = await taken([lines[0], lines.at(-1)].join('\n'));
  assert.deepEqual([short.exit, short.stdout], [2, expected(0, 1, 1)]);
  assert.match(short.stderr, /stdin:2: refused: .* than stand before it \(1\)$/m);
  const twice = await taken(stream + stream);
  assert.deepEqual([twice.exit, twice.stdout, twice.stderr], [0, expected(1, 5, 0), '']);
});

function expected(added: number, kept: number, refused: number): string {
  return `${added} new, 0 replaced, ${kept} kept, ${refused} refused, 0 marks in copy\n`;
}

test('a backup is not replaced by nothing: not of a directory that is missing, nor of an empty one', async (t) => {
  const cwd = filled(t, [own(0)]);
  await ran(cwd, 'findings export backup.ndjson');
  const before = readFileSync(path.join(cwd, 'backup.ndjson'), 'utf8');
  for (const to of ['backup.ndjson', 'new.ndjson', '-']) {
    const { exit, stdout, stderr } = await ran(cwd, `findings export ${to} --data-dir tpyo`);
    assert.deepEqual([exit, stdout], [4, '']);
    assert.match(stderr, /there is no data directory tpyo\nhint: .*--data-dir/);
  }
  mkdirSync(path.join(cwd, 'empty'));
  const { exit, stderr } = await ran(cwd, 'findings export backup.ndjson --data-dir empty');
  assert.equal(exit, 4);
  assert.match(stderr, /empty has no finding, and backup.ndjson is not empty: it stays/);
  assert.equal(readFileSync(path.join(cwd, 'backup.ndjson'), 'utf8'), before);
  assert.equal(existsSync(path.join(cwd, 'new.ndjson')), false);
  const none = await ran(cwd, 'findings export new.ndjson --data-dir empty');
  assert.deepEqual([none.exit, none.stdout], [0, '0 findings of empty in new.ndjson\n']);
  const back = await ran(cwd, 'findings import new.ndjson --data-dir copy');
  assert.deepEqual([back.exit, back.stdout], [0, expected(0, 0, 0)]);
});
