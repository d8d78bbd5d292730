/**
 * Traces of a real Linux, one event a line, brought to the events that a model has as well: locks, handles, and what
 * becomes of the entry, the pte and the size of the page that an operation is about. Pure.
 */

const LOCKS: Readonly<Record<string, string>> = {
  mmap_lock: 'mmapSem',
  i_rwsem: 'inodeLock',
  invalidate_lock: 'faultLock',
  i_mmap_rwsem: 'iMmapRwsem',
};
/** `down_read LOCK`, of file B where it says so. i_data_sem and ILOCK are taken within steps. */
const LOCK_LINE =
  /^(?<step>down_read|down_write|up_read|up_write|downgrade_write)(?:_killable)? (?<lock>\w+)(?<of> of B)?$/;
const CHANGE = /^\* (?<what>entry|pte|i_size) (?<from>.*) -> (?<to>.*)$/;
/**
 * An update of a time stamp has a handle of its own, if the clock has ticked; ext4_setattr makes one once it has given
 * invalidate_lock back.
 */
const STAMPS = /^file_(?:update_time|modified_flags|accessed)$|^touch_atime$/;
const LATE_STAMP = ['up_write invalidate_lock', 'J.start', 'J.stop'];
const BEGINS: readonly string[] = ['J.start', 'xfs_trans_alloc'];
const ENDS: readonly string[] = ['J.stop', 'xfs_trans_commit'];

/** @param lines of a trace, without its head */
export function eventsOf(operation: string, lines: readonly string[]): readonly string[] {
  const said = lines.map((line) => line.trim());
  const own = operation === 'reflink-to-B' ? withoutClone(said) : said;
  return normal(withoutStamps(named(own)).flatMap(eventOf));
}

/** What is done to extents, lines and the journal. */
const DEEDS: readonly (readonly [RegExp, string])[] = [
  [/^ext4_map_blocks .* CREATE ZERO/, 'ALLOC'],
  [/^ext4_free_blocks|^__xfs_free_extent_later/, 'FREE'],
  [/^ext4_ext_shift_extents|^xfs_bmap_(?:collapse|insert)_extents/, 'SHIFT'],
  [/^dax_flush/, 'FLUSH'],
  [/^dax_copy_(?:from|to)_iter|^iov_iter_zero/, 'COPY'],
  [/^jbd2_complete_transaction/, 'COMMIT'],
  [/^dax_iomap_cow_copy|^copy_mc_to_kernel/, 'DUPLICATE'],
];
/** After it copy_mc_to_kernel copies a page; before it, it reads a block of metadata that no buffer holds yet. */
const COPIES = 'xfs_reflink_allocate_cow';
/** Behind one of these, xfs_bmapi_write is an allocation. */
const ALLOCATES: readonly string[] = ['xfs_iomap_write_direct', 'xfs_reflink_allocate_cow'];

/** Deeds by their names; what a zeroing flushes is a zeroing, and XFS allocates and remaps where it says so. */
function named(lines: readonly string[]): readonly string[] {
  let [isZeroing, isDirect, isRemap, isCopy] = [false, false, false, false];
  return lines.flatMap((line) => {
    if (line.startsWith('dax_zero_range')) isZeroing = true;
    if (line.startsWith('dax_writeback_mapping_range')) isZeroing = false;
    isDirect ||= ALLOCATES.includes(line);
    isRemap ||= line === 'xfs_reflink_end_cow';
    isCopy ||= line === COPIES;
    if (line === 'copy_mc_to_kernel' && !isCopy) return [];
    if (isRemap && line === 'xfs_trans_commit') {
      isRemap = false;
      return ['REMAP', line];
    }
    const deed = DEEDS.find(([pattern]) => pattern.test(line))?.[1];
    if (deed === 'FLUSH' && isZeroing) {
      isZeroing = false;
      return 'ZERO';
    }
    if (line !== 'xfs_bmapi_write' || !isDirect) return deed ?? line;
    isDirect = false;
    return 'ALLOC';
  });
}

/** A clone locks its own inode as well, which no model has. */
function withoutClone(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.endsWith(' of B'));
}

function withoutStamps(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let isStamp = false;
  for (const [i, line] of lines.entries()) {
    if (STAMPS.test(line)) isStamp = true;
    else if (isStamp && BEGINS.includes(line)) continue;
    else if (isStamp && ENDS.includes(line)) isStamp = false;
    else if (isStamp && !/ILOCK(?: of B)?$/.test(line)) {
      isStamp = false;
      kept.push(line);
    } else if (!isStamp) kept.push(line);
    isStamp ||= LATE_STAMP.every((one, j) => lines[i + j] === one);
  }
  return kept;
}

function eventOf(line: string): readonly string[] {
  if (/^[A-Z]+$/.test(line)) return [line];
  if (BEGINS.includes(line)) return ['J+'];
  if (ENDS.includes(line)) return ['J-'];
  const lock = LOCK_LINE.exec(line)?.groups;
  if (lock !== undefined) {
    const id = LOCKS[lock.lock ?? ''];
    return id === undefined ? [] : [`${lock.step} ${id}${lock.of ?? ''}`];
  }
  const change = CHANGE.exec(line)?.groups;
  if (change === undefined) return [];
  const { what, from = '', to = '' } = change;
  const [old, now] = [stateText(from), stateText(to)];
  // Another block alone does not show: an insertion of it does not either.
  return old === now ? [] : [`${what} ${old} -> ${now}`];
}

/** Blocks have no numbers here. */
function stateText(state: string): string {
  return state.replace(/\bb\d+\b/, 'b').replace(' TOWRITE', '');
}

/**
 * What does not tell one path from another: an entry that changes twice in a row, handles in a row that nothing happens
 * in (one a page here, one an extent there), and a fault lock that is taken for nothing (an attempt at a huge page).
 */
export function normal(events: readonly string[]): readonly string[] {
  const said: string[] = [];
  for (const event of events) {
    const [last, before] = [said.at(-1), said.at(-2)];
    const to = /^(?<what>entry|pte) (?<from>.*) -> (?<to>.*)$/;
    const [a, b] = [to.exec(last ?? '')?.groups, to.exec(event)?.groups];
    if (a !== undefined && b !== undefined && a.what === b.what) {
      said.pop();
      if (a.from !== b.to) said.push(`${a.what} ${a.from} -> ${b.to}`);
    } else if (event.startsWith('up_read faultLock') && last === event.replace('up', 'down')) {
      said.pop();
    } else if (event === 'J-' && last === 'J+' && before === 'J-' && said.at(-3) === 'J+') {
      said.pop();
    } else if (
      /^[A-Z]+$/.test(event) &&
      (event === last || (event === 'COPY' && said.includes(event)))
    ) {
      // A page, a line or an extent more.
    } else said.push(event);
    if (isRepeated(said)) said.splice(-3);
  }
  return said;
}

/** A handle around one deed, twice in a row. */
function isRepeated(events: readonly string[]): boolean {
  const [last, before] = [events.slice(-3), events.slice(-6, -3)];
  return last[0] === 'J+' && last[2] === 'J-' && last.join() === before.join();
}
