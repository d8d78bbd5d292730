/** `version`: which program, which engine, which Node; what a report about Faultline should say. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { engineDigest } from './engine-digest.ts';
import { VERSION } from './installation.ts';
import { settingsOf, withCommonOptions } from './settings.ts';
import { say, sayDocument } from './terminal.ts';

export function versionCommand(): CommandUnknownOpts {
  const command = new Command('version')
    .description('print the versions of program, engine and Node')
    .action((_options, self) => {
      const { isJson } = settingsOf(self);
      const facts = { version: VERSION, engine: engineDigest(), node: process.versions.node };
      if (isJson) sayDocument(facts);
      else say(`faultline ${facts.version}\nengine ${facts.engine}\nnode ${facts.node}`);
    });
  return withCommonOptions(command);
}
