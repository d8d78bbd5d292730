/** Records of the module in the notation of traces: what two boots say differently is put so that they say the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadRecord, notate, TraceTexts } from '../../deploy/lab/paths/notation.ts';

const STATE = ['= i_size 16384', '= disk_size 16384', '= i_blocks 3', '= entry none', '= pte none'];
const RESULT = 'result 0';

function events(...lines: readonly string[]): readonly string[] {
  return notate([...STATE, ...lines, RESULT, ''].join('\n'), 'store').events;
}

/** As XFS says an attempt at a huge page. */
function attempt(size: string, of = ''): readonly string[] {
  return [
    `down_read invalidate_lock${of}`,
    `dax_iomap_fault ${size} [512] write {`,
    '} = FALLBACK',
    `up_read invalidate_lock${of}`,
  ];
}

test('the head says the state before and the result', () => {
  const { head } = notate([...STATE, 'errno 22'].join('\n'), 'collapse');
  assert.equal(head, 'state: size 16384, blocks 3, entry none, pte none; errno 22');
});

test('a call in which nothing happens is one line, with its result', () => {
  assert.deepEqual(events('ext4_map_blocks [1 +1] lookup {', '} = 0 HOLE'), [
    'ext4_map_blocks [1 +1] lookup = 0 HOLE',
  ]);
  const nested = ['a {', ' b {', ' }', '}'];
  assert.deepEqual(events(...nested), ['a {', ' b', '}']);
});

test('attempts at huge pages are one line, with the file that they are of', () => {
  const stamp = ['file_update_time', 'xfs_trans_alloc', 'down_write ILOCK of B'];
  const end = ['__xfs_trans_commit', 'up_write ILOCK of B'];
  assert.deepEqual(
    events(...attempt('PUD', ' of B'), ...stamp, ...end, ...attempt('PMD', ' of B')),
    ['PUD, PMD attempts of B: FALLBACK'],
  );
  assert.deepEqual(events(...attempt('PUD'), 'down_read invalidate_lock'), [
    'PUD attempt: FALLBACK',
    'down_read invalidate_lock',
  ]);
});

test('an attempt of ext4 has a handle', () => {
  const [down = '', ...rest] = attempt('PMD');
  assert.deepEqual(events(down, 'J.start', ...rest.slice(0, -1), 'J.stop', ...rest.slice(-1)), [
    'PMD attempt: FALLBACK',
  ]);
});

test('transactions that are rolled are counted', () => {
  const roll = ['xfs_trans_roll', '__xfs_trans_commit'];
  assert.deepEqual(events(...roll, ...roll, '__xfs_bunmapi', ...roll, '__xfs_trans_commit'), [
    'xfs_trans_roll x2',
    '__xfs_bunmapi',
    'xfs_trans_roll',
    'xfs_trans_commit',
  ]);
});

test('dropped caches are those of the whole machine: each line counts once', () => {
  const inode = ['invalidate_mapping_pages 0..-1', 'truncate_inode_pages_range'];
  const record = [...STATE, ...inode, ...inode, 'result 1'].join('\n');
  assert.deepEqual(notate(record, 'drop-caches').events, inode);
});

test('a record that is not whole is none', () => {
  assert.throws(() => notate(STATE.join('\n'), 'store'), BadRecord);
  const full = [...STATE, 'down_read mmap_lock', '! the record is full', RESULT];
  assert.throws(() => notate(full.join('\n'), 'store'), /^BadRecord: the record is full$/);
});

test('a trace with the events of an earlier one names that', () => {
  const texts = new TraceTexts();
  const trace = { head: 'state: size 1', events: ['down_read mmap_lock'] };
  assert.equal(texts.textOf('load-hole', trace), 'state: size 1\ndown_read mmap_lock\n');
  const other = { ...trace, head: 'state: size 2' };
  assert.equal(texts.textOf('load-clean', other), 'state: size 2\nsame events as load-hole\n');
});
