/**
 * The JSON of an input, derived from the same data as its text and read back strictly.
 */
import { unreachable } from './assert.ts';
import { fail } from './errors.ts';
import type { AreaSetup, FileSetup, Input, ProcessSetup, Switch, ThreadOps } from './input.ts';
import { isJsonObject } from './json.ts';
import { fieldsOf, invalid, type JsonPart, JsonReport, listOf } from './json-parts.ts';
import type { JsonPath, SpotOf } from './json-text.ts';
import { nearestHint } from './nearest.ts';
import {
  type AreaOffset,
  isRequired,
  makeOp,
  OP_KINDS,
  OPERATIONS,
  type Op,
  type OpKind,
  PAGE_STATES,
  SHARINGS,
} from './ops.ts';
import { canonicalInput } from './text.ts';
import { findProblems, type Place, type Problem, placeName } from './validate.ts';

const FORMAT = 'faultline input';
const VERSION = 1;

export interface InputJson extends Input {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
}

export function inputToJson(input: Input): InputJson {
  const { setup, threads, schedule } = canonicalInput(input);
  return { format: FORMAT, version: VERSION, setup, threads, schedule };
}

/**
 * Refuses unknown and missing fields, all at once.
 * @param read where its values stand, if it was read from a text, and where it stands in there
 * @param judge what is wrong with it once it has the right fields
 */
export function inputFromJson(
  value: unknown,
  fileName = 'json',
  read: { readonly spotOf: SpotOf; readonly base: JsonPath } | null = null,
  judge: (input: Input) => readonly Problem[] = findProblems,
): Input {
  const base = read?.base ?? [];
  const spotOf = read?.spotOf ?? null;
  const source = { code: 'INPUT_INVALID', file: fileName, title: 'input', spotOf, base } as const;
  const report = new JsonReport(source);
  const root: JsonPart = { report, path: [], value };
  checkVersion(root);
  const field = fieldsOf(root, ['format', 'version', 'setup', 'threads', 'schedule']);
  choiceFrom(field('format'), [FORMAT]);
  const setup = fieldsOf(field('setup'), ['files', 'processes']);
  const schedule = fieldsOf(field('schedule'), ['first', 'switches']);
  const input: Input = {
    setup: {
      files: listOf(setup('files')).map(fileFrom),
      processes: listOf(setup('processes')).map(processFrom),
    },
    threads: listOf(field('threads')).map(threadFrom),
    schedule: {
      first: numberFrom(schedule('first')),
      switches: listOf(schedule('switches')).map(switchFrom),
    },
  };
  // Unreadable values have defaults by now, so bounds are checked only where there are none.
  report.end();
  for (const { place, what } of judge(input)) {
    report.addAt(pathOf(place), placeName(place), what);
  }
  report.end();
  return canonicalInput(input);
}

/** Where a part of an input stands in its JSON. */
export function pathOf(place: Place): JsonPath {
  switch (place.kind) {
    case 'input':
      return [];
    case 'file':
      return ['setup', 'files', place.file];
    case 'process':
      return ['setup', 'processes', place.process];
    case 'thread':
      return ['threads', place.thread];
    case 'op':
      return ['threads', place.thread, 'ops', place.op];
    case 'first':
      return ['schedule', 'first'];
    case 'switch':
      return ['schedule', 'switches', place.index];
    default:
      return unreachable(place);
  }
}

function numberFrom(part: JsonPart | null): number {
  if (typeof part?.value === 'number') return part.value;
  if (part !== null) invalid(part, 'is not a number');
  return 0;
}

function choiceFrom<T extends string>(
  part: JsonPart | null,
  choices: readonly [T, ...(readonly T[])],
): T {
  const choice = choices.find((one) => one === part?.value);
  if (choice === undefined && part !== null) invalid(part, `is not ${choices.join(' or ')}`);
  return choice ?? choices[0];
}

/** Checked first: this build cannot say what is wrong in a newer form. */
function checkVersion({ report, value }: JsonPart): void {
  if (!isJsonObject(value) || !Object.hasOwn(value, 'version')) return;
  const part = { report, path: ['version'], value: value.version };
  const found = numberFrom(part);
  if (found === VERSION) return;
  if (!Number.isSafeInteger(found) || found < VERSION) invalid(part, 'is not a version');
  else {
    const facts = { found: `input ${found}`, known: `input ${VERSION}` };
    throw fail('FORMAT_NEWER', { file: report.source.file, ...facts });
  }
}

function fileFrom(part: JsonPart): FileSetup {
  const field = fieldsOf(part, ['size', 'pages']);
  const pages = listOf(field('pages')).map((page) => choiceFrom(page, PAGE_STATES));
  return { size: numberFrom(field('size')), pages };
}

function processFrom(part: JsonPart): ProcessSetup {
  const areas = listOf(fieldsOf(part, ['areas'])('areas'));
  return { areas: areas.map((one) => (one.value === null ? null : areaFrom(one))) };
}

function areaFrom(part: JsonPart): AreaSetup {
  const field = fieldsOf(part, ['file', 'offset', 'length', 'sharing']);
  return {
    file: numberFrom(field('file')),
    offset: numberFrom(field('offset')),
    length: numberFrom(field('length')),
    sharing: choiceFrom(field('sharing'), SHARINGS),
  };
}

function threadFrom(part: JsonPart): ThreadOps {
  const field = fieldsOf(part, ['process', 'ops']);
  return { process: numberFrom(field('process')), ops: listOf(field('ops')).map(opFrom) };
}

function switchFrom(part: JsonPart): Switch {
  const field = fieldsOf(part, ['thread', 'op', 'label', 'occurrence', 'to']);
  const label = field('label');
  if (label !== null && typeof label.value !== 'string') invalid(label, 'is not a text');
  return {
    thread: numberFrom(field('thread')),
    op: numberFrom(field('op')),
    label: String(label?.value),
    occurrence: numberFrom(field('occurrence')),
    to: numberFrom(field('to')),
  };
}

function opFrom(part: JsonPart): Op {
  const kind = kindOf(part);
  if (kind === null) return { kind: 'commit' };
  const [names, optional] = [
    OPERATIONS[kind].args.filter(isRequired),
    OPERATIONS[kind].args.filter((arg) => !isRequired(arg)),
  ];
  const field = fieldsOf(part, ['kind', ...names], optional);
  const values: Record<string, unknown> = {};
  for (const name of names) {
    values[name] = name === 'sharing' ? choiceFrom(field(name), SHARINGS) : numberFrom(field(name));
  }
  for (const name of optional) {
    const given = field(name);
    if (given !== null) values[name] = name === 'buffer' ? bufferFrom(given) : trueFrom(given);
  }
  return makeOp(kind, values);
}

/** The kind decides which fields an operation has. */
function kindOf(part: JsonPart): OpKind | null {
  const { report, path, value } = part;
  if (!isJsonObject(value)) {
    invalid(part, 'is not an object');
    return null;
  }
  const kind = OP_KINDS.find((one) => one === value.kind);
  if (kind !== undefined) return kind;
  const words = typeof value.kind === 'string' ? value.kind : '';
  report.add(
    [...path, 'kind'],
    () => `is none of ${OP_KINDS.join(', ')}${nearestHint(words, OP_KINDS)}`,
  );
  return null;
}

/** A flag is there, or left out. */
function trueFrom(part: JsonPart): true {
  if (part.value !== true) invalid(part, 'is not true');
  return true;
}

function bufferFrom(part: JsonPart): AreaOffset {
  const field = fieldsOf(part, ['area', 'offset']);
  return { area: numberFrom(field('area')), offset: numberFrom(field('offset')) };
}
