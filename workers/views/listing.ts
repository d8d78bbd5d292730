/** The flat table that a model's paths compile to, as text. */
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import type { Model } from '../kernel/path.ts';
import {
  I_BRANCH,
  I_BRANCH_CALL,
  I_END,
  I_JUMP,
  I_LOCAL,
  I_RETURN,
  I_VISIBLE,
  I_YIELD,
  NO_ENTRY,
  type Program,
} from '../kernel/program.ts';
import { compile } from '../model/compile.ts';

/** What a row of the table is, by its kind. */
const KIND_NAMES: Readonly<Record<number, string>> = {
  [I_VISIBLE]: 'step',
  [I_LOCAL]: 'local',
  [I_BRANCH]: 'test',
  [I_BRANCH_CALL]: 'test',
  [I_JUMP]: 'jump',
  [I_YIELD]: 'retry',
  [I_RETURN]: 'return',
  [I_END]: 'end',
};

/**
 * One row a line: number, kind, label or test, and where it goes unless that is the next row. Each operation
 * counts from 0, for nothing leads from one into another, and a change of one leaves the others alone.
 */
export function renderListing(model: Model): string {
  const program = compile(model);
  const entries = OP_KINDS.map((kind) => ({ name: kind, start: program.entry[kind] }));
  const present = entries.filter(({ start }) => start !== NO_ENTRY);
  const all = [...present, { name: 'fault', start: program.faultEntry }];
  const blocks = all.flatMap(({ name, start }, i) => {
    const size = (all[i + 1]?.start ?? program.size) - start;
    const rows = Array.from({ length: size }, (_, number) => rowText(program, start, number));
    return ['', `${name}: ${size} rows`, ...rows];
  });
  return `${[`${model.name}: ${program.size} rows`, ...blocks].join('\n')}\n`;
}

function rowText(program: Program, start: number, number: number): string {
  const pc = start + number;
  const kind = program.kind[pc] ?? -1;
  const name = program.label[pc] || program.step[pc] || '';
  const text = `${String(number).padStart(5)}  ${(KIND_NAMES[kind] ?? '?').padEnd(6)}  ${name}`;
  return `${text}${targetsOf(program, start, pc)}`.trimEnd();
}

function targetsOf(program: Program, start: number, pc: number): string {
  const kind = program.kind[pc] ?? -1;
  if (kind === I_END || kind === I_RETURN) return '';
  const next = program.next[pc] ?? 0;
  const going = next === pc + 1 ? '' : ` -> ${next - start}`;
  if (kind !== I_BRANCH && kind !== I_BRANCH_CALL) return going;
  return `${going} else ${(program.otherwise[pc] ?? 0) - start}`;
}
