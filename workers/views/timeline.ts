/**
 * A run as a picture: a lane a thread, time downwards, a bar for each lock that is held, a dashed one where a thread
 * sleeps, the two steps that decide. Pure.
 */
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import type { Story, StoryStep } from './story.ts';
import { COLOURS, element, picture, type Svg } from './svg.ts';
import { wrap } from './wrap.ts';

const ROW = 18;
const MARGIN = 12;
const NUMBER_WIDTH = 34;
/** Of one bar, and of all that a lane has. */
const BAR = 9;
const CHARACTER = 7.25;
/** Characters of a step's text; a longer one is cut. */
const TEXT_MAX = 46;
const LINE_MAX = 104;

/** A lock that a thread holds, from one row to another. */
interface Bar {
  readonly thread: number;
  readonly slot: number;
  readonly name: string;
  readonly mode: string;
  readonly from: number;
  readonly to: number;
}

/** A thread that sleeps on a lock, and who holds it when it falls asleep. */
interface Wait {
  readonly thread: number;
  readonly from: number;
  readonly to: number;
  readonly holder: number | null;
}

/** @param title what the finding is called */
export function renderTimeline(story: Story, title: string): Svg {
  const said = [title, ...story.sentences].flatMap((text) => wrap(text, '  ', LINE_MAX));
  const bars = barsOf(story);
  const slots = story.threads.map((_, t) =>
    Math.max(1, ...bars.filter(({ thread }) => thread === t).map(({ slot }) => slot + 1)),
  );
  const lanes = lanesOf(story, slots);
  const top = MARGIN + ROW * (said.length + 1);
  const first = top + ROW * headRows(story);
  const y = (row: number): number => first + ROW * row;
  const names = [...new Set(bars.map(({ name }) => name))];
  const rows = rowsOf(story);
  const end = y(rows.at(-1)?.until ?? 0);
  const width = Math.max(lanes.width, MARGIN * 2 + CHARACTER * LINE_MAX);
  const height = end + ROW * (Math.ceil(names.length / 3) + 3) + MARGIN;
  return picture(width, height, title, story.sentences.join(' '), [
    ...said.map((text, i) =>
      line(MARGIN, MARGIN + ROW * (i + 0.7), text, i === 0 ? 'head' : undefined),
    ),
    ...heads(story, lanes.begins, top),
    ...rows.flatMap((row) => rowMarks(row, lanes, y(row.at))),
    ...bars.map((bar) => barMark(bar, rows, lanes, y, names)),
    ...waitsOf(story).flatMap((wait) => waitMarks(wait, rows, lanes, y)),
    ...pairMark(story, rows, lanes, y),
    ...names.map((name, i) => legend(name, i, end + ROW)),
    line(
      MARGIN,
      height - MARGIN,
      'filled: held exclusively; outline: shared; dashed: sleeps',
      'quiet',
    ),
  ]);
}

// ---- where things stand -----------------------------------------------------------------------------------

interface Lanes {
  /** Where bars of a lane begin, and where its texts do. */
  readonly begins: readonly number[];
  readonly texts: readonly number[];
  readonly width: number;
}

function lanesOf({ steps, threads }: Story, slots: readonly number[]): Lanes {
  const begins: number[] = [];
  const texts: number[] = [];
  let x = MARGIN + NUMBER_WIDTH;
  threads.forEach(({ ops }, t) => {
    begins.push(x);
    texts.push(x + BAR * (slots[t] ?? 1) + 6);
    const own = steps.filter(({ thread }) => thread === t).map(({ text }) => text.length);
    const longest = Math.max(18, ...own, ...ops.map((op) => op.length + 4));
    x = (texts[t] ?? 0) + CHARACTER * Math.min(longest, TEXT_MAX) + 16;
  });
  return { begins, texts, width: x + MARGIN };
}

/** A step, its place in the picture, and the rows below it that say what goes wrong. */
interface Row {
  readonly step: StoryStep;
  readonly number: number;
  readonly at: number;
  readonly until: number;
  /** What begins with it: the text of an operation that is not its thread's first. */
  readonly begins: string | null;
}

function rowsOf({ steps, threads }: Story): readonly Row[] {
  const now = threads.map(() => 0);
  let at = 0;
  return steps.map((step, i) => {
    const begins = step.op === now[step.thread] ? null : (threads[step.thread]?.ops[step.op] ?? '');
    now[step.thread] = step.op;
    at += begins === null ? 0 : 1;
    const row = { step, number: i + 1, at, until: at + 1 + step.violations.length, begins };
    at = row.until;
    return row;
  });
}

function headRows({ threads }: Story): number {
  return threads.length === 0 ? 0 : 2;
}

/** A bar from the row after whose step it is held to the one whose step drops it. */
function barsOf({ scenes, threads }: Story): readonly Bar[] {
  const bars: Bar[] = [];
  threads.forEach((_, thread) => {
    const open = new Map<string, Omit<Bar, 'to'>>();
    scenes.forEach((scene, row) => {
      const held = new Map(scene.threads[thread]?.held.map(({ name, mode }) => [name, mode ?? '']));
      for (const [name, bar] of open) {
        if (held.get(name) === bar.mode) continue;
        open.delete(name);
        bars.push({ ...bar, to: row });
      }
      for (const [name, mode] of held) {
        if (open.has(name)) continue;
        const used = new Set([...open.values()].map(({ slot }) => slot));
        let slot = 0;
        while (used.has(slot)) slot++;
        open.set(name, { thread, slot, name, mode, from: row });
      }
    });
    for (const bar of open.values()) bars.push({ ...bar, to: scenes.length });
  });
  return bars;
}

function waitsOf({ scenes, threads }: Story): readonly Wait[] {
  return threads.flatMap((_, thread) => {
    const waits: Wait[] = [];
    let from = -1;
    scenes.forEach((scene, row) => {
      const lock = scene.threads[thread]?.waitsFor ?? null;
      if (lock !== null && from < 0) from = row;
      if (from < 0 || (lock !== null && row < scenes.length - 1)) return;
      const asked = scenes[from]?.threads[thread]?.waitsFor;
      const holder = scenes[from]?.threads.findIndex(
        ({ held }, t) => t !== thread && held.some(({ name }) => name === asked),
      );
      waits.push({ thread, from, to: row, holder: holder === -1 ? null : (holder ?? null) });
      from = -1;
    });
    return waits;
  });
}

// ---- what is drawn ----------------------------------------------------------------------------------------

function line(x: number, y: number, text: string, kind?: string): Svg {
  return element('text', { x, y, class: kind }, text);
}

function heads({ threads }: Story, begins: readonly number[], top: number): readonly Svg[] {
  return threads.flatMap(({ name, process, ops }, t) => [
    line(begins[t] ?? 0, top + ROW * 0.7, `${name} in ${process}`, 'head'),
    line(begins[t] ?? 0, top + ROW * 1.7, cut(ops[0] ?? ''), 'quiet'),
  ]);
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 3)}...`;
}

function rowMarks({ step, number, begins }: Row, lanes: Lanes, y: number): readonly Svg[] {
  const { thread, text, isDeciding, violations } = step;
  const x = lanes.texts[thread] ?? 0;
  const width = lanes.width - 2 * MARGIN;
  const kind = violations.length > 0 ? 'guilty' : isDeciding ? 'pair' : null;
  return [
    ...(begins === null ? [] : [line(x, y - ROW * 0.3, cut(begins), 'quiet')]),
    ...(kind === null
      ? []
      : [element('rect', { class: kind, x: MARGIN, y, width, height: ROW - 1 })]),
    line(MARGIN, y + ROW * 0.7, String(number), 'quiet'),
    line(x, y + ROW * 0.7, cut(text), isDeciding ? 'head' : undefined),
    ...violations.map(({ class: symptom }, i) =>
      line(x, y + ROW * (i + 1.7), `^ ${VIOLATION_CLASSES[symptom].title}`, 'bad'),
    ),
  ];
}

type RowToY = (row: number) => number;

/** Where a scene begins: under the row of its step. */
function below(rows: readonly Row[], scene: number): number {
  return rows[scene - 1]?.at ?? 0;
}

function barMark(
  { thread, slot, name, mode, from, to }: Bar,
  rows: readonly Row[],
  { begins }: Lanes,
  y: RowToY,
  names: readonly string[],
): Svg {
  const x = (begins[thread] ?? 0) + BAR * slot;
  const top = y(below(rows, from)) + (from === 0 ? 0 : 3);
  const bottom = Math.max(
    top + 6,
    y(to > rows.length ? (rows.at(-1)?.until ?? 0) : below(rows, to)) + ROW - 6,
  );
  const colour = COLOURS[names.indexOf(name) % COLOURS.length];
  const shape = { x, y: top, width: BAR - 3, height: bottom - top, rx: 2 };
  // Exclusively: filled; shared: an outline.
  const paint =
    mode === 'R'
      ? { fill: 'none', stroke: colour, 'stroke-width': 1.5 }
      : { fill: colour, stroke: colour, 'stroke-width': 1.5 };
  return element('rect', { ...shape, ...paint }, [
    element('title', {}, `${name}${mode === '' ? '' : mode === 'R' ? ', shared' : ', exclusive'}`),
  ]);
}

function waitMarks(
  { thread, from, to, holder }: Wait,
  rows: readonly Row[],
  { begins }: Lanes,
  y: RowToY,
): readonly Svg[] {
  const x = (begins[thread] ?? 0) - 6;
  // Under the text of the step that falls asleep.
  const top = y(below(rows, from)) + ROW - 2;
  const bottom = Math.max(top + ROW / 2, y(below(rows, to)) + ROW / 2);
  const sleep = element('path', { class: 'wait', d: `M${x} ${top}V${bottom}` });
  if (holder === null) return [sleep];
  const there = (begins[holder] ?? 0) - (holder > thread ? 6 : -BAR);
  const tip = holder > thread ? -5 : 5;
  return [
    sleep,
    element('path', {
      class: 'wait',
      d: `M${x} ${top}H${there}m${tip} -4L${there} ${top}l${tip} 4`,
    }),
  ];
}

/** From the first of the deciding steps to the second. */
function pairMark({ pair }: Story, rows: readonly Row[], lanes: Lanes, y: RowToY): readonly Svg[] {
  if (pair === null) return [];
  const [from, to] = [...pair]
    .sort((a, b) => a - b)
    .map((step) => y(rows[step - 1]?.at ?? 0) + ROW / 2);
  const x = lanes.width - MARGIN + 4;
  return [element('path', { class: 'pairline', d: `M${x - 8} ${from}h8V${to}h-8m5 -4l-5 4l5 4` })];
}

function legend(name: string, i: number, top: number): Svg {
  const x = MARGIN + (i % 3) * 260;
  const y = top + ROW * Math.floor(i / 3);
  const colour = COLOURS[i % COLOURS.length];
  return element('g', {}, [
    element('rect', { x, y: y + 3, width: BAR - 3, height: ROW - 8, rx: 2, fill: colour }),
    line(x + BAR + 4, y + ROW * 0.7, name),
  ]);
}
