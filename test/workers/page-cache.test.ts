/**
 * What holds the page cache up (locking 3.1): each thing that a fault, truncate and writeback do there is taken away
 * alone, and what it was there for goes wrong. With all of them nothing does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { modelOfText } from '../../workers/model/open.ts';
import { LIBRARY, modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';

const SETUP = ['file A size 4096 pages written', 'process P0 a0 A 0 4096 shared', 'process P1'];

function input(first: readonly string[], second: readonly string[]): string {
  const threads = ['thread T0 P0', ...first, 'thread T1 P1', ...second];
  return ['faultline input 1', ...SETUP, ...threads, 'first T0', ''].join('\n');
}

const DOWN_UP = input(['load a0 0', 'store a0 0'], ['truncate A 0', 'truncate A 4096']);
const SYNC = input(['store a0 0', 'store a0 0'], ['fsync A', 'fsync A', 'crash']);
/** What is sound with everything in place: also for read(2), two fsyncs (B56) and a copy from the own page (B54). */
const SOUND = [
  DOWN_UP,
  SYNC,
  input(['pread A 0 4096', 'pread A 0 4096'], ['truncate A 2048', 'truncate A 4096']),
  input(['store a0 0', 'fsync A'], ['fsync A', 'crash']),
  input(['store a0 2048', 'pwrite A 0 2048 sync'], ['truncate A 0', 'crash']),
  // What the first one wrote is cut off while it syncs.
  input(['pwrite A 0 2048 sync', 'fsync A'], ['truncate A 0', 'pwrite A 0 2048']),
  input(['pwrite A 0 2048 from a0 2048'], ['truncate A 2048']),
  // i_size covers a page before anybody may drop it.
  input(['pwrite A 4096 2048'], ['fsync A', 'drop_caches', 'pread A 4096 2048']),
  input(['store a0 0', 'fsync A', 'pread A 0 4096'], ['drop_caches', 'drop_caches']),
  input(['pwrite A 2048 2048', 'load a0 2048'], ['drop_caches', 'truncate A 2048']),
];

const FAULT = `part lockFaultPage:
  checkSize
  if no: failSigbus
  else:
    block lookup:
      getPage
      lockPageOrRetry
      unless mustRetry:
`;

interface Slip {
  readonly what: string;
  /** Of a text that extends `pagecache`. */
  readonly body: string;
  readonly text: string;
  readonly shows: string;
}

const SLIPS: readonly Slip[] = [
  {
    what: 'a fault does not look at i_size with the page locked',
    body: `${FAULT}        if no: unlockPage, retry lookup\n`,
    text: DOWN_UP,
    shows: 'beyond-eof truncate',
  },
  {
    what: 'a fault does not ask whether the page is still in the mapping',
    body: `${FAULT}        checkSize, else unlockPage, failSigbus\n`,
    text: DOWN_UP,
    shows: 'cache-structure page fault/mapPage',
  },
  {
    what: 'a page is read in without a look at i_size',
    body: 'part readIn: getBlock, readPage\n',
    text: DOWN_UP,
    shows: 'stale-page truncate',
  },
  {
    what: 'truncate drops the pages before it lowers i_size',
    body: `part truncatePages:
  claimRange
  if shrinks:
    pagesBeyondSize
    truncatePagecache
    setSize
    with journal:
      pagesBeyondSize
      while more: removeExtent
  grow
`,
    text: DOWN_UP,
    shows: 'stale-page truncate',
  },
  {
    what: 'writeback leaves ptes writable',
    body: `writeback:
  while more:
    findDirtyPage
    if more:
      lockPage, then: checkDirty, then writePage
      unlockPage
`,
    text: SYNC,
    shows: 'durability clean-page',
  },
  {
    what: 'dirty pages are dropped with the clean ones',
    body: `drop_caches:
  allPages
  while more:
    findSlot
    if slotIsPage: tryLockPage, then: deletePage(data), unlockPage
`,
    text: input(['pwrite A 0 2048'], ['drop_caches']),
    shows: 'lost-write dirty-page drop_caches|pwrite/copyIn',
  },
  {
    what: 'a synchronous write leaves its page dirty',
    body: 'part syncWrite:\n  if isDsync: commit()\n',
    text: input(['pwrite A 0 2048 sync'], ['load a0 0', 'crash']),
    shows: 'durability dirty-page',
  },
];

function signaturesOf(model: Model, text: string): readonly string[] {
  const found = explore(new Engine(model), parseInput(text, 'slip'), {
    statesMax: 100_000,
    all: true,
  });
  assert.notEqual(found.verdict, 'inconclusive');
  return found.violations.map(({ signature }) => signature);
}

for (const { what, body, text, shows } of SLIPS) {
  test(`${what}: ${shows}`, () => {
    const head = 'faultline model 1\nname    slip\ntitle   a slip\nextends pagecache\n';
    const signatures = signaturesOf(modelOfText(head + body, 'slip', null, LIBRARY), text);
    assert.ok(signatures.includes(shows), signatures.join('\n'));
  });
}

for (const text of SOUND) {
  test(`nothing is wrong with all of them: ${text.split('\n').slice(4, -2).join('; ')}`, () => {
    assert.deepEqual(signaturesOf(modelOf('pagecache'), text), []);
  });
}
