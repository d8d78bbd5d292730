/** What the pages look like: dense, quiet, light or dark as the reader's system is. Below 56 rem a table row stacks. */

export const STYLE = `:root {
  color-scheme: light dark;
  --paper: #fcfcfa; --ink: #1b1f23; --soft: #5b636c; --line: #d9dcdf; --shade: #f1f2f0;
  --link: #0a4b9b; --new: #a3160f; --known: #5b4a00; --mark: #fff3c4; --wrong: #fde0dc;
  --mono: ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --ink: #dde1e4; --soft: #98a1a9; --line: #30363c; --shade: #1c2024;
    --link: #85b8f2; --new: #ff8d85; --known: #d9c46a; --mark: #4a3f12; --wrong: #51221e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 84rem; padding: 0 1rem 1rem; background: var(--paper); color: var(--ink);
  font: 0.875rem/1.45 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere;
}
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible, select:focus-visible, button:focus-visible, pre:focus-visible, input:focus-visible, summary:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; padding: 0.6rem 0; border-bottom: 1px solid var(--line); }
header p { margin: 0; color: var(--soft); }
header .name { font-weight: 600; color: var(--ink); text-decoration: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; }
h1, h2 { font-size: 1rem; font-weight: 600; margin: 1.1rem 0 0.35rem; }
h1 { font-size: 1.15rem; }
.count { color: var(--soft); font-weight: 400; }
code, pre, td.mono { font-family: var(--mono); font-size: 0.8125rem; }
pre {
  margin: 0.35rem 0; padding: 0.6rem 0.75rem; overflow-x: auto; background: var(--shade);
  border: 1px solid var(--line); line-height: 1.35; overflow-wrap: normal;
}
.stats { display: flex; flex-wrap: wrap; gap: 0.35rem 1.75rem; margin: 0.6rem 0; }
.stats div { display: flex; flex-direction: column-reverse; }
.stats dt { color: var(--soft); font-size: 0.75rem; }
.stats dd { margin: 0; font-variant-numeric: tabular-nums; font-size: 1rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 1.25rem; margin: 0.35rem 0; }
.facts div { display: contents; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
.bar { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: baseline; justify-content: space-between; }
form { min-width: 0; display: flex; flex-wrap: wrap; gap: 0.35rem 0.75rem; align-items: center; }
label { color: var(--soft); }
select, button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--line); padding: 0.15rem 0.4rem; max-width: min(100%, 20rem); }
button { background: var(--shade); padding-inline: 0.8rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 400; font-size: 0.75rem; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr:hover { background: var(--shade); }
.number, .tight { white-space: nowrap; font-variant-numeric: tabular-nums; }
.number { text-align: right; }
.item { display: inline-block; max-width: 100%; }
.new { color: var(--new); font-weight: 600; }
.forbidden { color: var(--new); text-decoration: underline; }
.known { color: var(--known); }
.none, footer { color: var(--soft); }
footer { margin-top: 1.5rem; padding-top: 0.5rem; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.2rem 1.25rem; }
th button.sort { all: unset; cursor: pointer; }
th button.sort:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
th[aria-sort] button.sort::after { content: " \\2191"; }
th[aria-sort=descending] button.sort::after { content: " \\2193"; }
input[type=search] { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--line); padding: 0.15rem 0.4rem; max-width: 100%; }
details ul { margin: 0.2rem 0; padding-left: 1.1rem; }
summary { cursor: pointer; color: var(--link); }
.live { color: var(--soft); margin-left: auto; }
.wide { display: block; overflow-x: auto; }
img { max-width: 100%; height: auto; }
.wide img { max-width: none; display: block; }
.heat td { text-align: right; font-variant-numeric: tabular-nums; }
.heat th { white-space: nowrap; }
.heat0 { color: var(--soft); } .heat1 { background: rgb(230 159 0 / 0.1); } .heat2 { background: rgb(230 159 0 / 0.2); }
.heat3 { background: rgb(230 159 0 / 0.3); } .heat4 { background: rgb(230 159 0 / 0.4); } .heat5 { background: rgb(230 159 0 / 0.5); }
.heat6 { background: rgb(230 159 0 / 0.6); }
#plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0.75rem; }
.plot { margin: 0; min-width: 0; overflow: hidden; }
.u-title { text-align: center; font-weight: 600; font-size: 0.8125rem; }
.u-wrap { position: relative; user-select: none; }
.u-over, .u-under { position: absolute; }
.uplot canvas { display: block; position: relative; width: 100%; height: 100%; }
.u-axis { position: absolute; }
#player { margin: 0.6rem 0; }
#player:empty { display: none; }
#player .controls { display: flex; flex-wrap: wrap; gap: 0.35rem 0.5rem; align-items: center; margin: 0.5rem 0; }
#player input[type=range] { flex: 1 1 12rem; min-width: 8rem; accent-color: var(--link); }
#player .told p { margin: 0.1rem 0; }
#player .now { font-family: var(--mono); font-size: 0.8125rem; margin: 0.35rem 0; min-height: 1.45em; }
#player button:disabled { opacity: 0.45; }
@media (min-width: 72rem) { .both { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.25rem; } .both .stage { grid-template-columns: minmax(0, 1fr); } }
.lanes { list-style: none; margin: 0; padding: 0; max-height: 42rem; overflow-y: auto; border: 1px solid var(--line); position: relative; }
.lanes button { display: block; width: 100%; max-width: none; padding: 0.05rem 0.5rem; border: 0; background: none; text-align: left; font: 0.8125rem/1.5 var(--mono); }
.lanes .step { display: inline-block; min-width: 2.5rem; color: var(--soft); }
.lanes .lane1.of2, .lanes .lane1.of3 { padding-left: 33%; }
.lanes .lane1.of2 { padding-left: 45%; }
.lanes .lane2.of3 { padding-left: 58%; }
.lanes .lane1.of4 { padding-left: 20%; }
.lanes .lane2.of4 { padding-left: 40%; }
.lanes .lane3.of4 { padding-left: 60%; }
.lanes .deciding { background: var(--mark); }
.lanes .bad { background: var(--wrong); }
.lanes .bad button, .lanes .bad .step, .lanes .deciding .step { color: var(--ink); }
.lanes .bad button { font-weight: 600; }
.lanes .cycle { border-left: 4px solid var(--new); }
.lanes .why { color: var(--new); font-weight: 600; }
.lanes .bad .why { color: var(--ink); }
.lanes [aria-current] { outline: 2px solid var(--link); outline-offset: -2px; }
.stage { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.5rem; align-items: start; }
.scene caption { text-align: left; font-weight: 600; padding: 0.6rem 0 0.1rem; }
.scene th[scope=row] { color: var(--ink); font-size: 0.8125rem; }
.scene td { font: 0.8125rem/1.4 var(--mono); }
.scene .changed ins { background: var(--mark); text-decoration: none; font-weight: 600; }
.scene .changed del { color: var(--soft); }
.scene .bad { color: var(--new); }
.pictures img { max-width: 100%; height: auto; border: 1px solid var(--line); }
@media (max-width: 56rem) {
  body { padding: 0 0.75rem 0.75rem; }
  thead { position: absolute; left: -99rem; }
  table, tbody, tr, td { display: block; }
  tr { padding: 0.45rem 0; border-bottom: 1px solid var(--line); }
  td, td.number, td.tight { display: flex; gap: 0.75rem; padding: 0.05rem 0; border: 0; text-align: left; white-space: normal; }
  td::before { content: attr(data-label); flex: 0 0 6rem; color: var(--soft); font: 0.75rem/1.7 system-ui, "DejaVu Sans", sans-serif; }
  caption { display: block; }
  table.heat { display: table; } .heat thead { display: table-header-group; position: static; } .heat tbody { display: table-row-group; }
  .heat tr { display: table-row; } .heat td { display: table-cell; padding: 0.15rem 0.4rem; text-align: right; } .heat td::before { content: none; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: 0.35rem; }
}
@media print { form, footer, .skip { display: none; } body { max-width: none; } pre { white-space: pre-wrap; } }
`;

/** Two threads, one of them displaced. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="none" stroke="#c33" stroke-width="2.5" d="M5 1v7M5 12v3M11 1v3M11 8v7M5 8l6 0"/></svg>
`;
