/**
 * Every way we refuse, in one table: code, exit status, what is said and what to do about it.
 * `{name}` in a message is filled from the facts.
 */
import { assert } from './assert.ts';

export const ERRORS = {
  USAGE: { exit: 2, message: '{what}', hint: 'see `faultline --help`' },
  /** What a process of ours was given; it has said itself what to do. */
  PROCESS_INPUT: { exit: 2, message: '{what}', hint: '{remedy}' },
  INPUT_SYNTAX: {
    exit: 2,
    message: '{file}:{line}:{column}: expected {expected}, found {found}',
    hint: 'corpus/README.md describes the text form line by line',
  },
  INPUT_INVALID: {
    exit: 2,
    message: '{problem}',
    hint: 'corpus/README.md lists the bounds of an input',
  },
  LABEL_UNKNOWN: {
    exit: 2,
    message: '{problem}',
    hint: 'a label is PATH/STEP, calls between them; `faultline models REF` shows the paths',
  },
  MODEL_UNKNOWN: {
    exit: 2,
    message: 'unknown model "{model}"{nearest}; known models: {known}',
    hint: '`faultline models` describes them',
  },
  TOGGLE_SETTING: {
    exit: 2,
    message: '{what}; type {remedy}',
    hint: 'a reference is MODEL[:TOGGLE=VALUE,...]; `faultline models MODEL` lists its toggles',
  },
  TOGGLE_UNKNOWN: {
    exit: 2,
    message: 'model {model} has no toggle "{toggle}"; {remedy}',
    hint: '`faultline models {name}` describes its toggles',
  },
  TOGGLE_VALUE: {
    exit: 2,
    message: 'toggle {toggle} of model {model} {wrong}; it can be: {known}',
    hint: '`faultline models {name}` describes them',
  },
  TOGGLE_IDLE: {
    exit: 2,
    message: '{file}: the text says nothing `for {toggle}={value}`; it is as with {toggle}={known}',
    hint: 'a text that was printed whole has its toggles set: set them when you print it',
  },
  MODEL_INVALID: {
    exit: 2,
    message: '{problem}',
    hint: 'workers/README.md lists steps, tests and rules of a model',
  },
  OPERATION_LACKING: {
    exit: 2,
    message: '{problem}',
    hint: '`faultline models MODEL --expanded` prints the paths that a model has',
  },
  MODEL_NAME_TAKEN: {
    exit: 2,
    message: '{file}: the model calls itself {name}, and is not the built-in model of that name',
    hint: 'give it a name of its own: findings tell models apart by their names',
  },
  CAMPAIGN_FILE: {
    exit: 2,
    message: '{file} is no campaign: {why}',
    hint: 'daemon/README.md shows one; its fields are models, rngSeed, shares, scopes and stop',
  },
  FILE_UNREADABLE: { exit: 2, message: 'cannot read {file}: {why}', hint: 'check the path' },
  SECRET_EXPOSED: {
    exit: 2,
    message: '{file} holds a secret, and every user of this machine can read it (mode {mode})',
    hint: 'type `chmod 600 {file}`, or `chmod 700` for its folder; a secret of Docker or Kubernetes takes `mode: 0440`, `defaultMode: 0440`',
  },
  TEXT_ENCODING: {
    exit: 2,
    message: '{file}:{line}:{column}: byte 0x{byte} at offset {offset} is not UTF-8',
    hint: 'save the file as UTF-8',
  },
  DATA_DIR: {
    exit: 3,
    message: 'cannot write to {dir}: {why}',
    hint: 'mend that or name another folder with --data-dir; nothing already saved is lost',
  },
  REDIS_URL: {
    exit: 2,
    message: '"{url}"{place} is no address of a Redis',
    hint: 'write redis://HOST:PORT, rediss://USER:PASSWORD@HOST:PORT/DB or unix:/path/of/redis.sock',
  },
  REDIS_UNREACHABLE: {
    exit: 3,
    message: 'no Redis at {url}: {why}',
    hint: 'start it or mend that, or name another with --redis, or --redis-file where it has a password',
  },
  REDIS_UNFIT: { exit: 3, message: 'the Redis at {url} is unfit: {problems}', hint: '{remedies}' },
  REDIS_MISSING: {
    exit: 3,
    message: 'there is no redis-server: {why}',
    hint: 'type `sudo apt-get install redis-server`, or set FAULTLINE_REDIS_URL to the address of a Redis',
  },
  REDIS_START: {
    exit: 3,
    message: 'the private Redis did not start: {why}',
    hint: '{log} says more; it holds only the queue, so {dir} may be moved away to start afresh',
  },
  ENVIRONMENT: { exit: 3, message: '{what}', hint: '{remedy}' },
  NOTHING_FOUND: { exit: 4, message: '{what}', hint: '{remedy}' },
  FORMAT_NEWER: {
    exit: 125,
    message: '{file}: format {found} is newer than {known}, the newest this build reads',
    hint: 'update Faultline',
  },
  MODEL_MISSING: {
    exit: 125,
    message:
      'model "{model}" is not in this build, and the one that the repro carries cannot be read: {why}',
    hint: "name the model's JSON with --model FILE",
  },
  MODEL_CHANGED: {
    exit: 125,
    message: '{file}: model "{model}" has changed since this repro was made ({was} -> {now})',
    hint: '--recorded-model judges by the model that the repro carries; `faultline findings --rerun` judges all findings by this build',
  },
} as const satisfies Record<string, { exit: number; message: string; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;
/** Codes of what is wrong in a file. */
export type FileCode = 'INPUT_INVALID' | 'LABEL_UNKNOWN' | 'MODEL_INVALID' | 'OPERATION_LACKING';
export type Facts = Readonly<Record<string, string | number>>;

/** One problem in a file. Line and column are null for a value that was not read from a text. */
export interface FileProblem {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** The part of the value, such as `paths.fault[3]`; '' where line and column say it all. */
  readonly where: string;
  readonly what: string;
}

/** A refusal lists this many problems and counts the others. */
export const PROBLEMS_SHOWN_MAX = 20;

/**
 * A refusal: the outside's mistake, with what was expected and what to do. If a file has several problems, code,
 * exit and message are those of the first.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly facts: Facts;
  readonly hint: string;
  readonly exit: number;
  /** In the order of the file; empty where the refusal is not about the text of a file. */
  readonly problems: readonly FileProblem[];
  /** How many problems are not listed. */
  readonly more: number;

  constructor(code: ErrorCode, facts: Facts, overrides: Overrides = {}) {
    const row = ERRORS[code];
    super(fill(row.message, facts));
    this.code = code;
    this.facts = facts;
    this.hint = fill(row.hint, facts);
    this.exit = overrides.exit ?? row.exit;
    const problems = overrides.problems ?? problemsOf(facts, this.message);
    this.problems = problems.slice(0, PROBLEMS_SHOWN_MAX);
    this.more = (overrides.count ?? problems.length) - this.problems.length;
  }
}

interface Overrides {
  readonly exit?: number;
  readonly problems?: readonly FileProblem[];
  /** Of all problems, where more were found than are given. */
  readonly count?: number;
}

export function fail(code: ErrorCode, facts: Facts): Refusal {
  return new Refusal(code, facts);
}

/**
 * Refuses a file for all its problems.
 * @param problems at least one
 * @param count of all problems, where more were found than are given
 */
export function failInFile(
  code: FileCode,
  problems: readonly FileProblem[],
  count: number = problems.length,
): Refusal {
  const [first] = problems;
  assert(first !== undefined, 'a refusal without a problem');
  const { file, line, column, what } = first;
  const spot = line === null || column === null ? {} : { line, column };
  const facts = { problem: problemText(first), file, ...spot, what };
  return new Refusal(code, facts, { problems, count });
}

/**
 * One refusal for several of one text: code, exit and message of the first.
 * @param refusals at least one
 * @param count of all problems, where more were found than are given
 */
export function failTogether(
  refusals: readonly Refusal[],
  count: number = refusals.length,
): Refusal {
  const [first] = refusals;
  assert(first !== undefined, 'a refusal without a problem');
  const problems = refusals.flatMap((one) => one.problems);
  return new Refusal(first.code, first.facts, { exit: first.exit, problems, count });
}

/** The same refusal with another exit code. */
export function withExit({ code, facts, problems, more }: Refusal, exit: number): Refusal {
  return new Refusal(code, facts, { exit, problems, count: problems.length + more });
}

/** `file:line:column: where: what` */
export function problemText({ file, line, column, where, what }: FileProblem): string {
  const at = line === null || column === null ? file : `${file}:${line}:${column}`;
  return where === '' ? `${at}: ${what}` : `${at}: ${where}: ${what}`;
}

/** The one problem of a refusal whose message begins with the place that its facts name. */
function problemsOf({ file, line, column }: Facts, message: string): readonly FileProblem[] {
  if (typeof file !== 'string' || typeof line !== 'number' || typeof column !== 'number') return [];
  const what = message.slice(`${file}:${line}:${column}: `.length);
  return [{ file, line, column, where: '', what }];
}

function fill(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}
