/** Pictures of the live screen, at five sizes: as they are to look, and with what others have written in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import stringWidth from 'string-width';
import { silenceOf, UNTRIED } from '../../daemon/campaign/silence.ts';
import { BARS, type Figures, frame, type Size, sparkline } from '../../daemon/cli/output/frame.ts';
import { lastLines } from '../../daemon/cli/output/last-lines.ts';
import { cut, linesOf } from '../../daemon/cli/output/rows.ts';
import { Speed } from '../../daemon/cli/output/speed.ts';
import { golden } from '../support/golden.ts';
import { FIGURES, findingOf, NOW_MS, SIZES } from './screen-figures.ts';

const HOSTILE = [
  '\x1b[2J\x1b]0;title\x07\x1b[31mred',
  'a\r\nb\tc\x00d\x7f\x9b2J',
  '\u202egnp.exe\u2066 \u200b\u00ad\ufeff',
  '漢字'.repeat(60),
  `e${'\u0301'.repeat(90)}`,
  '👩‍👩‍👧‍👦'.repeat(40),
  '\ud800 lone',
  `https://example.org/${'x'.repeat(300)}`,
  `see \`faultline show ${'0'.repeat(64)} --as text\` or https://example.org/${'y'.repeat(30)}`,
  '__proto__',
  '',
  ' '.repeat(300),
] as const;
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}]/u;

function drawn(figures: Figures, size: Size, bars: string = BARS.unicode): readonly string[] {
  return frame(figures, size, NOW_MS, bars).map(({ label, text }) => (label + text).trimEnd());
}

for (const size of SIZES) {
  const name = `${size.columns}x${size.rows}`;
  test(`a picture of ${name}`, () => {
    const lines = drawn(FIGURES, size);
    assertFits(lines, size);
    golden(`cli/screen-${name}.txt`, `${lines.join('\n')}\n`);
  });

  test(`what others wrote, in a picture of ${name}`, () => {
    for (const text of HOSTILE) {
      const finding = findingOf(1, { title: text, model: text, row: text, standing: 'forbidden' });
      const figures = {
        ...FIGURES,
        phase: text,
        models: [text, text],
        findings: [finding, findingOf(2, { title: text })],
        messages: [text],
      };
      const lines = drawn(figures, size);
      assertFits(lines, size);
      assert.equal(lines.filter((line) => CONTROL.test(line)).length, 0, JSON.stringify(lines));
      assert.ok(lines.some((line) => line.endsWith('faultline show 020202020202')));
    }
  });
}

function assertFits(lines: readonly string[], { columns, rows }: Size): void {
  assert.ok(lines.length <= rows, `${lines.length} lines`);
  for (const line of lines) assert.ok(stringWidth(line) <= columns, line);
  assert.ok(lines.some((line) => line.startsWith('findings')));
}

test('a terminal of no size to speak of', () => {
  for (const columns of [1, 2, 9, 10, 11, 20])
    for (const rows of [1, 2, 5]) assert.ok(drawn(FIGURES, { columns, rows }).length <= rows);
});

test('a URL or a command is whole, on a line of its own, or not there', () => {
  const text = 'faultline show 010101010101';
  const row = { rank: 0, kind: 'whole', label: 'last', text } as const;
  const at = (width: number): readonly string[] => {
    return linesOf(row, width).map((line) => line.label + line.text);
  };
  assert.deepEqual(at(37), [`last      ${text}`]);
  assert.deepEqual(at(36), ['last', `  ${text}`]);
  assert.deepEqual(at(29), ['last', `  ${text}`]);
  assert.deepEqual(at(28), []);
  const said = 'see http://127.0.0.1:7077/x or `faultline show 1` for more';
  const allowed = new Set<string>();
  for (let width = 3; width < said.length; width += 1) allowed.add(cut(said, width));
  for (const one of allowed) {
    const kept = one.replace(/\.\.\.$/, '');
    assert.ok(/^(?:(?!http).)*$|http:\/\/127\.0\.0\.1:7077\/x/.test(kept), one);
    assert.ok((kept.match(/`/g) ?? []).length % 2 === 0, one);
  }
});

test('the speed of the last ten seconds, and of each five before', () => {
  const speed = new Speed();
  assert.deepEqual([speed.now(), speed.past()], [0, []]);
  for (let second = 0; second <= 20; second += 1) speed.note(second * 1000, 100 * second);
  for (let second = 21; second <= 30; second += 1)
    speed.note(second * 1000, 2000 + 300 * (second - 20));
  assert.equal(speed.now(), 300);
  assert.deepEqual(speed.past(), [100, 100, 100, 100, 300, 300]);
  assert.equal(sparkline(speed.past(), 4, BARS.unicode), '▃▃██');
  assert.equal(sparkline(speed.past(), 4, BARS.ascii), '::##');
  speed.note(31_000, 0);
  assert.equal(speed.now(), 0, 'a coordinator that forgot runs');
});

test('six last lines, commands whole at any width', () => {
  const silences = ['v42-immap-read', 'v48-entry-lock'].map((model) =>
    silenceOf(model, ['B12', 'B13'], { ...UNTRIED, runs: 30_000 }, []),
  );
  const ending = { ...FIGURES, seconds: 3725, silences };
  for (const columns of [40, 80, 200]) {
    const lines = lastLines(
      { ...ending, list: 'faultline findings', goOn: 'faultline up' },
      columns,
    );
    assert.equal(lines.length, 6);
    for (const line of lines) assert.ok(line.length <= columns, line);
    assert.deepEqual(lines.slice(-2), ['list      faultline findings', 'go on     faultline up']);
  }
  golden(
    'cli/last-lines.txt',
    `${lastLines({ ...ending, list: 'LIST', goOn: 'GO ON' }, 80).join('\n')}\n`,
  );
});
