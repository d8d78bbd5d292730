/** The text of a program in C, below its first comment. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { FILE_NAMES, PROCESS_NAMES } from '../../../corpus/vocabulary/names.ts';
import { World } from '../../kernel/world.ts';
import { mentionedIn } from '../mentioned.ts';
import { INCLUDES, LIBRARY } from './library.ts';
import { TWO_PROCESSES } from './library-threads.ts';
import { fd, type Placed, statementOf, threadLetter } from './operations.ts';
import { areasMapped, filesMade } from './setup.ts';

type When = 'before' | 'after';

export class Printer {
  private readonly input: Input;
  private readonly placed: readonly Placed[];
  private readonly prefix: readonly Placed[];
  /** Address spaces in which something runs or is mapped. */
  private readonly processes: readonly number[];

  constructor(input: Input, placed: readonly Placed[], prefix: readonly Placed[]) {
    this.input = input;
    this.placed = placed;
    this.prefix = prefix;
    this.processes = input.setup.processes.flatMap(({ areas }, p) => {
      const isUsed = input.threads.some(({ process }) => process === p);
      return isUsed || areas.some((area) => area !== null) ? [p] : [];
    });
  }

  print(): string {
    const threads = this.input.threads.map((_, thread) => this.threadFunction(thread));
    const code = [...threads, functionOf('int main(int argc, char **argv)', this.main())];
    const library = this.library();
    const bare = Object.entries(library).map(([name, text]) => [name, bareOf(text)] as const);
    const needed = mentionedIn(bareOf(code.join('\n')), Object.fromEntries(bare)).map(
      (name) => library[name] ?? '',
    );
    const isConstant = (text: string): boolean => /^#define .*$/.test(text);
    const constants = needed.filter(isConstant);
    const others = needed.filter((text) => !isConstant(text));
    return `${[INCLUDES, constants.join('\n'), ...others, ...code].join('\n\n')}\n`;
  }

  private get isOne(): boolean {
    return this.processes.length < 2;
  }

  private library(): Readonly<Record<string, string>> {
    const { input } = this;
    const files = input.setup.files.map((_, file) => [fd(file), `static int ${fd(file)};`]);
    return {
      ...LIBRARY,
      ...(this.isOne ? {} : TWO_PROCESSES),
      ...Object.fromEntries(files),
      THREADS: `#define THREADS ${input.threads.length}`,
      LINES: `#define LINES ${new World(input).pageLimit * LINES_PER_PAGE}`,
    };
  }

  private threadFunction(thread: number): string {
    const letter = threadLetter(thread);
    const own = this.placed.filter((one) => one.thread === thread && !this.isBefore(one));
    return functionOf(`static void *thread_${letter}(void *unused)`, [
      `begin("${letter}", ${thread});`,
      ...own.flatMap(statementOf),
      'return unused;',
    ]);
  }

  private isBefore({ thread, index }: Placed): boolean {
    return this.prefix.some((one) => one.thread === thread && one.index === index);
  }

  private main(): readonly string[] {
    const { setup, threads } = this.input;
    return [
      'pthread_t thread[THREADS];',
      ...(this.isOne ? [] : ['pid_t other;']),
      '',
      'if (argc != 2) {',
      '    fprintf(stderr, "usage: %s DIR\\n", argv[0]);',
      '    return 1;',
      '}',
      'must(chdir(argv[1]) == 0, argv[1]);',
      'get_ready();',
      ...filesMade(setup),
      ...(this.isOne ? [] : ['', 'other = part();']),
      ...this.processes.flatMap((p) => this.within(p, areasMapped(setup.processes[p] ?? NO_AREAS))),
      ...this.prefix.flatMap((one) => [
        ...this.within(threads[one.thread]?.process ?? 0, statementOf(one)),
        ...this.met(),
      ]),
      '',
      ...this.tables('before'),
      '',
      ...this.processes.flatMap((p) => this.within(p, this.threadsOf(p))),
      ...this.met(),
      '',
      ...this.tables('after'),
      ...(this.isOne ? [] : this.within(this.processes[0], ['waitpid(other, NULL, 0);'])),
      'return 0;',
    ];
  }

  /** Of a process: it starts them and waits for them. */
  private threadsOf(process: number): readonly string[] {
    const own = this.input.threads.flatMap((one, t) => (one.process === process ? [t] : []));
    return [
      ...own.map((t) => `start(&thread[${t}], thread_${threadLetter(t)});`),
      ...own.map((t) => `pthread_join(thread[${t}], NULL);`),
    ];
  }

  /** What a process does alone; the other one does not wait for it. */
  private within(process: number | undefined, statements: readonly string[]): readonly string[] {
    if (this.isOne || statements.length === 0) return statements;
    const number = this.processes.indexOf(process ?? -1);
    return [`if (process == ${number}) {`, ...statements.map((line) => `    ${line}`), '}'];
  }

  private met(): readonly string[] {
    return this.isOne ? [] : ['meet();'];
  }

  /** The first process says what files hold, and tells a module which inode is meant; each what its own areas show. */
  private tables(when: When): readonly string[] {
    const { files } = this.input.setup;
    const mayFault = when === 'after' ? 1 : 0;
    return this.processes.flatMap((p, i) => {
      const shown = files.flatMap((_, file) => {
        const name = `"${when}", "${FILE_NAMES[file]}", ${fd(file)}`;
        const areas = `show_areas(${name}, "${PROCESS_NAMES[p]}", ${mayFault});`;
        return i === 0 ? [`show_file(${name});`, areas] : [areas];
      });
      const isTold = i === 0 && when === 'before' && files.length > 0;
      return [
        ...this.within(p, [...shown, ...(isTold ? ['tell_gate(fd_A);'] : [])]),
        ...this.met(),
      ];
    });
  }
}

const NO_AREAS = { areas: [] };

/** Without strings and comments, whose words name nothing. */
function bareOf(c: string): string {
  return c.replace(/"(?:[^"\\]|\\.)*"|\/\*[\s\S]*?\*\//g, '');
}

function functionOf(head: string, statements: readonly string[]): string {
  const body = statements.map((line) => (line === '' ? '' : `    ${line}`));
  return [head, '{', ...body, '}'].join('\n');
}
