/** The head of a model's text: a line a fact, its keyword first. */
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { LOCK_CLASSES } from '../kernel/locks.ts';
import { readCondition } from './body.ts';
import type { Line } from './lines.ts';
import type { Report } from './report.ts';
import type { Chosen, Condition, NeedLine, Source, Toggle, Word } from './source.ts';
import { NAME, REFERENCE_WORD, Words } from './words.ts';

/** Before what counts only with some toggles: `finds B33 B34 for policy=new`. */
const FOR = / for (?=[a-z0-9][a-z0-9_.-]*\s*=)/;
const NEED = /^(?<steps>[^:]+): (?<lock>.+) (?<mode>[RW]) because (?<source>.+)$/;

/** A source that is read line by line. */
export type Draft = {
  -readonly [Key in keyof Source]: Source[Key] extends readonly (infer T)[] ? T[] : Source[Key];
};

export function emptyDraft(file: string): Draft {
  const nowhere = { file, line: 1, column: 1 };
  const none = { title: null, comment: null, kernel: null, extends: null, needsNothing: false };
  const lists = {
    from: [],
    locks: [],
    ownLocks: [],
    toggles: [],
    sets: [],
    owes: [],
    order: [],
    needs: [],
  };
  const more = { finds: [], clean: [], lacks: [], paths: [], parts: [], edits: [] };
  return { file, name: { text: '', spot: nowhere }, ...none, ...lists, ...more };
}

type HeadReader = (words: Words, when: Condition, draft: Draft) => void;

/** Between rows of the catalogue. */
const ROWS = /[\s,]+/;

const HEAD: Readonly<Record<string, HeadReader>> = {
  name: (words, _, draft) => {
    if (draft.name.text !== '') throw words.refusal('the name is given twice');
    draft.name = words.take(REFERENCE_WORD, 'a name of a-z, 0-9, dots and dashes');
  },
  extends: (words, _, draft) => {
    if (draft.extends !== null) {
      const { text, spot } = draft.extends;
      const before = `line ${spot.line} has \`extends ${printable(text)}\``;
      throw words.refusal(`a model extends one other, and ${before}: leave one out`);
    }
    draft.extends = filled(words, 'the model that this one changes');
  },
  title: once('title'),
  comment: once('comment'),
  kernel: once('kernel'),
  from: (words, _, draft) => draft.from.push(filled(words, 'where the paths were read').text),
  lock: readLock,
  toggle: readToggle,
  set: (words, _, draft) => {
    const toggle = words.take(REFERENCE_WORD, 'a toggle of this model');
    if (draft.sets.some((other) => other.toggle.text === toggle.text)) {
      throw words.refusal(`${toggle.text} is set twice`, toggle.spot);
    }
    words.need('=');
    draft.sets.push({ toggle, value: words.take(REFERENCE_WORD, 'a value of the toggle') });
  },
  owes: (words, when, draft) => draft.owes.push(...chosenWords(words, when, /\s*,\s*/)),
  order: (words, when, draft) => draft.order.push(...chosenWords(words, when, null)),
  needs: readNeed,
  lacks: (words, when, draft) => {
    const lacks = chosenWords(words, when, /\s*,\s*/);
    draft.lacks.push(...lacks.map(({ value }) => value));
  },
  finds: (words, when, draft) => draft.finds.push(...chosenWords(words, when, ROWS)),
  clean: (words, when, draft) => draft.clean.push(...chosenWords(words, when, ROWS)),
};

export function readHead(line: Line, when: Condition, draft: Draft, report: Report): void {
  const words = new Words(line, report);
  const keyword = /^\S+/.exec(line.text)?.[0] ?? '';
  const read = Object.hasOwn(HEAD, keyword) ? HEAD[keyword] : undefined;
  if (read === undefined) {
    const known = [...Object.keys(HEAD), 'in', 'for', 'part'];
    const said = `"${printable(keyword)}" begins no line of a model`;
    throw words.refusal(`${said}${nearestHint(keyword, known)}; a path ends with a colon`);
  }
  words.skip(keyword);
  read(words, when, draft);
  words.end();
}

function once(field: 'title' | 'comment' | 'kernel'): HeadReader {
  return (words, _, draft) => {
    if (draft[field] !== null) throw words.refusal(`the ${field} is given twice`);
    draft[field] = filled(words, `the ${field}`).text;
  };
}

/** A `#` that begins no comment is written `\\#`. */
function filled(words: Words, expected: string): Word {
  if (words.isAtEnd) return words.expected(expected);
  const { text, spot } = words.rest();
  return { text: text.replaceAll('\\#', '#'), spot };
}

const CLASSES: readonly string[] = LOCK_CLASSES.map(({ id }) => id);
const PER: readonly string[] = ['file', 'mm', 'none'];

function readLock(words: Words, _when: Condition, draft: Draft): void {
  if (words.skip('new')) {
    const name = words.take(NAME, 'the name of the lock');
    words.need('rwsem', '"rwsem", the one kind of which a model can have locks of its own');
    words.need('per', '"per file", "per mm" or "per none"');
    const per = words.take(NAME, 'file, mm or none');
    if (!PER.includes(per.text)) throw words.refusal('is not file, mm or none', per.spot);
    draft.ownLocks.push({ name, per });
    return;
  }
  const lock = words.take(NAME, 'a class of locks');
  if (!CLASSES.includes(lock.text)) {
    const what = `there is no class of locks "${lock.text}"${nearestHint(lock.text, CLASSES)}`;
    throw words.refusal(
      `${what}; one of your own is \`lock new ${lock.text} rwsem per file\``,
      lock.spot,
    );
  }
  draft.locks.push({ lock, name: filled(words, 'what this file system calls it').text });
}

function readToggle(words: Words, _when: Condition, draft: Draft): void {
  const name = words.take(REFERENCE_WORD, 'the name of the toggle');
  words.need('=');
  const values: Word[] = [];
  do values.push(words.take(REFERENCE_WORD, 'a value of a-z, 0-9, dots and dashes'));
  while (words.skip('|'));
  const again = values.find((one, i) => values.slice(0, i).some(({ text }) => text === one.text));
  if (again !== undefined) throw words.refusal(`${again.text} is there twice`, again.spot);
  const toggle: Toggle = { name, values };
  if (draft.toggles.some((other) => other.name.text === name.text)) {
    throw words.refusal('is declared twice', name.spot);
  }
  draft.toggles.push(toggle);
}

function readNeed(words: Words, when: Condition, draft: Draft): void {
  const { spot, text } = filled(words, 'what is needed');
  if (text === 'nothing') {
    draft.needsNothing = true;
    return;
  }
  const parts = NEED.exec(text)?.groups;
  if (parts === undefined) {
    throw words.refusal('expected `STEP, STEP: LOCK R because SOURCE`, or W', spot);
  }
  const { steps = '', lock = '', mode, source = '' } = parts;
  const need: NeedLine = {
    steps: wordsOf(steps, spot, /\s*,\s*/),
    lock: { text: lock, spot: { ...spot, column: spot.column + steps.length + 2 } },
    mode: mode === 'W' ? 'W' : 'R',
    source,
  };
  draft.needs.push({ when, value: need });
}

/** @param between what stands between words; null for a text that is one */
function chosenWords(
  words: Words,
  when: Condition,
  between: RegExp | null,
): readonly Chosen<Word>[] {
  const { text, spot } = filled(words, 'something');
  const at = FOR.exec(text)?.index ?? text.length;
  const said = text.slice(0, at);
  const start = at + ' for '.length;
  const there = { ...spot, column: spot.column + start };
  const choices = at === text.length ? [] : conditionOf(text.slice(start), there, words);
  const all = between === null ? [{ text: said, spot }] : wordsOf(said, spot, between);
  return all.map((value) => ({ when: [...when, ...choices], value }));
}

function conditionOf(text: string, spot: Word['spot'], { report }: Words): Condition {
  const words = new Words({ text, spot, children: [] }, report);
  const choices = readCondition(words);
  words.end();
  return choices;
}

function wordsOf(text: string, spot: Word['spot'], between: RegExp): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  for (const word of text.split(between)) {
    const start = text.indexOf(word, at);
    words.push({ text: word, spot: { ...spot, column: spot.column + start } });
    at = start + word.length;
  }
  return words.filter((word) => word.text !== '');
}
