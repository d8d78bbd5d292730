/** The alert rules in the tree are those of their source; promtool shows when each fires, and the runbooks what to do. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { ALERTS, type Alert, printRules, RUNBOOKS } from '../../dashboards/prometheus/rules.ts';
import { temporaryFolder } from '../store/sample.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { goldenIn } from '../support/golden.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { unknownNames } from './expressions.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'dashboards/prometheus');
const RULES = path.join(FOLDER, 'faultline.rules.yaml');
/** A file for each alert, in promtool's form: series, and what fires when. */
const CASES = path.join(PACKAGE_ROOT, 'test/dashboards/alerts');
const PARTS = ['**Means.**', '**See.**', '**Type.**', '```sh'];

const skip = await skipReason('prometheus');
const run = promisify(execFile);

test('the committed rules are what the source makes', () => {
  goldenIn(FOLDER, path.basename(RULES), printRules(), process.env);
});

test('rules name only metrics of the table', () => {
  for (const { expr } of ALERTS) assert.deepEqual(unknownNames(expr), [], expr);
  assert.deepEqual(unknownNames('faultline_gone_total > 0'), ['faultline_gone_total']);
});

test('no rule asks for the time of day: a clock that is wrong neither pages nor silences', () => {
  const clocks = /\btime\(|_timestamp_seconds/;
  for (const { expr } of ALERTS) assert.doesNotMatch(expr, clocks);
  assert.match('time() - faultline_finding_last_timestamp_seconds > 1', clocks);
});

test('every alert has a runbook that says what it means, how to see it and what to type', () => {
  const text = readFileSync(path.join(PACKAGE_ROOT, RUNBOOKS), 'utf8');
  assert.deepEqual(withoutRunbook(ALERTS, text), []);
  const heads = [...text.matchAll(/^## (.+)$/gm)].map(([, head]) => head);
  assert.deepEqual(
    heads,
    ALERTS.map(({ name }) => name),
  );
  for (const { runbook, name } of annotationsIn(printRules())) {
    assert.equal(runbook, `${RUNBOOKS}#${name.toLowerCase()}`);
  }
});

test('an alert without a runbook, or with one that says half, is seen', () => {
  const text = readFileSync(path.join(PACKAGE_ROOT, RUNBOOKS), 'utf8');
  const [first] = ALERTS;
  assert.ok(first !== undefined);
  const planted = { ...first, name: 'FaultlineGone' } as const;
  assert.deepEqual(withoutRunbook([...ALERTS, planted], text), ['FaultlineGone']);
  assert.deepEqual(withoutRunbook(ALERTS, text.replace('**See.**', '')), [first.name]);
});

test('every alert has cases in which it fires and cases in which it does not', () => {
  const files = readdirSync(CASES).sort();
  assert.deepEqual(files, ALERTS.map(({ name }) => `${name}.yaml`).sort());
  for (const { name } of ALERTS) {
    const checks = checksIn(readFileSync(path.join(CASES, `${name}.yaml`), 'utf8'));
    const fires = checks.filter(({ exp_alerts: expected }) => expected.length > 0);
    assert.ok(fires.length > 0 && fires.length < checks.length, name);
    for (const { alertname } of checks) assert.equal(alertname, name);
  }
});

test('promtool accepts the rules, and each fires when its cases say', { skip }, async () => {
  const { stdout } = await promtool(['check', 'rules', RULES]);
  assert.match(stdout, new RegExp(`SUCCESS: ${ALERTS.length} rules found`));
  await promtool(['test', 'rules', ...ALERTS.map(({ name }) => casesOf(name))]);
});

const PLANTED: Readonly<Record<string, (alert: Alert) => Alert>> = {
  'never fires': (alert) => ({ ...alert, expr: `(${alert.expr}) and vector(1) < 0` }),
  'always fires': (alert) => ({ ...alert, expr: `(${alert.expr}) or on () vector(1)` }),
  'does not wait': ({ holds: _, ...alert }) => alert,
};

for (const [what, plant] of Object.entries(PLANTED)) {
  test(`the cases of every alert show a rule that ${what}`, { skip }, async (t) => {
    const folder = temporaryFolder(t);
    const changed = ALERTS.filter((alert) => printRules([alert]) !== printRules([plant(alert)]));
    writeFileSync(path.join(folder, 'planted.yaml'), printRules(ALERTS.map(plant)));
    const files = changed.map(({ name }) => {
      const text = readFileSync(casesOf(name), 'utf8');
      const file = path.join(folder, `${name}.yaml`);
      writeFileSync(file, text.replace(/^rule_files: .*$/m, 'rule_files: [planted.yaml]'));
      return file;
    });
    await assert.rejects(promtool(['test', 'rules', ...files]), (error: Error) => {
      const failed = [...error.message.matchAll(/^ +alertname: (\w+),/gm)].map(([, name]) => name);
      assert.deepEqual(
        [...new Set(failed)],
        changed.map(({ name }) => name),
        error.message,
      );
      return true;
    });
  });
}

test('promtool refuses a rule that cannot be read', { skip }, async (t) => {
  const file = path.join(temporaryFolder(t), 'planted.yaml');
  writeFileSync(file, printRules(ALERTS.map((alert) => ({ ...alert, expr: 'sum(rate(' }))));
  await assert.rejects(promtool(['check', 'rules', file]), /parse error/);
});

/** Alerts for which a text has no section with all of its parts. */
function withoutRunbook(alerts: readonly Alert[], text: string): readonly string[] {
  const sections = text.split(/^## /m);
  const names = alerts.map(({ name }) => name);
  return names.filter((name) => {
    const section = sections.find((one) => one.startsWith(`${name}\n`));
    return section === undefined || !PARTS.every((part) => section.includes(part));
  });
}

interface Rule {
  readonly alert: string;
  readonly annotations: { readonly runbook: string };
}

function annotationsIn(
  text: string,
): readonly { readonly name: string; readonly runbook: string }[] {
  const { groups } = parse(text) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, annotations }) => ({ name: alert, runbook: annotations.runbook })),
  );
}

interface Check {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

function checksIn(text: string): readonly Check[] {
  const { tests } = parse(text) as {
    readonly tests: readonly { readonly alert_rule_test: readonly Check[] }[];
  };
  return tests.flatMap((one) => one.alert_rule_test);
}

function casesOf(name: string): string {
  return path.join(CASES, `${name}.yaml`);
}

/** @throws Error with what it says, where it is not content */
async function promtool(args: readonly string[]): Promise<{ readonly stdout: string }> {
  const program = await debianProgram('prometheus');
  assert.ok(!('missing' in program) && program.promtool !== undefined);
  return await run(program.promtool, [...args], { env: program.env });
}
