/** `init`: the beginning of a model of one's own, with what one may write in comments. */
import { existsSync, writeFileSync } from 'node:fs';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { LockId } from '../../workers/kernel/locks.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { MODEL_NAMES } from '../../workers/models/registry.ts';
import { givenModel, MODEL_SUFFIX } from './model-argument.ts';
import { settingsOf, withCommonOptions } from './settings.ts';
import { say, sayDocument } from './terminal.ts';

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

/** The locks of the examples are those of the base. */
function beginning(name: string, reference: string, base: Model): string {
  const lock = (id: LockId): string => base.locks[id] ?? id;
  const fence = base.locks.faultLock === undefined ? lock('iMmapRwsem') : lock('faultLock');
  return `faultline model 1
name    ${name}
title   what it changes, in one line
extends ${reference}

# What you expect, by rows of the catalogue; check and fuzz say what is missing, new or forbidden:
# finds   B12
# clean   B10 B11

# Changes of a path, each at one place. Every path, whole: faultline models ${reference} --expanded
#
# in punch:  without down_write(${fence})
# in punch:  replace down_write(${fence}) by down_read(${fence})
# in pwrite: wrap from claimRange to setSize with down_write(${fence})
# in fault:  before 1st getBlock insert checkSize, else failSigbus, leave out
# in punch:  after removeExtent insert unmap()

# A lock of your own:
# lock    new my_lock rwsem per file
# in punch, truncate: wrap all with down_write(my_lock)

# A path of your own in place of the base's; what it leaves out comes from the base:
# punch:
#   with down_write(${lock('inodeLock')}):
#     claimRange
#     with journal:
#       while more: removeExtent
#     holePagecache
`;
}
