/** `init`: the beginning of a model of one's own, with what one may write in comments. */
import { existsSync, writeFileSync } from 'node:fs';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import type { LockId } from '../../workers/kernel/locks.ts';
import { type Model, nodesOf } from '../../workers/kernel/path.ts';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { givenModel, MODEL_SUFFIX, modelOfLines } from './options/model-argument.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { say, sayDocument } from './output/terminal.ts';

const NAME_DEFAULT = 'mine';
const BASE_DEFAULT = 'xfs-mmaplock-prezero';
const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

export function initCommand(): CommandUnknownOpts {
  const command = new Command('init')
    .description('write the beginning of a model of your own')
    .argument('[name]', 'its name; the file is NAME.model', NAME_DEFAULT)
    .option('--from <base>', 'the model that it changes: a built-in one, or a file', BASE_DEFAULT)
    .action((name, { from }, self) => {
      if (!NAME.test(name)) {
        throw fail('USAGE', { what: `"${name}" is no name: a-z, 0-9, dots and dashes` });
      }
      if (MODEL_NAMES.includes(name)) {
        throw fail('USAGE', { what: `there is a built-in model ${name}; give another name` });
      }
      const file = `${name}${MODEL_SUFFIX}`;
      write(file, beginning(name, from, givenModel(from)));
      if (settingsOf(self).isJson) sayDocument({ file, extends: from });
      else say(`${file} changes ${from}; next: faultline check --model ./${file}`);
    });
  return withCommonOptions(command);
}

/** Never over what is there. */
function write(file: string, text: string): void {
  if (existsSync(file)) {
    throw fail('USAGE', { what: `${file} is there already; give another name, or remove it` });
  }
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const remedy = 'go to a folder that you may write to';
    throw fail('ENVIRONMENT', { what: `cannot write ${file}: ${whyOf(error)}`, remedy });
  }
}

/** What the examples change: a path of the base, and a lock that it takes exclusively. */
interface Changed {
  readonly path: string;
  readonly lock: string;
}

/** The innermost lock of each path, those of extents first. */
function* changesOf({ paths, locks }: Model): Generator<Changed> {
  for (const path of new Set(['punch', 'truncate', ...Object.keys(paths)])) {
    const taken = [...nodesOf(paths[path] ?? [])].flatMap((node) =>
      'step' in node && node.step === 'downWrite' && node.lock !== undefined ? [node.lock] : [],
    );
    for (const lock of new Set(taken.toReversed())) {
      yield { path, lock: locks[lock as LockId] ?? lock };
    }
  }
}

function beginning(name: string, reference: string, base: Model): string {
  const head = `faultline model 1
name    ${name}
title   what it changes, in one line
extends ${reference}
`;
  const file = `${name}${MODEL_SUFFIX}`;
  // It may be that this base cannot be extended.
  modelOfLines(head, file);
  const isRead = (lines: string): boolean => isModel(`${head}${lines}\n`, file);
  const changes = [...changesOf(base)];
  const changed = changes.find((one) => editsOf(one).every(isRead)) ?? changes[0];
  return changed === undefined ? head : head + examples(reference, base, changed, isRead);
}

function isModel(text: string, file: string): boolean {
  try {
    modelOfLines(text, file);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function editsOf({ path, lock }: Changed): readonly string[] {
  return [
    `in ${path}: without 1st down_write(${lock})`,
    `in ${path}: replace 1st down_write(${lock}) by down_read(${lock})`,
  ];
}

/** Each stands in a comment, and is one that the base does not refuse. */
function examples(
  reference: string,
  base: Model,
  changed: Changed,
  isRead: (lines: string) => boolean,
): string {
  const inodeLock = base.locks.inodeLock ?? 'inodeLock';
  const { path } = changed;
  const commented = (...blocks: readonly string[]): string =>
    blocks
      .filter(isRead)
      .map((block) => block.replace(/^/gm, '# '))
      .join('\n');
  return `
# What you expect, by rows of the catalogue; check and fuzz say what is missing, new or forbidden:
# finds   B12
# clean   B10 B11

# Changes of a path, each at one place. Every path, whole: faultline models ${reference} --expanded
#
${commented(
  ...editsOf(changed),
  `in ${path}: after 1st removeExtent insert unmapRange, unmap()`,
  `in pread: wrap all with down_read(${inodeLock})`,
)}

# A lock of your own:
${commented(`lock    new my_lock rwsem per file\nin ${path}: wrap all with down_write(my_lock)`)}

# A path of your own in place of the base's; what it leaves out comes from the base:
${commented(`truncate:
  with down_write(${inodeLock}):
    claimRange
    with journal:
      setSize
      pagesBeyondSize
      while more: removeExtent
    pagesBeyondSize
    truncatePagecache`)}
`;
}
