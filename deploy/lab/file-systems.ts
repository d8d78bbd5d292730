/** The file systems that the lab makes on its persistent memory, each with the model that is to be as it is. */

export interface FileSystem {
  /** Of mount(8). */
  readonly type: string;
  readonly mkfs: string;
  /** The locking model of it. */
  readonly model: string;
  /** The same with every repair: what it shows is right. */
  readonly repaired: string;
  readonly canShare: boolean;
}

const DEVICE = '/dev/pmem0';
export const MOUNTED = '/mnt';

export const FILE_SYSTEMS = {
  ext4: {
    type: 'ext4',
    mkfs: `mkfs.ext4 -q -F -b 4096 ${DEVICE}`,
    model: 'modern-ext4',
    repaired: 'modern-ext4-fixed',
    canShare: false,
  },
  xfs: {
    type: 'xfs',
    mkfs: `mkfs.xfs -q -f -m reflink=0,rmapbt=0 ${DEVICE}`,
    model: 'modern-xfs',
    repaired: 'modern-xfs-fixed',
    canShare: false,
  },
  'xfs-reflink': {
    type: 'xfs',
    mkfs: `mkfs.xfs -q -f -m reflink=1,rmapbt=0 ${DEVICE}`,
    model: 'modern-xfs:reflink=on',
    repaired: 'modern-xfs-fixed',
    canShare: true,
  },
} as const satisfies Record<string, FileSystem>;
export type FileSystemName = keyof typeof FILE_SYSTEMS;
export const FILE_SYSTEM_NAMES = Object.keys(FILE_SYSTEMS) as readonly FileSystemName[];

/** A script that makes it anew and mounts it with DAX, or fails. */
export function mountScript(name: FileSystemName): string {
  const { mkfs, type } = FILE_SYSTEMS[name];
  return [
    `umount ${MOUNTED} 2>/dev/null`,
    `${mkfs} || exit 1`,
    `mount -t ${type} -o dax=always ${DEVICE} ${MOUNTED} || exit 1`,
    '',
  ].join('\n');
}
