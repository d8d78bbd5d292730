/**
 * An input under a model as a Promela program for SPIN: one process a thread, one `d_step` a visible step with the local
 * steps behind it, locks handed over as the simulated kernel does it. Pure.
 */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { HUGE_PAGES, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { printInput } from '../../../corpus/vocabulary/text.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { REGISTER_NAMES } from '../../kernel/layout.ts';
import type { Model } from '../../kernel/path.ts';
import { lackingIn } from '../../kernel/program.ts';
import { World } from '../../kernel/world.ts';
import { compile } from '../../model/compile.ts';
import { mentionedIn } from '../mentioned.ts';
import { wrap } from '../wrap.ts';
import { CLAIMS, CONSTANTS, SCRATCH, STATE, TYPES, WIDE_REGISTERS } from './defines.ts';
import { lockConstants, type Options, optionsOf } from './fragments.ts';
import { inlinesOf, threadProcess, worldProcess } from './processes.ts';
import type { Lines } from './rows.ts';
import { areasIn, initially, lacksIn, ready, startOptions } from './setup.ts';
import { inline, laidOut } from './text.ts';

/** What of the input has no fragment, or the program. */
export type Promela = { readonly lacks: string } | { readonly text: string };

type Table = Readonly<Record<string, string>>;

export function renderPromela(model: Model, input: Input): Promela {
  const lacks = lacksIn(input);
  if (lacks !== null) return { lacks };
  const program = compile(model);
  const lacking = lackingIn(program, input);
  if (lacking !== null) return { lacks: `the model has no path for ${lacking}` };
  const kernel = ready(program, new World(input));
  const options = optionsOf(model, program, input, kernel.world);
  if ('lacks' in options) return options;
  return { text: new Printer(model, input, kernel, options).print() };
}

class Printer {
  private readonly model: Model;
  private readonly input: Input;
  private readonly kernel: Kernel;
  private readonly lines: Lines;
  private readonly thread: string;
  private readonly inlines: Table;
  /** Names of those that the program needs, each behind those that it needs itself. */
  private readonly needed: readonly string[];
  private readonly registers: ReadonlySet<string>;

  constructor(model: Model, input: Input, kernel: Kernel, options: Options) {
    this.model = model;
    this.input = input;
    this.kernel = kernel;
    this.lines = options.lines;
    this.thread = threadProcess(options.steps);
    const { program, world } = kernel;
    const drafts = inlinesOf(input, world, program.durability, options);
    const used = textOf(drafts, mentionedIn(this.thread, drafts));
    this.registers = registersIn(`${used}${this.thread}`);
    this.inlines = { ...drafts, ...this.frameInlines() };
    this.needed = mentionedIn(`${this.thread} check_mappings deny`, this.inlines);
  }

  /** Those that say what to do with every register. */
  private frameInlines(): Table {
    const { input, kernel, lines, registers } = this;
    const starts = startOptions(input, kernel.world, lines, registers);
    const finished = ':: else -> runnable = runnable & ~(1 << who)';
    const cleared = [...registers].map((name) => `F.${name} = 0`);
    return {
      clear_frame: inline('clear_frame', cleared.join(';\n')),
      start_operation: inline('start_operation', ['if', ...starts, finished, 'fi'].join('\n')),
    };
  }

  print(): string {
    const { model, input, kernel, thread, inlines, needed, registers } = this;
    const constants = { ...CONSTANTS, ...lockConstants(model), ...this.constants() };
    const code = `${textOf(inlines, needed)}\n${thread} lost_wakeup`;
    const claims = Object.fromEntries(Object.keys(CLAIMS).map((name) => [name, '']));
    const all = { ...constants, ...TYPES, ...STATE, ...SCRATCH, ...claims };
    const used = new Set(mentionedIn(code, all));
    const of = (table: Table): string[] => Object.keys(table).filter((name) => used.has(name));
    const declared = (table: Table): string[] => of(table).map((name) => table[name] ?? '');
    const start = initially(kernel, this.lines, used, registers);
    return paragraphs([
      header(model, input, of(CLAIMS)),
      of(constants).map((name) => `#define ${name} ${constants[name]}`),
      [...declared(TYPES), ...frameType(registers)],
      declared(STATE),
      [...declared(SCRATCH), ...of(CLAIMS).map((name) => `hidden byte ${name};`)],
      ...needed.map((name) => [laidOut(inlines[name] ?? '')]),
      [laidOut(thread)],
      [laidOut(worldProcess(input, start))],
    ]);
  }

  private constants(): Table {
    const { world } = this.kernel;
    const areas = areasIn(world);
    const pages = areas * PAGES;
    return {
      THREADS: String(world.threads),
      AREAS: String(areas),
      PTES: String(pages),
      TABLES: String(pages / HUGE_PAGES),
      PAGE_LIMIT: String(world.pageLimit),
      FAULT: String(this.lines.entryOf.get('fault') ?? 0),
    };
  }
}

function registersIn(text: string): ReadonlySet<string> {
  const fields = new Set(Array.from(text.matchAll(/\.(\w+)/g), ([, name]) => name));
  return new Set(REGISTER_NAMES.filter((name) => fields.has(name)));
}

function textOf(table: Table, names: readonly string[]): string {
  return names.map((name) => table[name] ?? '').join('\n');
}

function paragraphs(all: readonly (readonly string[])[]): string {
  return `${all.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Registers that none of its steps uses are left out. */
function frameType(registers: ReadonlySet<string>): readonly string[] {
  const fields = [...registers].map((name) => `${WIDE_REGISTERS[name] ?? 'byte'} ${name};`);
  return wrap(`typedef Frame { ${fields.join(' ')} };`, '   ');
}

function header(model: Model, input: Input, claims: readonly string[]): readonly string[] {
  const text = [
    ...wrap(`${model.name}: ${model.title}`),
    '',
    ...printInput(input).trimEnd().split('\n'),
    '',
    ...wrap(
      'Every interleaving of it. One atomic sequence is one visible step of the model with the local steps behind it. These are asserted to be false, and nothing else is judged:',
    ),
    ...claims.flatMap((name) => wrap(`  ${name}: ${CLAIMS[name]}`, '    ')),
    '',
    'spin -o2 -a FILE && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c',
    './pan          stops at the first that is true',
    'spin -t FILE   tells which steps lead there: the numbers behind `PC ==`',
    './pan -c0      goes on through every state',
  ];
  return ['/*', ...text.map((line) => ` * ${line}`.trimEnd()), ' */'];
}
