/**
 * Bodies of paths: one statement a line, or several with commas between. A line that ends with a colon has its body
 * below it, indented; what follows a colon on the line is the body as well.
 */
import { type Line, NESTING_MAX } from './lines.ts';
import type { Report } from './report.ts';
import type { Body, Choice, Condition, Item, Taken, Test } from './source.ts';
import { NAME, REFERENCE_WORD, readEach, Words } from './words.ts';

const STATEMENT =
  'a step, a part, path() or one of if, unless, while, block, with, for, leave, retry, nothing';
/** What the visible step before it has answered. */
const ANSWERS = [
  ['then', 'answerIsYes'],
  ['else', 'answerIsNo'],
] as const;

function readBody(lines: readonly Line[], report: Report): Body {
  const items: Item[] = [];
  readEach(lines, (line) => {
    const reader = new LineReader(line, report);
    const last = items.at(-1);
    if (reader.isElse()) {
      if (last?.kind !== 'if' || last.no.length > 0)
        throw reader.words.refusal('`else` without an `if` before it');
      items[items.length - 1] = { ...last, no: reader.body() };
    } else items.push(...reader.statements());
    reader.end();
    return [];
  });
  return items;
}

/** One line and what is indented below it. */
export class LineReader {
  readonly words: Words;
  private readonly line: Line;
  private readonly report: Report;
  private isBodyRead = false;
  private depth = 0;

  constructor(line: Line, report: Report) {
    this.line = line;
    this.report = report;
    this.words = new Words(line, report);
  }

  isElse(): boolean {
    return /^else\s*:/.test(this.line.text) && this.words.skip('else');
  }

  /** Behind the head of a block: a colon, then its body. */
  body(): Body {
    this.words.need(':', 'a colon');
    if (!this.words.isAtEnd) return this.statements();
    return this.below();
  }

  /** On the rest of the line, or below it behind a colon. */
  bodyOrStatements(): Body {
    return this.words.skip(':')
      ? this.words.isAtEnd
        ? this.below()
        : this.statements()
      : this.statements();
  }

  statements(): Body {
    this.depth += 1;
    if (this.depth > NESTING_MAX)
      throw this.words.refusal(`is nested deeper than ${NESTING_MAX} on one line`);
    const body = this.listed();
    this.depth -= 1;
    return body;
  }

  private listed(): Body {
    const { words } = this;
    const items: Item[] = [];
    for (;;) {
      items.push(...this.item());
      if (words.isAtEnd) return items;
      words.need(',', 'a comma or the end of the line');
      const spot = words.spot();
      const answer = ANSWERS.find(([word]) => words.skip(word));
      if (answer === undefined) continue;
      const last = items.at(-1);
      if (last?.kind !== 'step') {
        throw words.refusal(`\`${answer[0]}\` follows a step that answers yes or no`, spot);
      }
      if (answer[0] === 'else' && this.depth > 1 && words.isNext(':')) {
        throw words.refusal(
          'on one line it could be of the `if`: put it on a line of its own',
          spot,
        );
      }
      const test = { name: { text: answer[1], spot }, argument: null, isNot: false };
      const yes = this.bodyOrStatements();
      return [...items, { kind: 'if', tests: [test], yes, no: [], asked: last.name }];
    }
  }

  /** @throws Unread if something is left */
  end(): void {
    this.words.end();
    const [first] = this.line.children;
    if (this.isBodyRead || first === undefined) return;
    throw this.words.refusal(
      'is indented, and the line above does not end with a colon',
      first.spot,
    );
  }

  private below(): Body {
    this.isBodyRead = true;
    const { children } = this.line;
    if (children.length === 0)
      this.words.expected('a body, on this line or indented below it (`nothing` if it is empty)');
    return readBody(children, this.report);
  }

  private item(): readonly Item[] {
    const { words } = this;
    if (words.skip('nothing')) return [];
    if (words.skip('if')) return [this.branch(readTests(words))];
    if (words.skip('unless')) return [this.branch([{ ...readTest(words), isNot: true }])];
    if (words.skip('while')) {
      const test = readTest(words);
      if (test.isNot) throw words.refusal('`while` takes a test without `not`', test.name.spot);
      return [{ kind: 'while', test, body: this.body() }];
    }
    if (words.skip('block'))
      return [
        { kind: 'block', name: words.take(NAME, 'the name of the block'), body: this.body() },
      ];
    if (words.skip('with')) return [{ kind: 'with', taken: readTaken(words), body: this.body() }];
    if (words.skip('for')) return [{ kind: 'for', when: readCondition(words), body: this.body() }];
    for (const kind of ['leave', 'retry'] as const) {
      if (words.skip(kind))
        return [{ kind, name: words.take(NAME, 'the name of a block around it') }];
    }
    const name = words.take(NAME, STATEMENT);
    const argument = words.argument();
    if (argument !== null && argument.word === null) return [{ kind: 'call', name }];
    return [{ kind: 'step', name, argument: argument?.word ?? null }];
  }

  private branch(tests: readonly Test[]): Item {
    return { kind: 'if', tests, yes: this.body(), no: [], asked: null };
  }
}

function readTests(words: Words): readonly Test[] {
  const tests = [readTest(words)];
  while (words.skip('and')) tests.push(readTest(words));
  if (words.skip('or'))
    throw words.refusal('tests are joined by `and` alone: write an `if` for each');
  return tests;
}

export function readTest(words: Words): Test {
  if (words.isNext('!')) throw words.refusal('`!` is written `not`, or `unless` for `if not`');
  if (words.isNext('(')) throw words.refusal('a test stands without brackets: `if isWrite:`');
  const isNot = words.skip('not');
  const name = words.take(NAME, 'a test');
  return { name, argument: words.argument()?.word ?? null, isNot };
}

/** `down_write(i_mmap_sem)`, `lockRange(page)`, `journal`, `freeze`. */
export function readTaken(words: Words): Taken {
  const name = words.take(
    NAME,
    'down_write(LOCK), down_read(LOCK), lockRange(RANGE), journal or freeze',
  );
  return { name, lock: words.argument()?.word ?? null };
}

/** `policy=new|unwritten, wake=one` */
export function readCondition(words: Words): Condition {
  const choices: Choice[] = [];
  do {
    const toggle = words.take(REFERENCE_WORD, 'a toggle');
    words.need('=');
    const values = [words.take(REFERENCE_WORD, 'a value of the toggle')];
    while (words.skip('|')) values.push(words.take(REFERENCE_WORD, 'a value of the toggle'));
    choices.push({ toggle, values });
  } while (words.skip(','));
  return choices;
}
