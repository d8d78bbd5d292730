/** For each rule of the linter: texts that break it, and texts that only look so. */

interface Twins {
  /** The linter's name of the rule, or the message where it is one of the house. */
  readonly rules: readonly string[];
  /** Where the texts stand. */
  readonly folder: string;
  readonly planted: readonly string[];
  readonly clean: readonly string[];
}

const GLOBALS = 'noRestrictedGlobals';
const WAITS = 'A pure room does not wait.';

export const TWINS: Readonly<Record<string, Twins>> = {
  'no default export': {
    rules: ['noDefaultExport'],
    folder: 'corpus/disk',
    planted: ['export default 1;', 'const x = 1;\nexport { x as default };'],
    clean: ["const a = { default: 1 }; // export default\nconst b = 'export default';"],
  },
  'no enum': {
    rules: ['noEnum', 'noConstEnum'],
    folder: 'corpus/disk',
    planted: ['enum Mode { read }', 'export const enum Mode { read }'],
    clean: ['const enumerate = 1; x.enum; // enum Mode {}'],
  },
  'no namespace': {
    rules: ['noNamespace', 'No namespace: a module is a file.'],
    folder: 'corpus/disk',
    planted: ['namespace A { }', "declare module 'x' { }"],
    clean: ["const namespace = 1; import type * as module from './m.ts';"],
  },
  'no import that the rules of imports do not see': {
    rules: ['Types are imported by a statement.'],
    folder: 'corpus/disk',
    planted: ["type A = import('../store/a.ts').A;", "let a: typeof import('../store/a.ts');"],
    clean: ["import type { A } from './a.ts';\nconst a = await import('./a.ts');"],
  },
  'no any': {
    rules: ['noExplicitAny'],
    folder: 'corpus/disk',
    planted: [
      'let a: any;',
      'f(x as any)',
      'let a: Map<string, any>;',
      'let a: any[] = [];',
      'type A = string | any;',
      'const f = (): any => 1;',
    ],
    clean: [
      'const any = 1; list.any(x); f(any, 1); // let a: any\nconst s = ": any"; g({ any: 1 });',
    ],
  },
  'no non-null assertion': {
    rules: ['noNonNullAssertion', 'No non-null assertion: give it a value.'],
    folder: 'corpus/disk',
    planted: [
      'a!.b',
      'f()!',
      'list[0]!.x',
      'class A { x!: number; }',
      'let x!: number;',
      '`${a!}`',
    ],
    clean: ["if (a !== b && !c) d = a != b; const s = 'a!'; // b!\nconst r = /a!/; f(!a);"],
  },
  'no test left out': {
    rules: ['noSkippedTests', 'noFocusedTests', 'No test is left out.'],
    folder: 'test/spin',
    planted: [
      "test.skip('x', f);",
      "it.todo('x');",
      "describe.only('x', f);",
      "test('x', { skip: true }, f);",
    ],
    clean: ["t.skip('no server'); // test.only\ntest('x', { skip: reason }, f);"],
  },
  'a file is short': {
    rules: ['noExcessiveLinesPerFile'],
    folder: 'corpus/disk',
    planted: ['a;\n'.repeat(401)],
    clean: ['a;\n'.repeat(400)],
  },
  'a function is short': {
    rules: ['noExcessiveLinesPerFunction', 'A getter or setter has at most 70 lines.'],
    folder: 'corpus/disk',
    planted: [
      `function f<T extends { a: 1 }>(a: T, b = { c: 1 }): { d: number } | 'x' {${long(69)}}`,
      `class A {\n  run(a: string): asserts a is 'b' {${long(69)}}\n}`,
      `class A {\n  constructor() {${long(69)}}\n}`,
      `class A {\n  get a(): number {${long(69)}}\n}`,
      `const o = {\n  set a(b) {${long(69)}},\n};`,
      `const f = async (a: { b: 1 }): Promise<void> => {${long(69)}};`,
      `const f = function () {${long(69)}};`,
      `const o = {\n  f(): readonly string[] {${long(69)}},\n};`,
    ],
    clean: [
      `function f(): { d: number } {${long(68)}}\nconst o = {\n${'  a,\n'.repeat(99)}};`,
      `if (a) {${long(99)}}`,
      `function f(a: string): void;\nconst o = {\n${'  a,\n'.repeat(99)}};`,
    ],
  },
  'a pure room has no clock, no chance and no process': {
    rules: [GLOBALS, 'noJsRestrictedProperties'],
    folder: 'workers/run',
    planted: [
      'const a = new Date();',
      'let a: Date;',
      'Math.random()',
      'const { random } = Math;',
      'process.env',
      'process?.exit(1)',
      'console.log(1)',
      'let p: Promise<void>;',
      'setTimeout(f, 1)',
      'globalThis.x',
      'performance.now()',
      '`${process.pid}`',
      'crypto.randomUUID()',
    ],
    clean: [
      "let a = thread.process; const process = setup.processes[0]; process.areas; // Date\nf('await'); x.console; ({ process: 1, async: 2 }); Math.imul(1, 2);",
    ],
  },
  'a pure room does not wait': {
    rules: [WAITS],
    folder: 'workers/run',
    planted: [
      'async function f() {}',
      'const f = async () => 1;',
      'const f = async function* () {};',
      'class A { static async f() {} }',
      'const o = { async f() {} };',
      'for (;;) await f();',
      'for await (const a of b) f(a);',
    ],
    clean: ['const async = 1; f(async); function* g() {} class A { async: 1 = 1; }'],
  },
};

/** What the rooms that are not pure may use. */
export const IMPURE_RULES = [GLOBALS, 'noJsRestrictedProperties', WAITS];

/** So many lines of a body. */
function long(lines: number): string {
  return `\n${'  a;\n'.repeat(lines)}`;
}
