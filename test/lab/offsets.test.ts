/**
 * `guest/offsets.c` reads type information as a kernel has it: written here, by the format's description, for a kernel and
 * a module of it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { compileGuest } from '../../deploy/lab/guest-programs.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const run = promisify(execFile);
const skip = await skipReason('gcc');
const folder = mkdtempSync(path.join(tmpdir(), 'faultline-offsets-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MAGIC = 0xeb9f;
const KIND = { int: 1, array: 3, struct: 4, enum: 6, proto: 13, enum64: 19 } as const;
const BIT_FIELDS = 2 ** 31;

/** Strings, each with its place; those of a module go on where the kernel's end. */
class Strings {
  private text = '\0';
  private readonly from: number;
  private readonly base: Strings | null;

  constructor(base: Strings | null) {
    this.base = base;
    this.from = base === null ? 0 : base.end;
  }

  get end(): number {
    return this.from + this.text.length;
  }

  get bytes(): Buffer {
    return Buffer.from(this.text, 'latin1');
  }

  /** A module does not repeat what the kernel has. */
  place(word: string): number {
    const before = this.base?.find(word) ?? -1;
    if (before >= 0) return before;
    if (this.find(word) < 0) this.text += `${word}\0`;
    return this.find(word);
  }

  private find(word: string): number {
    const at = this.text.indexOf(`\0${word}\0`);
    return at < 0 ? -1 : this.from + at + 1;
  }
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, i * 4);
  });
  return bytes;
}

function type(kind: number, count: number, ...after: readonly number[]): Buffer {
  return words(0, (kind << 24) | count, 0, ...after);
}

/** @param fields name and offset in bits */
function struct(
  strings: Strings,
  name: string,
  fields: readonly (readonly [string, number])[],
  flag = 0,
): Buffer {
  const members = fields.flatMap(([field, offset]) => [strings.place(field), 1, offset]);
  const info = (KIND.struct << 24) + fields.length + flag;
  return words(strings.place(name), info, 64, ...members);
}

function btf(types: readonly Buffer[], strings: Strings): Buffer {
  const [body, text] = [Buffer.concat(types), strings.bytes];
  const head = Buffer.alloc(24);
  head.writeUInt16LE(MAGIC, 0);
  head.writeUInt8(1, 2);
  [24, 0, body.length, body.length, text.length].forEach((value, i) => {
    head.writeUInt32LE(value, 4 + i * 4);
  });
  return Buffer.concat([head, body, text]);
}

/** What other kinds of types have behind them is stepped over. */
const OTHERS = [
  type(KIND.int, 0, 32),
  type(KIND.array, 0, 1, 1, 4),
  type(KIND.enum, 2, 1, 0, 1, 1),
  type(KIND.proto, 3, 1, 1, 1, 1, 1, 1),
  type(KIND.enum64, 1, 1, 0, 0),
];

function parameters(...names: readonly string[]): Buffer {
  return Buffer.from(names.map((name) => `\0parmtype=${name}:int\0license=GPL\0`).join(''));
}

async function offsets(
  module: Buffer,
  files: Readonly<Record<string, Buffer>>,
): Promise<{ stdout: string; stderr: string }> {
  const program = path.join(folder, 'offsets');
  await compileGuest(path.join(PACKAGE_ROOT, 'deploy/lab/guest/offsets.c'), program, process.env);
  const types = mkdtempSync(path.join(folder, 'btf-'));
  mkdirSync(types, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(types, name), bytes);
  const file = path.join(folder, 'module.ko');
  writeFileSync(file, module);
  return await run(program, [file, types]);
}

function kernelAndModule(): Readonly<Record<string, Buffer>> {
  const ofKernel = new Strings(null);
  const inode = struct(ofKernel, 'inode', [
    ['i_rwsem', 0],
    ['i_size', 640],
  ]);
  const ofModule = new Strings(ofKernel);
  const types = [
    ...OTHERS,
    struct(ofModule, 'ext4_inode_info', [
      ['i_size', 64],
      ['i_data_sem', 1024],
    ]),
    struct(ofModule, 'flags', [['bits', 0x0300_0200]], BIT_FIELDS),
  ];
  return { vmlinux: btf([...OTHERS, inode], ofKernel), ext4: btf(types, ofModule) };
}

test('fields of the kernel and of a module, whose names may be the kernel’s', {
  skip,
}, async () => {
  const wanted = ['inode__i_size', 'ext4_inode_info__i_size', 'ext4_inode_info__i_data_sem'];
  const { stdout, stderr } = await offsets(parameters(...wanted), kernelAndModule());
  assert.equal(
    stdout.trim(),
    'inode__i_size=80 ext4_inode_info__i_size=8 ext4_inode_info__i_data_sem=128',
  );
  assert.equal(stderr, '');
});

test('an offset of a structure with bit fields has their size in its upper byte', {
  skip,
}, async () => {
  const { stdout } = await offsets(parameters('flags__bits'), kernelAndModule());
  assert.equal(stdout.trim(), 'flags__bits=64');
});

test('a field that is not there is said, a parameter that is none is passed over', {
  skip,
}, async () => {
  const { stdout, stderr } = await offsets(
    parameters('verbose', 'inode__i_gone', 'inode__i_size'),
    kernelAndModule(),
  );
  assert.equal(stdout.trim(), 'inode__i_size=80');
  assert.equal(stderr.trim(), 'offsets: no field inode.i_gone');
});

test('what is no type information, or is cut, is refused', { skip }, async () => {
  const files = kernelAndModule();
  const cut = { ...files, ext4: (files.ext4 ?? Buffer.alloc(0)).subarray(0, 60) };
  await assert.rejects(offsets(parameters('inode__i_size'), cut), /ext4: is no type information/);
  const none = { vmlinux: Buffer.from('no') };
  await assert.rejects(offsets(parameters('inode__i_size'), none), /vmlinux: is too short/);
});
