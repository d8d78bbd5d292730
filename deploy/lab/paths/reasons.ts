/** Where a model's path and a kernel's are not compared, or differ and are understood: by operation, with the reason. */
import type { FileSystemName } from '../file-systems.ts';
import type { Played } from './operations.ts';

interface LeftOut {
  readonly operation: RegExp;
  readonly state?: RegExp;
  readonly fileSystem?: FileSystemName;
  /** Events of both sides that do not count; none: the whole operation does not. */
  readonly events?: readonly string[];
  readonly says: string;
}

const LEFT_OUT: readonly LeftOut[] = [
  {
    operation: /^huge-/,
    says: 'huge pages: the models that have them have those of 4.12, and 6.1 does it in other steps',
  },
  {
    operation: /^drop-caches$/,
    says: 'no model of DAX has it: it touches no entry, pte or lock of the file',
  },
  {
    operation: /^sync-store$/,
    state: /^shared(?:-fsynced)?$/,
    fileSystem: 'xfs-reflink',
    says:
      'a synchronous fault that copies tags its entry TOWRITE alone (dax_insert_entry), so that a file without a DIRTY ' +
      'entry writes nothing back before the copy is mapped (mapping_tagged in filemap_fdatawrite_wbc); the models tag it ' +
      'DIRTY and flush it',
  },
  {
    operation: /^trunc-down-part$/,
    fileSystem: 'xfs-reflink',
    events: ['FREE'],
    says: 'XFS allocates more than a page to copy to (cowextsize), and gives the rest back',
  },
  {
    operation: /^reflink-to-B$/,
    fileSystem: 'xfs-reflink',
    events: ['J+', 'J-'],
    says: 'the other file of a clone is no file of a model, and its transactions are none of its',
  },
];

function leftOut(fileSystem: FileSystemName, [operation, state]: Played): LeftOut | undefined {
  return LEFT_OUT.find(
    (one) =>
      one.operation.test(operation) &&
      one.state?.test(state) !== false &&
      (one.fileSystem === undefined || one.fileSystem === fileSystem),
  );
}

/** Why it is not compared; null where it is. */
export function reasonNotCompared(fileSystem: FileSystemName, played: Played): string | null {
  const row = leftOut(fileSystem, played);
  return row === undefined || row.events !== undefined ? null : row.says;
}

export function withoutLeftOut(
  fileSystem: FileSystemName,
  played: Played,
  events: readonly string[],
): readonly string[] {
  const row = leftOut(fileSystem, played);
  return events.filter((event) => row?.events?.includes(event) !== true);
}
