/**
 * Every way we refuse, in one table: code, exit status, what is said and what to do about it.
 * `{name}` in a message is filled from the facts.
 */

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
    message: '{file}:{line}:{column}: {what}',
    hint: 'corpus/README.md lists the bounds of an input',
  },
  MODEL_UNKNOWN: {
    exit: 2,
    message: 'unknown model "{model}"; known models: {known}',
    hint: '`faultline models` describes them',
  },
  TOGGLE_UNKNOWN: {
    exit: 2,
    message: 'model {model} has no toggle "{toggle}"; its toggles: {known}',
    hint: '`faultline models {model}` describes them',
  },
  TOGGLE_VALUE: {
    exit: 2,
    message: 'toggle {toggle} of model {model} cannot be "{value}"; it can be: {known}',
    hint: '`faultline models {model}` describes them',
  },
  MODEL_INVALID: {
    exit: 2,
    message: '{model}: {where}: {what}',
    hint: 'workers/README.md lists steps, tests and rules of a model',
  },
  CAMPAIGN_FILE: {
    exit: 2,
    message: '{file} is no campaign: {why}',
    hint: 'daemon/README.md shows one; its fields are models, rngSeed, shares and stop',
  },
  FILE_UNREADABLE: { exit: 2, message: 'cannot read {file}: {why}', hint: 'check the path' },
  DATA_DIR: {
    exit: 3,
    message: 'cannot write to {dir}: {why}',
    hint: 'mend that or name another folder with --data-dir; nothing already saved is lost',
  },
  REDIS_URL: {
    exit: 2,
    message: '"{url}" is no address of a Redis',
    hint: 'write redis://HOST:PORT, rediss://USER:PASSWORD@HOST:PORT/DB or unix:/path/of/redis.sock',
  },
  REDIS_UNREACHABLE: {
    exit: 3,
    message: 'no Redis at {url}: {why}',
    hint: 'start it or mend that, or set FAULTLINE_REDIS_URL to the address of another',
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
    message: '{file}: model "{model}" is not in this build and the repro carries no model',
    hint: "name the model's JSON with --model FILE",
  },
  MODEL_CHANGED: {
    exit: 125,
    message: '{file}: model "{model}" has changed since this repro was made ({was} -> {now})',
    hint: 'replay with --recorded-model to judge the model that the repro carries',
  },
} as const satisfies Record<string, { exit: number; message: string; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;
export type Facts = Readonly<Record<string, string | number>>;

/** A refusal: the outside's mistake, with what was expected and what to do. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly facts: Facts;
  readonly hint: string;
  readonly exit: number;

  constructor(code: ErrorCode, facts: Facts) {
    const row = ERRORS[code];
    super(fill(row.message, facts));
    this.code = code;
    this.facts = facts;
    this.hint = fill(row.hint, facts);
    this.exit = row.exit;
  }
}

export function fail(code: ErrorCode, facts: Facts): Refusal {
  return new Refusal(code, facts);
}

function fill(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}
