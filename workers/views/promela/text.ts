/** Promela as text: pieces that several parts put together, and the layout of the whole. */

export function inline(name: string, body: string, parameter = ''): string {
  return `inline ${name}(${parameter}) {\n${body}\n}`;
}

/** One of them, or none. */
export function options(all: readonly string[]): string {
  return ['if', ...all, ':: else', 'fi'].join('\n');
}

const INDENT = 3;

/** Indented by what each line opens and closes: a block in braces, an `if`, a `do`. */
export function laidOut(text: string): string {
  let depth = 0;
  const lines = text.split('\n').map((raw) => {
    const line = raw.trim();
    const closes = /^(?:fi|od|\})/.test(line);
    const isOption = line.startsWith('::');
    const indent = depth - (closes || isOption ? 1 : 0);
    if (closes) depth--;
    if (/(?:^|\s)(?:if|do)$|\{$/.test(line)) depth++;
    return `${' '.repeat(Math.max(0, indent) * INDENT)}${line}`;
  });
  return lines.join('\n');
}
