/**
 * The gallery of `dashboards/docs/real-kernel.md`: which findings are forced where, the commands that do it, and the page
 * that is made of what they print.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { FileSystemName } from '../../deploy/lab/file-systems.ts';
import { faultlineHere } from '../cli/faultline.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

/** One call of `lab force`: its findings share a machine. */
interface Group {
  readonly fs: FileSystemName;
  /** By the row of the catalogue that each shows. */
  readonly seeds: readonly (readonly [row: string, seed: string])[];
  readonly model?: string;
  /** A lock that the path does not take; the finding is then forced once more with the lock in place. */
  readonly without?: readonly string[];
}

const STOCK = [
  ['B21', 'b21-fsync-skips-locked-entry'],
  ['F02', 'f02-pwrite-beside-write-fault'],
] as const;
/** Which B21 would show before. */
const BEHIND_B21 = [
  ['B56', 'b56-two-fsyncs-one-tag'],
  ['F03', 'f03-store-before-unmap'],
] as const;
const CUT = [
  ['B12', 'b12-fault-vs-punch'],
  ['B13', 'b13-load-vs-truncate-to-a-page'],
  ['B15', 'b15-fault-vs-collapse'],
] as const;
const WITHOUT = ['punch', 'truncate', 'collapse'].map((op) => `${op}:invalidate_lock`);

const GROUPS: readonly Group[] = [
  {
    fs: 'ext4',
    seeds: [...STOCK, ['B57', 'b57-neighbour-converted'], ['B58', 'b58-stored-past-eof']],
  },
  { fs: 'xfs', seeds: STOCK },
  { fs: 'ext4', seeds: BEHIND_B21, model: 'modern-ext4:fsync_locked=wait' },
  { fs: 'xfs', seeds: BEHIND_B21, model: 'modern-xfs:fsync_locked=wait' },
  {
    fs: 'xfs-reflink',
    seeds: [
      ['B41', 'b41-copy-leaves-mapping'],
      ['B59', 'b59-zeroes-in-a-copy'],
      ['F14', 'f14-write-beside-a-copy'],
      ['F15', 'f15-write-beside-a-copy'],
    ],
  },
  { fs: 'ext4', seeds: CUT, without: WITHOUT },
  { fs: 'xfs', seeds: CUT, without: WITHOUT },
];

/** What `lab force --json` says of one finding. */
interface Forced {
  readonly id: string;
  readonly name: string;
  readonly fileSystem: string;
  readonly release: string;
  readonly verdict: string;
  readonly differences?: readonly {
    readonly what: string;
    readonly kernel: string;
    readonly expected: string;
  }[];
  readonly columns: string;
  readonly log: string;
}

export interface Piece {
  readonly row: string;
  readonly command: string;
  /** Whether a lock was taken away. */
  readonly isCut: boolean;
  readonly forced: Forced;
}

/** @param folder for findings, one below it for each file system: an id has one repro in a folder */
export async function makeGallery(folder: string): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (const { fs, seeds, model, without = [] } of GROUPS) {
    const dataDir = path.join(folder, fs);
    const files = seeds.map(([, seed]) => path.join(PACKAGE_ROOT, `corpus/seeds/${seed}.txt`));
    const flags = ['--fs', fs, ...(model === undefined ? [] : ['--model', model])];
    const cuts = without.flatMap((one) => ['--without', one]);
    const shown = await forced([...files, ...flags, ...cuts], dataDir);
    for (const [i, one] of shown.entries()) {
      const [row, seed] = seeds[i] ?? ['', ''];
      const cut = without.length === 0 ? [] : ['--without', without[i] ?? ''];
      const command = ['faultline lab force', `corpus/seeds/${seed}.txt`, ...flags, ...cut];
      pieces.push({ row, command: command.join(' '), isCut: cut.length > 0, forced: one });
    }
    if (without.length === 0) continue;
    const again = await forced([...shown.map(({ id }) => id), '--fs', fs], dataDir);
    for (const [i, one] of again.entries()) {
      const command = `faultline lab force ${one.id} --fs ${fs}`;
      pieces.push({ row: seeds[i]?.[0] ?? '', command, isCut: false, forced: one });
    }
  }
  const rows = [...new Set(pieces.map(({ row }) => row))];
  return rows.flatMap((row) => pieces.filter((piece) => piece.row === row));
}

async function forced(args: readonly string[], dataDir: string): Promise<readonly Forced[]> {
  const all = ['lab', 'force', ...args, '--data-dir', dataDir, '--json', '--quiet'];
  const { stdout, stderr } = await faultlineHere(all, PACKAGE_ROOT);
  assert.notEqual(stdout, '', stderr);
  const said = JSON.parse(stdout) as { readonly forced?: readonly Forced[] };
  assert.ok(said.forced !== undefined, stdout);
  return said.forced;
}

/** Rows of the table that the page begins with, and that a later run is held against. */
export function verdictRows(pieces: readonly Piece[]): readonly string[] {
  return pieces.map(({ row, isCut, forced: { fileSystem, verdict } }) => {
    const kernel = isCut ? 'without invalidate_lock' : 'stock';
    return `| ${row} | ${fileSystem} | ${kernel} | ${verdict} |`;
  });
}

export function pageOf(pieces: readonly Piece[]): string {
  const rows = [...new Set(pieces.map(({ row }) => row))];
  const release = pieces[0]?.forced.release ?? '';
  return [
    '# What a real kernel shows',
    '',
    `Made by \`UPDATE_GOLDEN=1 npm run test:weekly -- lab.weekly\`, which boots Linux ${release} with DAX on emulated persistent memory.`,
    '`lab force` makes the run of a finding happen there: a kernel module holds threads at functions, at the steps between',
    'which the run switches threads. What differs from a right kernel is read from results, from read(2) and from mappings. For',
    'fsync, calls of `dax_flush` are counted. `blocked` names the lock that a thread sleeps on, so that its step cannot come.',
    '',
    '| finding | file system | kernel | verdict |',
    '|---|---|---|---|',
    ...verdictRows(pieces),
    '',
    ...rows.flatMap((row) => sectionOf(pieces.filter((piece) => piece.row === row))),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function sectionOf(pieces: readonly Piece[]): readonly string[] {
  const [first] = pieces;
  if (first === undefined) return [];
  const { name, columns } = first.forced;
  return [
    `## ${first.row}: ${name.replace(/^(?:looks like )?[BF]\d\d:? /, '')}`,
    '',
    ...pieces.flatMap(({ command, forced: { verdict, differences = [] } }) => [
      `- \`${command}\``,
      `  ${verdict}${differences.length === 0 ? '' : ': '}${differences
        .map(({ what, kernel, expected }) => `${what}: ${kernel}; expected: ${expected}`)
        .join(', ')}`,
    ]),
    '',
    ...textBlock(columns),
    ...pieces.flatMap((piece, i) => {
      const { fileSystem, verdict, log } = piece.forced;
      const [head, text] = [`${fileSystem}, ${verdict}:`, shortLog(log)];
      const same = pieces.slice(0, i).find(({ forced: one }) => shortLog(one.log) === text);
      if (same === undefined) return [head, '', ...textBlock(text)];
      return [`${head} as ${same.forced.fileSystem}.`, ''];
    }),
  ];
}

/** Without what was there before the threads ran. */
function shortLog(log: string): string {
  return log
    .split('\n')
    .filter((line) => !/^(?:before \w |after \w size |@status 0)/.test(line))
    .join('\n');
}

function textBlock(text: string): readonly string[] {
  return ['```text', ...text.trimEnd().split('\n'), '```', ''];
}
