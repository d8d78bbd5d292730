/** `lint`: what can be seen of a model's locks without running it. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Model } from '../../workers/kernel/path.ts';
import { type Lint, type Linted, lint, type PathOrder } from '../../workers/model/lint.ts';
import { canonicalReference } from '../../workers/models/registry.ts';
import { givenModel } from './options/model-argument.ts';
import { settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { counted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';

export function lintCommand(): CommandUnknownOpts {
  const command = new Command('lint')
    .description(
      'say the lock order that the paths of a model really have, and what contradicts it',
    )
    .argument('<model>', 'a name, a reference name[:toggle=value,...], or a file')
    .option('--edges', 'every lock that is asked for under another, with the steps that ask')
    .action((reference, { edges }, self) => {
      const model = givenModel(reference);
      const linted = lint(model);
      if (settingsOf(self).isJson) sayDocument(linted.problems);
      else say(lintText(model, linted, edges === true));
      endWith(linted.problems.length === 0 ? EXIT.done : EXIT.bad);
    });
  return withCommonOptions(command);
}

function lintText(model: Model, { orders, problems }: Linted, withEdges: boolean): string {
  const reference = canonicalReference(model);
  const count = problems.length === 0 ? 'no problem' : counted(problems.length, 'problem');
  return [
    `${reference}: the lock order that its paths have`,
    '',
    ...(withEdges ? orders.flatMap(edgeLines) : orderLines(orders)),
    '',
    count,
    ...together(problems).flatMap(problemLines),
  ].join('\n');
}

/** Paths with the same chains stand together. */
export function orderLines(orders: readonly PathOrder[]): readonly string[] {
  const together = new Map<string, string[]>();
  for (const { path, chains } of orders) {
    const key = chains.map((chain) => `  ${chain}`).join('\n');
    together.set(key, [...(together.get(key) ?? []), path]);
  }
  return [...together].flatMap(([chains, paths]) => [`${paths.join(', ')}:`, chains]);
}

function edgeLines({ path, edges }: PathOrder): readonly string[] {
  return [
    `${path}:`,
    ...edges.flatMap(({ held, asked, sites }) => [
      `  ${held} -> ${asked}`,
      ...sites.map((site) => `    ${site}`),
    ]),
  ];
}

/** Steps that have one and the same problem. */
function together(problems: readonly Lint[]): readonly (readonly Lint[])[] {
  const same = new Map<string, Lint[]>();
  for (const one of problems) {
    const key = `${one.rule} ${one.detail}`;
    same.set(key, [...(same.get(key) ?? []), one]);
  }
  return [...same.values()];
}

function problemLines(same: readonly Lint[]): readonly string[] {
  const [first] = same;
  if (first === undefined) return [];
  const more = same.length === 1 ? '' : ` and ${counted(same.length - 1, 'more step')}`;
  return [`${first.rule.padEnd(12)}${first.label}${more}`, `            ${first.detail}`];
}
