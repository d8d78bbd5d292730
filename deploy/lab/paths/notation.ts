/**
 * A record of the module, brought to the notation of a trace: one event a line, a first line with the state before and the
 * result. What says nothing about the path is put shortly or left out, so that two boots say the same.
 */

/** What one recorded operation said. */
export interface Trace {
  /** `state: size .., blocks .., entry .., pte ..; result ..`. */
  readonly head: string;
  readonly events: readonly string[];
}

/** Behind one of these is why there is no trace. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord';
}

const COMPLAINT = /^! (?<what>.*)$/m;
const STATE = /^= (?<name>\S+) (?<value>.*)$/;
const RESULT = /^(?:result|errno|signal) -?\d+$/;
/** By the names of the head; the size on disk stands in the events alone. */
const STATE_NAMES: Readonly<Record<string, string>> = {
  i_size: 'size',
  i_blocks: 'blocks',
  entry: 'entry',
  pte: 'pte',
};

const STAMP =
  '(?: *J\\.start\\n *J\\.stop\\n| *xfs_trans_alloc\\n *down_write ILOCK.*\\n *xfs_trans_commit\\n *up_write ILOCK.*\\n)?';

/** In this order, each on the whole text. */
const RULES: readonly (readonly [RegExp, string | ((...parts: string[]) => string)])[] = [
  // A page fault takes it by trylock where it can.
  [/down_read_trylock mmap_lock/g, 'down_read mmap_lock'],
  [/unmap_mapping_pages \[0 \+0\)/g, 'unmap_mapping_pages whole file'],
  // A call in which nothing happens.
  [/^( *\S.*) \{\n *\}(.*\n)/gm, '$1$2'],
  [
    /^( *)xfs_trans_roll\n *__xfs_trans_commit\n(?: *xfs_trans_roll\n *__xfs_trans_commit\n)*/gm,
    (rolls, indent = '') => {
      const count = rolls.split('xfs_trans_roll').length - 1;
      return `${indent}xfs_trans_roll${count > 1 ? ` x${count}` : ''}\n`;
    },
  ],
  [/__xfs_trans_commit/g, 'xfs_trans_commit'],
  // Where no huge page can be had, the fault of a small page follows.
  [
    /^( *)down_read invalidate_lock( of B)?\n(?: *J\.start\n)? *dax_iomap_fault (PUD|PMD) .*= FALLBACK\n(?: *J\.stop\n)? *up_read invalidate_lock(?: of B)?\n/gm,
    (_, indent = '', of = '', size = '') => `${indent}${size} attempt${of ?? ''}: FALLBACK\n`,
  ],
  [new RegExp(`^( *(?:PUD|PMD) attempt.*\\n) *file_update_time\\n${STAMP}`, 'gm'), '$1'],
  [
    /^( *)PUD attempt( of B)?: FALLBACK\n *PMD attempt( of B)?: FALLBACK\n/gm,
    (_, indent = '', of = '') => `${indent}PUD, PMD attempts${of ?? ''}: FALLBACK\n`,
  ],
  // One a mapping of the page.
  [/^ *pfn_mkclean_range\n(?= *pfn_mkclean_range\n)/gm, ''],
];

/** It goes through all inodes of the machine: how often it does so is their number. */
const ONCE_EACH: readonly string[] = ['drop-caches'];

/** @throws BadRecord if the record is not whole */
export function notate(record: string, operation: string): Trace {
  const complaint = COMPLAINT.exec(record)?.groups?.what;
  if (complaint !== undefined) throw new BadRecord(complaint);
  const lines = record.split('\n').filter((line) => line.trim() !== '');
  const result = lines.find((line) => RESULT.test(line));
  if (result === undefined) throw new BadRecord('the operation did not end');
  const states = lines.flatMap((line) => {
    const { name = '', value = '' } = STATE.exec(line)?.groups ?? {};
    const said = STATE_NAMES[name];
    return said === undefined ? [] : [`${said} ${value}`];
  });
  const said = lines.filter((line) => !STATE.test(line) && !RESULT.test(line));
  const kept = ONCE_EACH.includes(operation) ? [...new Set(said)] : said;
  let text = kept.map((line) => `${line.trimEnd()}\n`).join('');
  for (const [pattern, to] of RULES) {
    text = typeof to === 'string' ? text.replace(pattern, to) : text.replace(pattern, to);
  }
  const events = text.split('\n').filter((line) => line !== '');
  return { head: `state: ${states.join(', ')}; ${result}`, events };
}

const ARGUMENT =
  '(?:-?\\d+(?:\\.\\.-?\\d+)?|\\[\\d+(?: \\+\\d+)?[\\])]|\\w+=-?\\d+|[A-Z_]+|x\\d+|lookup|read|write|whole file|\\(nested\\))';
const RETURN = ' =(?: -?\\d+)?(?: ?[A-Z_]+)*';

/** Lines of a trace, without indentation. */
const EVENTS: readonly RegExp[] = [
  /^\* (?:entry|pte|i_size|disk_size|i_blocks) \S.* -> \S.*$/,
  /^(?:down|up|downgrade)_(?:read|write)(?:_\w+)? \w+(?: of B)?$/,
  /^(?:PUD|PMD|PUD, PMD) attempts?(?: of B)?: FALLBACK$/,
  /^~ other thread: \w+$/,
  new RegExp(`^\\}(?:${RETURN})?$`),
  // A function of the kernel: each has an underscore in its name, `J.start` is short for two.
  new RegExp(`^(?:(?=\\w*_)\\w+|J\\.start|J\\.stop)(?: ${ARGUMENT})*(?: \\{|${RETURN})?$`),
];
const HEAD = /^state: .*; (?:result|errno|signal) -?\d+$/;

export function isHead(line: string): boolean {
  return HEAD.test(line);
}

export function isEvent(line: string): boolean {
  return EVENTS.some((pattern) => pattern.test(line.trim()));
}

/** As files have it: one with the events of an earlier one names that. */
export class TraceTexts {
  private readonly firsts = new Map<string, string>();

  textOf(name: string, { head, events }: Trace): string {
    const text = events.map((line) => `${line}\n`).join('');
    const first = this.firsts.get(text);
    if (first !== undefined) return `${head}\nsame events as ${first}\n`;
    this.firsts.set(text, name);
    return `${head}\n${text}`;
  }
}
