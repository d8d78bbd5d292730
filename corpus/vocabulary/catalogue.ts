/**
 * The bugs that are known, by the numbers of the literature they were collected from, each with the signatures
 * under which oracles meet it. In a pattern `*` stands for any run of characters.
 *
 * One bug may have several signatures (a deadlock and the inversion that announces it); no signature belongs
 * to two rows.
 */

export interface CatalogueRow {
  readonly id: string;
  readonly title: string;
  readonly signatures: readonly string[];
}

export const CATALOGUE: readonly CatalogueRow[] = [
  {
    id: 'B01',
    title: 'AA deadlock: unmap under i_mmap_rwsem held for write',
    signatures: ['deadlock AA iMmapRwsem:W->iMmapRwsem:W@fault'],
  },
  {
    id: 'B02',
    title: 'unlock of an i_mmap_rwsem that is not held',
    signatures: ['bad-release iMmapRwsem:W fault/upWrite(iMmapRwsem)'],
  },
  {
    id: 'B03',
    title: 'ABBA between page lock and i_mmap_rwsem',
    signatures: [
      'lock-order classes iMmapRwsem -> pageLock -> iMmapRwsem',
      'deadlock ABBA iMmapRwsem:W->pageLock@fault, pageLock->iMmapRwsem:W@*',
      'deadlock chain-* iMmapRwsem:*->iMmapRwsem:W@*, iMmapRwsem:W->pageLock@fault, pageLock->iMmapRwsem:W@*',
      'deadlock chain-* iMmapRwsem:W->pageLock@fault, pageLock->iMmapRwsem:W@*',
    ],
  },
  {
    id: 'B04',
    title: 'ABBA between i_mmap_rwsem and the journal handle',
    signatures: [
      'lock-order classes iMmapRwsem -> journal -> iMmapRwsem',
      'lock-order classes iMmapRwsem -> journal -> pageLock -> iMmapRwsem',
      'lock-order classes iMmapRwsem -> pageLock -> journal -> iMmapRwsem',
      'deadlock chain-* iMmapRwsem:*->journal@fault, journal->journal@*, journal->iMmapRwsem:W@*',
    ],
  },
  {
    id: 'B09',
    title: 're-zeroing of written data, fault against fault',
    signatures: ['lost-write line fault/clearBlock|store/access'],
  },
  {
    id: 'B10',
    title: 'zero page left mapped after an allocation, fault against fault',
    signatures: ['zero-page pte fault|fault/mapZeroPage'],
  },
  {
    id: 'B11',
    title: 'zero page left mapped after an allocation, fault against write',
    signatures: ['zero-page pte fault/mapZeroPage|pwrite'],
  },
  {
    id: 'B12',
    title: 'stale pte after a hole punch',
    signatures: ['stale-pte pte fault/installPte|punch/*', 'foreign-block zero fault/*|punch/*'],
  },
  {
    id: 'B13',
    title: 'pte beyond EOF after a simple truncate',
    signatures: [
      'beyond-eof pte fault/*|truncate/*',
      'foreign-block zero-beyond-eof fault/*|truncate/*',
    ],
  },
  {
    id: 'B14',
    title: 'stale pte after truncate down and up (ABA)',
    signatures: [
      'stale-pte pte fault/installPte|truncate/*',
      'foreign-block zero fault/*|truncate/*',
    ],
  },
  {
    id: 'B15',
    title: 'stale pte after collapse, insert or zero range',
    signatures: [
      'stale-pte pte collapse/*|fault/installPte',
      'stale-pte pte fault/installPte|insert/*',
      'stale-pte pte fault/installPte|zero/*',
      'foreign-block zero collapse/*|fault/*',
      'foreign-block zero fault/*|insert/*',
      'foreign-block zero fault/*|zero/*',
      'beyond-eof pte collapse/setSize|fault/*',
      'zero-page pte collapse|fault/mapZeroPage',
      'zero-page pte fault/mapZeroPage|insert',
    ],
  },
  {
    id: 'B16',
    title: 'written data lost to the zeroing of a fault',
    signatures: [
      'lost-write line fault/clearBlock|pwrite/copyIn',
      // The same under a store that came later: a power failure uncovers it.
      'durability overwritten fault/clearBlock|pwrite/copyIn',
    ],
  },
  {
    id: 'B17',
    title: "store lost to a write's zeroing of the rest of its block",
    signatures: ['lost-write line pwrite/zeroRest|store/access'],
  },
  {
    id: 'B18',
    title: 'dirty tag dropped by an invalidation race',
    signatures: ['durability dirty-entry *'],
  },
  {
    id: 'B20',
    title: 'entry dropped while a writable pte stays',
    signatures: ['durability writable-entry *'],
  },
  {
    id: 'B21',
    title: 'fsync skips a locked entry',
    signatures: ['durability locked-entry *'],
  },
  {
    id: 'B22',
    title: 'pte upgraded after its tag was dealt with',
    signatures: ['durability upgraded-pte *'],
  },
  {
    id: 'B28',
    title: 'lost wake-up: one woken where all should be',
    signatures: ['lost-wakeup entryLock *'],
  },
  {
    id: 'B33',
    title: 'power failure between allocation and zeroing',
    signatures: ['crash-exposure line */allocBlock'],
  },
  {
    id: 'B34',
    title: 'block visible before it was zeroed, or never zeroed',
    signatures: ['stale-data early */allocBlock', 'stale-data leftover */allocBlock'],
  },
  {
    id: 'B50',
    title: 'pte into a removed device',
    signatures: ['pte-after-revoke *'],
  },
  {
    id: 'B51',
    title: 'lock order of page lock and journal handle',
    signatures: [
      'lock-order classes journal -> pageLock -> journal',
      'deadlock chain-* journal->journal@*, journal->pageLock@*, pageLock->journal@*',
    ],
  },
  {
    id: 'B53',
    title: 'pfn_mkwrite finds no entry and upgrades the pte',
    signatures: ['durability clean-entry *'],
  },
  // A path that meets the extent between its pte and its conversion takes a complete store for zeros: read(2)
  // returns them, punch leaves its edges alone, collapse and insert move the extent away from its conversion.
  {
    id: 'B55',
    title: 'store through a pte before its extent is converted',
    signatures: [
      'lost-write extent pread/copyOut|store/access',
      'lost-write line punch|store/access',
      'lost-write extent insert/insertExtents|store/access',
      'lost-write extent collapse/collapseExtents|store/access',
    ],
  },
  {
    id: 'B56',
    title: 'two fsyncs, one writeback tag',
    signatures: ['durability towrite-tag *'],
  },
  // Not in the literature, met by this tool. F01: a fault converts, behind all its locks, whatever unwritten
  // extent it finds at its page: after a zero range that is the zeroed data, after truncate and fallocate a
  // block that nobody has initialised.
  {
    id: 'F01',
    title: 'conversion of an unwritten extent that changed meanwhile',
    signatures: [
      'lost-write line *|zero',
      'lost-write line store/access|truncate',
      'stale-data early */convertExtent',
      'stale-data leftover */convertExtent',
      'crash-exposure line */convertExtent',
    ],
  },
  {
    id: 'CANARY',
    title: 'the model that must always fail',
    signatures: ['lock-leak *'],
  },
];

/** The row a signature belongs to, or null: then the finding is new. */
export function knownAs(signature: string): { readonly id: string; readonly title: string } | null {
  for (const row of CATALOGUE) {
    if (row.signatures.some((pattern) => matches(pattern, signature))) return row;
  }
  return null;
}

/** What a finding is called: its row's title, or its own signature in words. */
export function titleOf(signature: string): string {
  return knownAs(signature)?.title ?? signature.replaceAll('|', ' against ');
}

/** Glob match without backtracking over more than one star at a time: linear in text times stars. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}
