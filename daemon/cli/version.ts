/** `version`: which program, build, engine and Node; what a report about Faultline should say. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { buildDigest, engineDigest } from './identity.ts';
import { VERSION } from './installation.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { say, sayDocument } from './output/terminal.ts';

export function versionCommand(): CommandUnknownOpts {
  const command = new Command('version')
    .description('print the versions of program, build, engine and Node')
    .action((_options, self) => {
      const { isJson } = settingsOf(self);
      const facts = {
        version: VERSION,
        build: buildDigest(),
        engine: engineDigest(),
        node: process.versions.node,
      };
      const { version, ...rest } = facts;
      const lines = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
      if (isJson) sayDocument(facts);
      else say([`faultline ${version}`, ...lines].join('\n'));
    });
  return withCommonOptions(command);
}
