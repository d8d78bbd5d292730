/** What a pull brings: what is new or better, once; and what it leaves alone. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { setAside } from '../../corpus/store/set-aside.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { CURSORS_FILE } from '../../daemon/pull/pull-cursors.ts';
import { serve } from '../http/showing.ts';
import { temporaryFolder } from '../store/sample.ts';
import { countsOf, pullFrom, setIn } from './client.ts';
import { findingOf, hostile, listOf, shelf } from './hostile-server.ts';
import { ENGINE, openShop, recordOf, Shelf } from './shelf.ts';

const ALL = { model: undefined, class: undefined };

// One of them waits for a second.
describe('a first pull', { concurrency: 2 }, () => {
  test('a coordinator that lets us ask seldom is waited for', async (t) => {
    const showing = new Shelf();
    showing.fill(6);
    const { url } = await serve(t, { showing }, { requestsPerSecond: 5 });
    const dest = temporaryFolder(t);
    assert.deepEqual(countsOf(await pullFrom(url, dest)), [6, 0, 0, 0]);
  });

  test('a first pull brings everything, a second one transfers nothing', async (t) => {
    const { url, showing } = await openShop(t, 103);
    const dest = path.join(temporaryFolder(t), 'dest');
    assert.deepEqual(countsOf(await pullFrom(url, dest)), [103, 0, 0, 0]);
    assert.deepEqual(setIn(dest), showing.set());
    assert.equal(showing.transfers.length, 103);

    const again = await pullFrom(url, dest);
    assert.deepEqual(countsOf(again), [0, 0, 103, 0]);
    // Not even a row of the list: the page after the last one was not modified.
    assert.deepEqual([again.listed, again.isContinued], [0, true]);
    assert.equal(showing.transfers.length, 103);
  });
});

test('what is new or better is brought, and nothing else', async (t) => {
  const { url, showing } = await openShop(t, 0);
  const dest = temporaryFolder(t);
  showing.put(recordOf(1, { loads: 3 }));
  showing.put(recordOf(2));
  await pullFrom(url, dest);
  showing.put(recordOf(1, { loads: 2 }));
  showing.put(recordOf(3));
  showing.transfers.length = 0;
  const pulled = await pullFrom(url, dest);
  assert.deepEqual(countsOf(pulled), [1, 1, 1, 0]);
  assert.equal(pulled.improved[0]?.operations, 3);
  assert.deepEqual(setIn(dest), showing.set());
  assert.deepEqual(
    [...showing.transfers].sort(),
    [recordOf(1), recordOf(3)].map(({ finding }) => finding.id).sort(),
  );
});

test('a better repro that is here stays, and so does what this build judged itself', async (t) => {
  const { url, showing } = await openShop(t, 0);
  const dest = temporaryFolder(t);
  const store = new FindingStore(dest);
  store.put(recordOf(1, { loads: 1 }));
  store.put(recordOf(2, { loads: 2, engine: 'aa'.repeat(8) }));
  const before = setIn(dest);
  showing.put(recordOf(1, { loads: 2 }));
  showing.put(recordOf(2, { loads: 1 }));
  const pulled = await pullFrom(url, dest, { engine: 'aa'.repeat(8) });
  assert.deepEqual(countsOf(pulled), [0, 0, 2, 0]);
  assert.deepEqual(setIn(dest), before);
  // To another build it is one of somebody else's, and a worse one.
  const other = await pullFrom(url, dest, { engine: ENGINE, since: { revision: 0 } });
  assert.deepEqual(countsOf(other), [0, 1, 1, 0]);
});

test('what this engine judged and set aside is not brought again, a better repro of it is', async (t) => {
  const { url, showing } = await openShop(t, 1);
  const dest = temporaryFolder(t);
  const engine = 'aa'.repeat(8);
  await pullFrom(url, dest, { engine });
  const { finding, repro } = recordOf(0);
  const { id, signature, model } = finding;
  const note = { id, signature, outcome: 'fixed', by: [], why: 'none', model, engine } as const;
  assert.notEqual(setAside(dest, new FindingStore(dest), repro, note), null);
  const since = { revision: 0 };
  assert.deepEqual(countsOf(await pullFrom(url, dest, { engine, since })), [0, 0, 0, 0]);
  assert.deepEqual(setIn(dest), {});
  const other = await pullFrom(url, temporaryFolder(t), { engine, since });
  assert.deepEqual(countsOf(other), [1, 0, 0, 0]);
  showing.put(recordOf(0, { loads: 0 }));
  assert.deepEqual(countsOf(await pullFrom(url, dest, { engine, since })), [1, 0, 0, 0]);
});

test('a finding that was met on another model says so here too', async (t) => {
  const { url, showing } = await openShop(t, 1);
  const dest = temporaryFolder(t);
  await pullFrom(url, dest);
  const record = recordOf(0);
  const models = ['v42-immap-read', 'v48-entry-lock'];
  showing.put({ ...record, finding: { ...record.finding, models } });
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [0, 0, 1, 0]);
  assert.deepEqual(new FindingStore(dest).list().findings[0]?.models, models);
});

test('only what was asked for: by model with any toggles, by class', async (t) => {
  const { url, showing } = await openShop(t, 2);
  showing.put(recordOf(7, { model: 'mine:order=late' }));
  const mine = temporaryFolder(t);
  const pulled = await pullFrom(url, mine, { filter: { ...ALL, model: 'mine' } });
  assert.deepEqual(countsOf(pulled), [1, 0, 0, 0]);
  assert.deepEqual(Object.keys(setIn(mine)), [recordOf(7).finding.id]);
  const other = await pullFrom(url, mine, { filter: { ...ALL, class: 'deadlock' } });
  assert.deepEqual([other.listed, other.isContinued], [0, false]);
  // Each list is read on from where it was left.
  assert.deepEqual(countsOf(await pullFrom(url, mine)), [2, 0, 1, 0]);
  const last = await pullFrom(url, mine, { filter: { ...ALL, model: 'mine' } });
  assert.deepEqual([last.listed, last.isContinued], [0, true]);
});

test('--since begins at a revision or a date, and moves no cursor', async (t) => {
  const { url, showing } = await openShop(t, 5);
  const dest = temporaryFolder(t);
  const [, , , fourth] = showing.published();
  assert.ok(fourth);
  const { publishedMs } = fourth;
  assert.deepEqual(countsOf(await pullFrom(url, dest, { since: { publishedMs } })), [2, 0, 0, 0]);
  const since = { revision: 2 };
  assert.deepEqual(countsOf(await pullFrom(url, dest, { since })), [1, 0, 2, 0]);
  assert.equal((await pullFrom(url, dest, { since: { revision: 99 } })).listed, 0);
  assert.ok(!existsSync(path.join(dest, CURSORS_FILE)));
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [2, 0, 3, 0]);
});

test('what was removed here comes back when everything is compared', async (t) => {
  const { url, showing } = await openShop(t, 3);
  const dest = temporaryFolder(t);
  await pullFrom(url, dest);
  const [id = ''] = Object.keys(setIn(dest));
  rmSync(path.join(dest, 'findings', id), { recursive: true });
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [0, 0, 2, 0]);
  const since = { revision: 0 };
  assert.deepEqual(countsOf(await pullFrom(url, dest, { since })), [1, 0, 2, 0]);
  assert.deepEqual(setIn(dest), showing.set());
});

test('a damaged finding is named, and brought again', async (t) => {
  const { url, showing } = await openShop(t, 3);
  const dest = temporaryFolder(t);
  await pullFrom(url, dest);
  const [id = ''] = Object.keys(setIn(dest));
  writeFileSync(path.join(dest, 'findings', id, 'finding.json'), '{');
  const notes: string[] = [];
  const noted = (text: string): void => void notes.push(text);
  const pulled = await pullFrom(url, dest, { noted, since: { revision: 0 } });
  assert.deepEqual(countsOf(pulled), [1, 0, 2, 0]);
  assert.match(notes.join('\n'), new RegExp(`${id} here is damaged`));
  assert.deepEqual(setIn(dest), showing.set());
});

test('another campaign at the same address is read from its beginning', async (t) => {
  const { url, showing } = await openShop(t, 3);
  const dest = temporaryFolder(t);
  await pullFrom(url, dest);
  const file = path.join(dest, CURSORS_FILE);
  // As if it had been read further, of a list that is gone.
  const text = readFileSync(file, 'utf8').replace('"revision":3', '"revision":9');
  writeFileSync(file, text.replace(/"etag":"[^,]*"/, '"etag":null'));
  assert.equal((await pullFrom(url, dest)).listed, 3);
  assert.equal((await pullFrom(url, dest)).listed, 0);
  showing.facts = { campaign: 'c-2' };
  const pulled = await pullFrom(url, dest);
  assert.deepEqual([pulled.isContinued, pulled.listed], [false, 3]);
});

const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  'half a file': (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 40)),
  'a field too many': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version"', '"x":1,"version"')),
  'a newer version': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version":1', '"version":2')),
  'a link': (file) => {
    rmSync(file);
    symlinkSync('/dev/zero', file);
  },
};
for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`pull.json is damaged (${what}): named, begun anew`, async (t) => {
    const { url, showing } = await openShop(t, 2);
    const dest = temporaryFolder(t);
    await pullFrom(url, dest);
    showing.transfers.length = 0;
    damage(path.join(dest, CURSORS_FILE));
    const notes: string[] = [];
    const noted = (text: string): void => void notes.push(text);
    const pulled = await pullFrom(url, dest, { noted });
    assert.match(notes.join('\n'), /pull.json is damaged/);
    assert.deepEqual([pulled.listed, pulled.isContinued], [2, false]);
    assert.deepEqual(showing.transfers, []);
    assert.equal((await pullFrom(url, dest)).isContinued, true);
  });
}

test('one finding that cannot be had is named and skipped, and tried again', async (t) => {
  const { url, showing } = await openShop(t, 4);
  const dest = temporaryFolder(t);
  const { id } = recordOf(2).finding;
  showing.unreadable.add(id);
  const pulled = await pullFrom(url, dest);
  assert.deepEqual(countsOf(pulled), [3, 0, 0, 1]);
  assert.equal(pulled.skipped[0]?.id, id);
  assert.match(pulled.skipped[0]?.why ?? '', /answered with 503: the files of finding/);
  showing.unreadable.clear();
  showing.transfers.length = 0;
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [1, 0, 3, 0]);
  assert.deepEqual(showing.transfers, [id]);
  assert.deepEqual(setIn(dest), showing.set());
});

test('the next pull asks with the tag of the last page, and for nothing more', async (t) => {
  const records = shelf();
  const statuses: number[] = [];
  const { url, asked } = await hostile(t, {
    list: (response, request) => {
      const isKnown = request.headers['if-none-match'] === '"end"';
      statuses.push(isKnown ? 304 : 200);
      response.setHeader('ETag', request.url?.includes('since=3') === true ? '"end"' : '"page"');
      if (isKnown) response.writeHead(304).end();
      else listOf(records)(response, request);
    },
    finding: findingOf(records),
  });
  const dest = temporaryFolder(t);
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [3, 0, 0, 0]);
  assert.deepEqual(statuses, [200, 200]);
  const before = asked.length;
  assert.deepEqual(countsOf(await pullFrom(url, dest)), [0, 0, 3, 0]);
  assert.deepEqual(statuses, [200, 200, 304]);
  assert.equal(asked.length - before, 2);
});

test('nobody there, and nothing to bring: nothing is made', async (t) => {
  const dest = path.join(temporaryFolder(t), 'dest');
  const { url, close } = await openShop(t, 0);
  assert.equal((await pullFrom(url, dest)).listed, 0);
  await close();
  await assert.rejects(pullFrom(url, dest), (error) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.exit, 3);
    assert.match(error.message, /no coordinator answers at .*: connection refused/);
    assert.match(error.hint, /faultline up/);
    return true;
  });
  assert.ok(!existsSync(dest));
});
