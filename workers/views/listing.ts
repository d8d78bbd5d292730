/** A model as text: its paths as indented pseudo-code, and the flat table that they compile to. */
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import { compile } from '../kernel/compile.ts';
import type { LockId } from '../kernel/locks.ts';
import type { Model, Need, Node, Path } from '../kernel/path.ts';
import {
  I_BRANCH,
  I_BRANCH_CALL,
  I_END,
  I_JUMP,
  I_LOCAL,
  I_RETURN,
  I_VISIBLE,
  I_YIELD,
  type Program,
} from '../kernel/program.ts';
import { STEPS, TESTS } from '../kernel/registry.ts';
import { wrap } from './wrap.ts';

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
const INDENT = '  ';
/** Where the names of steps begin, behind what they say. */
const NAMES_COLUMN = 44;

// ---- the table ------------------------------------------------------------------------------------------

/**
 * One row a line: number, kind, label or test, and where it goes unless that is the next row. Each operation
 * counts from 0, for nothing leads from one into another, and a change of one leaves the others alone.
 */
export function renderListing(model: Model): string {
  const program = compile(model);
  const entries = [...OP_KINDS.map((kind) => ({ name: kind, start: program.entry[kind] }))];
  const all = [...entries, { name: 'fault', start: program.faultEntry }];
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

// ---- the model ------------------------------------------------------------------------------------------

export function renderModel(model: Model): string {
  const paths = Object.keys(model.paths)
    .sort()
    .flatMap((name) => ['', `${name}:`, ...pathLines(model, model.paths[name] ?? [], INDENT)]);
  return `${[...headOf(model), ...paths].join('\n')}\n`;
}

function headOf(model: Model): readonly string[] {
  const { origin, expect } = model;
  const toggles = Object.entries(model.options).map(
    ([name, values]) => `${name}=${model.toggles[name]} (${values.join(' | ')})`,
  );
  const locks = Object.entries(model.locks).map(([id, name]) => `${id} is ${name}`);
  return [
    model.name,
    ...field('title', model.title),
    ...field('kernel', origin.kernel),
    ...field('from', origin.sources.join('; ')),
    ...field('comment', model.comment),
    ...toggles.flatMap((line) => field('toggle', line)),
    ...locks.flatMap((line) => field('lock', line)),
    ...(model.ownLocks ?? []).flatMap(({ name, per }) => field('lock', `${name}, one per ${per}`)),
    ...model.order.flatMap((line) => field('order', line)),
    ...(model.needs ?? []).flatMap((need) => field('needs', needText(need))),
    ...field('fsync', model.durability ? 'owes mmap stores too' : 'owes only what write(2) wrote'),
    ...field('finds', expect.find.join(' ')),
    ...field('clean', expect.clean.join(' ')),
  ];
}

function needText({ step, lock, mode, source }: Need): string {
  return `${step}: ${lock} ${mode === 'W' ? 'for write' : 'in any mode'} (${source})`;
}

function field(name: string, text: string): readonly string[] {
  if (text === '') return [];
  const indent = ' '.repeat(10);
  return wrap(`${INDENT}${name.padEnd(8)}${text}`, indent);
}

function pathLines(model: Model, path: Path, indent: string): readonly string[] {
  if (path.length === 0) return [`${indent}nothing`];
  return path.flatMap((node) => nodeLines(model, node, indent));
}

function nodeLines(model: Model, node: Node, indent: string): readonly string[] {
  const inner = (path: Path): readonly string[] => pathLines(model, path, indent + INDENT);
  if ('step' in node) return [stepLine(model, node, indent)];
  if ('when' in node) return whenLines(model, node, indent);
  if ('loop' in node) return [`${indent}while ${testText(node.loop)}:`, ...inner(node.body)];
  if ('block' in node) return [`${indent}${node.block}:`, ...inner(node.body)];
  if ('leave' in node) return [`${indent}goto end of ${node.leave}`];
  if ('retry' in node) return [`${indent}goto ${node.retry}`];
  return [`${indent}${node.call}()`];
}

function whenLines(
  model: Model,
  node: Extract<Node, { when: string }>,
  indent: string,
): readonly string[] {
  const inner = (path: Path): readonly string[] => pathLines(model, path, indent + INDENT);
  const otherwise = node.else ?? [];
  // `when` with an empty first branch is how a model says "unless".
  if (node.then.length === 0)
    return [`${indent}unless ${testText(node.when)}:`, ...inner(otherwise)];
  const lines = [`${indent}if ${testText(node.when)}:`, ...inner(node.then)];
  return otherwise.length === 0 ? lines : [...lines, `${indent}else:`, ...inner(otherwise)];
}

function testText(name: string): string {
  return `(${TESTS.get(name)?.says ?? name})`;
}

/** A visible step in the kernel's words, and its name; a local one by its name alone. */
function stepLine(model: Model, node: Extract<Node, { step: string }>, indent: string): string {
  const def = STEPS.get(node.step);
  if (def === undefined || !def.visible) return `${indent}${node.step}`;
  if (node.lock !== undefined)
    return indent + def.says.replace('{lock}', lockName(model, node.lock));
  const name = node.label === undefined ? node.step : `${node.step}, labelled ${node.label}`;
  return `${`${indent}${def.says}`.padEnd(NAMES_COLUMN)}  /* ${name} */`;
}

function lockName(model: Model, lock: string): string {
  return model.locks[lock as LockId] ?? lock;
}
