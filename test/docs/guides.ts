/**
 * The blocks of the guides, and how they are run.
 *
 * - `model FILE` and `input FILE` are files that the guide has its reader write.
 * - `console` has commands behind `$ ` and what they print. A line `...` stands for any number of lines, `...` at the end
 *   of a line for the rest of it; times are not compared.
 * - `sh` has commands alone.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { faultlineHere } from '../cli/faultline.ts';
import { temporaryFolder } from '../store/sample.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

export interface Block {
  readonly kind: string;
  /** What stands behind the kind: the name of a file. */
  readonly file: string;
  readonly body: string;
  readonly line: number;
}

const BLOCK = /^```(?<kind>[\w-]*)(?: (?<file>\S+))?\n(?<body>[\s\S]*?)^```$/gm;
const SHELL: ReadonlySet<string> = new Set(['sh', 'console', 'bash', 'shell']);
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', '.git', '.faultline']);
const AND_SO_ON = '...';

/** Every page of the tree, as `git` names it. */
export function guides(folder = ''): readonly string[] {
  const entries = readdirSync(path.join(PACKAGE_ROOT, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (LEFT_OUT.has(entry.name)) return [];
    return entry.isDirectory() ? guides(name) : name.endsWith('.md') ? [name] : [];
  });
}

export function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(BLOCK)].map(({ groups, index }) => ({
    kind: groups?.kind ?? '',
    file: groups?.file ?? '',
    body: groups?.body ?? '',
    line: text.slice(0, index).split('\n').length,
  }));
}

export function shellBlocksOf(guide: string): readonly Block[] {
  const text = readFileSync(path.join(PACKAGE_ROOT, guide), 'utf8');
  return blocksOf(text).filter(({ kind }) => SHELL.has(kind));
}

/** Where a guide is read: a folder with what a clone has, and no findings. */
export function readersFolder(t: TestContext): string {
  const folder = temporaryFolder(t);
  for (const name of ['corpus', 'deploy'])
    symlinkSync(path.join(PACKAGE_ROOT, name), path.join(folder, name));
  return folder;
}

/** Writes the files of a guide and types its `console` blocks, in their order. @returns how many commands */
export async function runConsole(text: string, folder: string): Promise<number> {
  let commands = 0;
  for (const { kind, file, body } of blocksOf(text)) {
    if (file !== '') writeFileSync(path.join(folder, file), body);
    if (kind !== 'console') continue;
    for (const part of body.split(/^\$ /m).slice(1)) {
      const [command = '', ...lines] = part.trimEnd().split('\n');
      await typed(command, lines, folder);
      commands += 1;
    }
  }
  return commands;
}

async function typed(command: string, lines: readonly string[], folder: string): Promise<void> {
  const { args, from, to, asksExit } = parse(command);
  const stdin = from === null ? '' : readFileSync(path.join(folder, from), 'utf8');
  const { stdout, stderr, exit } = await faultlineHere(args, folder, stdin);
  const said = `${command}\n${stdout}${stderr}`;
  assert.ok(exit === 0 || exit === 1 || asksExit, `exit ${exit}: ${said}`);
  if (to !== null) writeFileSync(path.join(folder, to), stdout);
  const output = to === null && stdout !== '' ? stdout.trimEnd().split('\n') : [];
  assertShown(asksExit ? [...output, String(exit)] : output, lines, said);
}

interface Command {
  readonly args: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
  /** It ends with `; echo $?`. */
  readonly asksExit: boolean;
}

const COMMAND =
  /^(?:npx )?faultline (?<args>[^<>|;&]*?)(?: < (?<from>\S+))?(?: > (?<to>\S+))?(?<asksExit>; echo \$\?)?$/;

/** What a `console` block may type; other shell belongs into `sh`. */
function parse(command: string): Command {
  const { groups } = COMMAND.exec(command) ?? {};
  assert.ok(groups, `not a command that a console block may have: ${command}`);
  const words = [...(groups.args ?? '').matchAll(/'([^']*)'|(\S+)/g)];
  return {
    args: words.map((word) => word[1] ?? word[2] ?? ''),
    from: groups.from ?? null,
    to: groups.to ?? null,
    asksExit: groups.asksExit !== undefined,
  };
}

/** Line by line from the first; what a guide leaves out it marks. */
export function assertShown(
  output: readonly string[],
  lines: readonly string[],
  said: string,
): void {
  let at = 0;
  let mayLeaveOut = lines.length === 0;
  for (const line of lines) {
    if (line === AND_SO_ON) {
      mayLeaveOut = true;
      continue;
    }
    const found = output.findIndex((one, i) => i >= at && isShown(one, line));
    assert.ok(mayLeaveOut ? found >= 0 : found === at, `the guide shows: ${line}\n${said}`);
    at = found + 1;
    mayLeaveOut = false;
  }
  assert.ok(mayLeaveOut || at === output.length, `the guide ends too early:\n${said}`);
}

function isShown(printed: string, line: string): boolean {
  const [one, other] = [timeless(printed), timeless(line)];
  return other.endsWith(AND_SO_ON)
    ? one.startsWith(other.slice(0, -AND_SO_ON.length))
    : one === other;
}

function timeless(line: string): string {
  return line
    .replaceAll(/\d+(?:\.\d+)? s\b/g, '0 s')
    .replaceAll(/\(\d+k runs\/s\)/g, '(0k runs/s)');
}
