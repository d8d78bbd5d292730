/** The rows that a workload can come to, as options of Promela; or the first step that has no fragment. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { REGISTER_NAMES } from '../../kernel/layout.ts';
import { ownRwsems, RWSEMS, type Rwsem } from '../../kernel/locks.ts';
import type { Model } from '../../kernel/path.ts';
import type { Program } from '../../kernel/program.ts';
import { TESTS } from '../../kernel/step-registry.ts';
import type { World } from '../../kernel/world.ts';
import { LOCAL_FRAGMENTS, NEXT_SIZES, TEST_FRAGMENTS } from './locals.ts';
import { type Line, type Lines, linesOf } from './rows.ts';
import { STEP_FRAGMENTS } from './steps.ts';

export interface Options {
  /** What a thread does that stands before a step. */
  readonly steps: readonly string[];
  /** What follows with it. */
  readonly locals: readonly string[];
  readonly lines: Lines;
}

/** No lock class has more: of each file or address space one. */
const INSTANCES = 2;

/** What a program calls the first instance of each rwsem, and how many there are. */
export function lockConstants(model: Model): Readonly<Record<string, string>> {
  const all = rwsemsOf(model);
  const named = all.map(({ id }, i) => [`L_${id}`, String(i * INSTANCES)]);
  return Object.fromEntries([...named, ['RWSEMS', String(all.length * INSTANCES)]]);
}

function rwsemsOf(model: Model): readonly Rwsem[] {
  return [...RWSEMS, ...ownRwsems(model.ownLocks ?? [])];
}

export function optionsOf(
  model: Model,
  program: Program,
  input: Input,
  world: World,
): Options | { readonly lacks: string } {
  const lines = linesOf(program, input, world);
  const steps: Fragment[] = [];
  const locals: Fragment[] = [];
  for (const [i, line] of lines.all.entries()) {
    const said = fragmentOf(model, program, line);
    if ('lacks' in said) return said;
    const isStep = line.is === 'step' && !line.fused;
    (isStep ? steps : locals).push({ number: i + 1, ...said });
  }
  return { steps: grouped(steps).map(stepOption), locals: grouped(locals).map(localOption), lines };
}

interface Said {
  readonly text: string;
  /** The label of a visible step. */
  readonly label: string;
}

type Fragment = Said & { readonly number: number };

/** Lines that do the same are one option. */
function grouped(fragments: readonly Fragment[]): readonly (readonly Fragment[])[] {
  const groups = new Map<string, Fragment[]>();
  for (const fragment of fragments) {
    const group = groups.get(fragment.text);
    if (group === undefined) groups.set(fragment.text, [fragment]);
    else group.push(fragment);
  }
  return [...groups.values()];
}

function stepOption(group: readonly Fragment[]): string {
  const stands = group.map(({ number }) => `PC == ${number}`).join(' || ');
  return `:: d_step {\n${stands} ->${comment(group)}\n${group[0]?.text};\nskip\n}`;
}

function localOption(group: readonly Fragment[]): string {
  const stands = group.map(({ number }) => `F.pc == ${number}`).join(' || ');
  return `:: ${stands} ->${comment(group)}\n${group[0]?.text}`;
}

function comment(group: readonly Fragment[]): string {
  const labels = group.map(({ label }) => label).filter((label) => label !== '');
  return labels.length === 0 ? '' : ` /* ${labels.join(', ')} */`;
}

function fragmentOf(model: Model, program: Program, line: Line): Said | { readonly lacks: string } {
  switch (line.is) {
    case 'jump':
      return { text: `F.pc = ${line.to}`, label: '' };
    case 'return':
      return { text: 'leave_fault()', label: '' };
    case 'end':
      return { text: 'end_operation()', label: '' };
    case 'test':
      return ofTest(program.step[line.pc] ?? '', line.otherwise);
    case 'local':
      return ofLocal(program.step[line.pc] ?? '', line.entry);
    default:
      return ofStep(model, program, line.pc, line.fused);
  }
}

function ofStep(
  model: Model,
  program: Program,
  pc: number,
  isFused: boolean,
): Said | { readonly lacks: string } {
  const step = program.step[pc] ?? '';
  const label = program.label[pc] ?? '';
  const fragment = STEP_FRAGMENTS[step];
  if (fragment === undefined) return lacking(`step ${step}, at ${label},`);
  const rwsem = rwsemsOf(model).find(({ id }) => id === program.lock[pc]);
  const text = fragment.replaceAll(/\bLOCK\b/g, rwsem === undefined ? '' : instanceOf(rwsem));
  return { label, text: isFused ? `${text};\nF.pc++` : text };
}

function lacking(what: string): { readonly lacks: string } {
  return { lacks: `${what} has no Promela fragment` };
}

function instanceOf({ id, register }: Rwsem): string {
  return register < 0 ? `L_${id}` : `L_${id} + F.${REGISTER_NAMES[register]}`;
}

function ofLocal(step: string, entry: string): Said | { readonly lacks: string } {
  const fragment = LOCAL_FRAGMENTS[step];
  const size = NEXT_SIZES[entry];
  const isOfSize = fragment?.includes('NEXT_SIZE') === true;
  if (fragment === undefined || (isOfSize && size === undefined)) {
    return lacking(`step ${step}, of ${entry},`);
  }
  return { label: '', text: `${fragment.replace('NEXT_SIZE', size ?? '')}; F.pc++` };
}

function ofTest(name: string, otherwise: number): Said | { readonly lacks: string } {
  const condition = conditionOf(name);
  if (condition === null) return lacking(`test ${name}`);
  return { label: '', text: `F.pc = (${condition} -> F.pc + 1 : ${otherwise})` };
}

const SIGN_BIT = 1 << 31;

function conditionOf(name: string): string | null {
  const test = TESTS.get(name);
  if (test === undefined || test.run !== null) return TEST_FRAGMENTS[name] ?? null;
  const register = `F.${REGISTER_NAMES[test.register]}`;
  if (test.mask === SIGN_BIT) return `${register} ${test.negated ? '<' : '>='} 0`;
  const bits = test.mask === -1 ? register : `(${register} & ${test.mask})`;
  return `${bits} ${test.negated ? '!=' : '=='} ${test.value}`;
}
