/**
 * Names and contents from a hostile server: nothing it says becomes the name of a file, and what is not the
 * finding that was listed, to the last character of its repro, is not kept (reliability.md S7).
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type FindingRecord, findingId, packRecord } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { temporaryFolder } from '../store/sample.ts';
import { countsOf, pullFrom, setIn } from './client.ts';
import { findingOf, hostile, listOf, shelf } from './hostile-server.ts';
import { recordOf, Shelf } from './shelf.ts';

type Fields = Readonly<Record<string, unknown>>;

const GOOD = recordOf(0);
const { id: ID, signature: SIGNATURE } = GOOD.finding;

/** What names of files have been made of. */
const EVIL: readonly string[] = [
  '',
  '.',
  '..',
  '../..',
  '../../canary',
  '/tmp/canary',
  '/etc/passwd',
  '//host/share',
  '\\\\host\\share',
  'C:\\canary',
  'canary:stream',
  '..\\..\\canary',
  '%2e%2e%2fcanary',
  '..%2fcanary',
  '....//canary',
  './canary',
  'a/../../canary',
  'CON',
  'NUL',
  'aux.txt',
  'COM1',
  '-rf',
  '~',
  '~root',
  '$HOME',
  '`id`',
  '$(id)',
  '|id',
  'canary\0.txt',
  '\0',
  'canary\n',
  '\r\nSet-Cookie: x',
  '\x1b]0;x\x07',
  '\u202etxt.yranac',
  '\u200b',
  '\ud800',
  'ｃａｎａｒｙ',
  'canary.',
  'canary ',
  ' canary',
  '.git',
  '.new-canary',
  `.old-${ID}-1-1`,
  `.damaged-${ID}`,
  'pull.json',
  'daemon.json',
  'findings',
  'x'.repeat(255),
  'x'.repeat(4096),
  '../'.repeat(400),
  '__proto__',
  'constructor',
  'toString',
  ID.toUpperCase(),
  ID.slice(0, 63),
  `${ID}0`,
  `${ID}/..`,
  `${ID}/../../canary`,
  `${ID}\0`,
  `${ID}.`,
  ` ${ID}`,
  findingId('another'),
];

/** Where a name can be put: in a row of the list, or in the record. */
const PLACES: Readonly<Record<string, (name: string) => (row: Fields) => unknown>> = {
  'id of a row': (name) => (row) => ({ ...row, id: name }),
  'signature of a row': (name) => (row) => ({ ...row, signature: name }),
  'model of a row': (name) => (row) => ({ ...row, model: name, models: [name] }),
  'digest of a row': (name) => (row) => ({ ...row, reproDigest: name }),
  'title of a row': (name) => (row) => ({ ...row, title: name === '' ? '\0' : `${name}\0` }),
};
const RECORD_PLACES: Readonly<Record<string, (name: string) => (answer: Fields) => unknown>> = {
  'id of a record': (name) => inFinding({ id: name }),
  'model of a record': (name) => inFinding({ model: name, models: [name] }),
  'repro of a record': (name) => inRecord({ repro: name }),
  'name of a field': (name) => inRecord({ [name]: name }),
};

function inRecord(change: Fields): (answer: Fields) => unknown {
  return (answer) => ({ ...answer, record: { ...(answer.record as object), ...change } });
}

function inFinding(change: Fields): (answer: Fields) => unknown {
  return (answer) => {
    const record = answer.record as { readonly finding: object };
    return { ...answer, record: { ...record, finding: { ...record.finding, ...change } } };
  };
}

/** A destination with a file beside it, and the check that it is all there is. */
function walled(t: Parameters<typeof temporaryFolder>[0]): { dest: string; check: () => void } {
  const parent = temporaryFolder(t);
  const dest = path.join(parent, 'dest');
  mkdirSync(dest);
  writeFileSync(path.join(parent, 'canary'), 'sings');
  return {
    dest,
    check: () => {
      assert.deepEqual(readdirSync(parent).sort(), ['canary', 'dest']);
      assert.equal(readFileSync(path.join(parent, 'canary'), 'utf8'), 'sings');
      assert.deepEqual(setIn(dest), {});
      assert.deepEqual(
        readdirSync(dest, { recursive: true }).filter((name) => name !== 'findings'),
        [],
      );
    },
  };
}

for (const [place, change] of Object.entries(PLACES)) {
  test(`${EVIL.length} hostile names as ${place}: none is kept, nothing is outside`, async (t) => {
    const { dest, check } = walled(t);
    const records = new Shelf();
    records.fill(EVIL.length);
    let next = 0;
    const { url, asked } = await hostile(t, {
      list: listOf(records, (row) => change(EVIL[next++ % EVIL.length] ?? '')(row)),
      finding: findingOf(records),
    });
    const pulled = await pullFrom(url, dest);
    assert.deepEqual(countsOf(pulled), [0, 0, 0, EVIL.length]);
    for (const { why } of pulled.skipped) assert.doesNotMatch(why, /[\p{C}]/u);
    // What is asked for is made of hashes, whatever the list says.
    assert.ok(asked.slice(2).every((one) => /^\/api\/v1\/findings[?/][\w=&]+$/.test(one)));
    check();
  });
}

for (const [place, change] of Object.entries(RECORD_PLACES)) {
  test(`${EVIL.length} hostile names as ${place}: none is kept, nothing is outside`, async (t) => {
    const { dest, check } = walled(t);
    const records = new Shelf();
    records.fill(EVIL.length);
    let next = 0;
    const finding = findingOf(records, (answer) => change(EVIL[next++] ?? '')(answer));
    const { url } = await hostile(t, { list: listOf(records), finding });
    const pulled = await pullFrom(url, dest);
    assert.equal(next, EVIL.length);
    assert.deepEqual(countsOf(pulled), [0, 0, 0, EVIL.length]);
    for (const { why } of pulled.skipped) assert.doesNotMatch(why, /[\p{C}]/u);
    check();
  });
}

const text = (answer: Fields): string => (answer.record as { readonly repro: string }).repro;
const withText = (edit: (repro: string) => string) => (answer: Fields) =>
  inRecord({ repro: edit(text(answer)) })(answer);

/** Each is a record that is not the one that was listed, and what is said of it. */
const OTHERS: Readonly<Record<string, readonly [(answer: Fields) => unknown, RegExp]>> = {
  'the record of another finding': [
    (answer) => ({ ...answer, record: packed(recordOf(5)) }),
    /another finding/,
  ],
  'a larger repro': [
    (answer) => ({ ...answer, record: packed(recordOf(0, { loads: 3 })) }),
    /digest/,
  ],
  'one character of the repro': [
    withText((repro) => repro.replace('punch A 0', 'punch A 4096')),
    /digest/,
  ],
  'another model under its name': [
    withText((repro) => repro.replace('{"name":"sample"}', '{"name":"simple"}')),
    /digest/,
  ],
  'a repro of another finding': [
    withText((repro) => repro.replace('step0', 'step1')),
    /another finding/,
  ],
  'a repro that is none': [withText(() => 'faultline repro 2\n'), /newer/],
  'a repro of a mebibyte': [withText((repro) => repro + '#'.repeat(1 << 20)), /too large/],
  'another class': [inFinding({ class: 'deadlock' }), /class is not that of the signature/],
  'a class that reaches a prototype': [
    inFinding({ class: 'constructor' }),
    /class: not a class of violation/,
  ],
  'a title that hides': [inFinding({ title: 'a\u202eb' }), /cannot be seen/],
  'a model that is not among its models': [inFinding({ models: ['mine'] }), /not one of models/],
  'columns that draw on the screen': [inRecord({ columns: '\x1b[2J' }), /printable ASCII/],
  'columns without end': [inRecord({ columns: ' '.repeat(1 << 19) }), /columns: Too big/],
  'a field too many': [inRecord({ run: 'rm -rf' }), /Unrecognized key: "run"/],
  'how it was found, in colour': [
    inRecord({ howFound: { ...(packed(GOOD).howFound as object), scheduler: '\x1b[1m' } }),
    /howFound.scheduler: has characters that cannot be seen/,
  ],
  'no record': [(answer) => ({ ...answer, record: null }), /not a JSON object/],
  'a digest of its own for another revision': [
    (answer) => ({ ...answer, revision: 9, reproDigest: '0'.repeat(64) }),
    /digest/,
  ],
};

function packed(record: FindingRecord): Fields {
  return { ...packRecord(record) };
}

for (const [what, [change, says]] of Object.entries(OTHERS)) {
  test(`instead of the finding: ${what}: named, not kept, the rest is brought`, async (t) => {
    const dest = temporaryFolder(t);
    const records = shelf(GOOD, recordOf(1));
    const finding = findingOf(records, (answer) => (answer.id === ID ? change(answer) : answer));
    const { url } = await hostile(t, { list: listOf(records), finding });
    const pulled = await pullFrom(url, dest);
    assert.deepEqual(countsOf(pulled), [1, 0, 0, 1]);
    assert.equal(pulled.skipped[0]?.id, ID);
    assert.match(pulled.skipped[0]?.why ?? '', says);
    assert.deepEqual(Object.keys(setIn(dest)), [recordOf(1).finding.id]);
  });
}

test('it got a better repro between the list and the record: that one is brought', async (t) => {
  const dest = temporaryFolder(t);
  const [old, better] = [recordOf(0, { loads: 3 }), recordOf(0, { loads: 1 })];
  const later = shelf(old, better);
  const { url } = await hostile(t, { list: listOf(shelf(old)), finding: findingOf(later) });
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [1, 0, 0, 0]);
  assert.deepEqual(setIn(dest), later.set());
  assert.equal(findingId(SIGNATURE), ID);
  assert.equal(sha256Hex(Object.values(later.set())[0] ?? ''), later.published()[0]?.reproDigest);
});
