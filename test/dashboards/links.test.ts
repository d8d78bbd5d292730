/** Links of dashboards and alerts lead to pages that a coordinator serves, and to what they name. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildDashboards } from '../../dashboards/grafana/dashboards.ts';
import { PAGE } from '../../dashboards/grafana/panel.ts';
import { ALERTS } from '../../dashboards/prometheus/rules.ts';
import { type Served, serve } from '../http/showing.ts';

const LINE = {
  row: 'B12',
  class: 'stale-pte',
  model: 'v42-immap-read:policy=prezero',
} as const;
/** A value of the line that a link leaves from, in Grafana's words or in Prometheus'. */
const FIELD = /\$\{__data\.fields\.(\w+)\}|\{\{ \$labels\.(row|class|model) \}\}/g;
const VARIABLE = `\${${PAGE}}`;
const ADDRESS = 'http://{{ $labels.instance }}';

test('every link of a dashboard leads to the findings that it names', async (t) => {
  const served = await servedWithTwo(t);
  const links = buildDashboards().flatMap(({ dashboard }) => urlsIn(dashboard.panels));
  assert.equal(links.length, 5);
  for (const link of links) {
    assert.ok(link.startsWith(`${VARIABLE}/`), link);
    await assertOneOfTwo(served, link.slice(VARIABLE.length));
  }
});

test('so does every link of an alert', async (t) => {
  const served = await servedWithTwo(t);
  const links = ALERTS.flatMap(({ description }) => description.match(/https?:.*$/g) ?? []);
  assert.equal(links.length, 1);
  for (const link of links) {
    assert.ok(link.startsWith(`${ADDRESS}/`), link);
    await assertOneOfTwo(served, link.slice(ADDRESS.length));
  }
});

test('a link to a page that there is not, or with a field that it does not know, is seen', async (t) => {
  const served = await servedWithTwo(t);
  for (const path of ['/findings?known=B12', '/?row=B12', '/?known=B99999', '/', '/?known=B13']) {
    await assert.rejects(assertOneOfTwo(served, path), assert.AssertionError);
  }
});

async function servedWithTwo(t: TestContext): Promise<Served> {
  const served = await serve(t);
  const { row: known, class: symptom, model } = LINE;
  const finding = { known, class: symptom, model, models: [model] } as const;
  served.showing.publish('a', { finding });
  served.showing.publish('b', { finding: { known: null, class: 'deadlock', models: ['other'] } });
  return served;
}

async function assertOneOfTwo({ url }: Served, path: string): Promise<void> {
  const values: Readonly<Record<string, string>> = LINE;
  const filled = path.replaceAll(FIELD, (_, field?: string, label?: string) => {
    return values[field ?? label ?? ''] ?? '';
  });
  const answer = await fetch(url + filled);
  const body = await answer.text();
  assert.equal(answer.status, 200, `${filled}: ${body}`);
  assert.match(body, /<span class="count">1 of 2<\/span>/, filled);
}

function urlsIn(panels: unknown): readonly string[] {
  const found: string[] = [];
  JSON.stringify(panels, (key, value: unknown) => {
    if (key === 'url') found.push(String(value));
    return value;
  });
  return found;
}
