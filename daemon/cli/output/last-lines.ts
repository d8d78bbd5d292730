/** The six lines that a live screen leaves: what was found, what silence excludes, how to go on. */
import type { Silence } from '../../campaign/silence.ts';
import { amount, duration } from './amounts.ts';
import type { Figures, ScreenFinding } from './frame.ts';
import { counted } from './render-finding.ts';
import { type Line, linesOf, type Row } from './rows.ts';
import { say } from './terminal.ts';

/** Where the terminal does not say. */
const COLUMNS = 80;

export interface Ending
  extends Pick<Figures, 'findings' | 'runs' | 'runsBefore' | 'features' | 'entries'> {
  readonly seconds: number;
  readonly silences: readonly Silence[];
  /** Commands: what was found, and more of the same. */
  readonly list: string;
  readonly goOn: string;
}

export function sayLast(ending: Ending): void {
  say(lastLines(ending, process.stdout.columns || COLUMNS).join('\n'));
}

export function lastLines(ending: Ending, columns: number): readonly string[] {
  const { findings, runs, runsBefore, seconds, features, entries } = ending;
  const { silences, list, goOn } = ending;
  const ran = runs - runsBefore;
  const rows: readonly Row[] = [
    row('found', foundItems(findings)),
    row('ran', [
      `${amount(ran)} runs in ${duration(seconds)} (${amount(ran / Math.max(1, seconds))}/s)`,
      ...(runsBefore === 0 ? [] : [`${amount(runs)} in all`]),
      `${amount(features)} features`,
      `${counted(entries, 'workload')} kept`,
    ]),
    row('silence', excludedItems(silences)),
    row('not seen', missingItems(silences)),
  ];
  const lines: readonly Line[] = rows.flatMap((one) => linesOf(one, columns));
  return [
    ...lines.map(({ label, text }) => label + text),
    // Commands are whole at any width.
    `list      ${list}`,
    `go on     ${goOn}`,
  ];
}

function row(label: string, items: readonly string[]): Row {
  return { rank: 0, kind: 'items', label, items, linesMax: 1 };
}

function foundItems(findings: readonly ScreenFinding[]): readonly string[] {
  const unknown = findings.filter((one) => one.row === 'new').length;
  const forbidden = findings.filter(({ standing }) => standing === 'forbidden');
  const rows = [...new Set(findings.map((one) => one.row))].filter((one) => one !== 'new').sort();
  return [
    counted(findings.length, 'finding'),
    `${unknown} new`,
    `${forbidden.length} ${forbidden.length === 0 ? 'forbidden' : 'FORBIDDEN'}`,
    ...rows,
  ];
}

/** Runs of the model that was run least. */
function excludedItems(silences: readonly Silence[]): readonly string[] {
  const unrun = silences.filter(({ runs }) => runs === 0).length;
  const rate = Math.max(...silences.map(({ excludedRate }) => excludedRate));
  const verified = silences.flatMap(({ scope }) => scope.verified);
  const workloads = verified.reduce((sum, one) => sum + one.workloads, 0);
  return [
    unrun > 0
      ? `excludes nothing: ${unrun} of ${counted(silences.length, 'model')} not run yet`
      : `excludes at 95 % what > 1 in ${amount(Math.floor(1 / rate))} runs show`,
    workloads === 0 ? 'no verified scope yet' : `${amount(workloads)} workloads verified`,
  ];
}

function missingItems(silences: readonly Silence[]): readonly string[] {
  const missing = silences.filter(({ notSeen }) => notSeen.length > 0);
  if (missing.length === 0) return ['nothing: all that the models are expected to show was shown'];
  return missing.map(({ model, notSeen }) => `${notSeen.join(' ')} on ${model}`);
}
