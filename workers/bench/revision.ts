/** Another revision of this repository, built in a scratch folder and taken away again. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fail } from '../../corpus/vocabulary/errors.ts';

export interface Built {
  /** The short name of the commit. */
  readonly commit: string;
  /** What Node is to run. */
  readonly main: string;
  readonly remove: () => void;
}

export interface Course {
  /** Told what is going on. */
  readonly said: (what: string) => void;
  /** Stops what is running. */
  readonly stop: AbortSignal;
}

/** What is shown of a tool that failed. */
const TAIL_LINES = 8;

export async function buildRevision(
  root: string,
  revision: string,
  course: Course,
): Promise<Built> {
  const commit = await commitOf(root, revision, course);
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    course.said(`building ${commit} in ${folder}`);
    const tree = path.join(folder, 'tree');
    await extract(root, commit, folder, tree, course);
    await install(root, tree, course);
    await compile(tree, course);
    return { commit, main: mainOf(tree, revision), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function commitOf(root: string, revision: string, { stop }: Course): Promise<string> {
  const asked = ['rev-parse', '--short', '--verify', '--end-of-options', `${revision}^{commit}`];
  const { exit, stdout } = await tool(root, 'git', asked, stop);
  if (exit === 0) return stdout.trim();
  const isRepository = (await tool(root, 'git', ['rev-parse', '--git-dir'], stop)).exit === 0;
  const what = isRepository ? `no revision "${revision}" here` : `${root} is no git repository`;
  throw environment(what, isRepository ? '`git log --oneline` lists them' : 'clone Faultline');
}

async function extract(
  root: string,
  commit: string,
  folder: string,
  tree: string,
  { stop }: Course,
): Promise<void> {
  const archive = path.join(folder, 'tree.tar');
  await must(root, 'git', ['archive', '--format=tar', '-o', archive, commit], stop);
  mkdirSync(tree);
  await must(folder, 'tar', ['-xf', archive, '-C', tree], stop);
}

/** Equal lock files make equal folders of packages, so that ours will do. */
async function install(root: string, tree: string, { said, stop }: Course): Promise<void> {
  const lock = (folder: string): string => textOf(path.join(folder, 'package-lock.json'));
  const ours = path.join(root, 'node_modules');
  if (lock(root) === lock(tree) && lock(tree) !== '' && existsSync(ours)) {
    symlinkSync(ours, path.join(tree, 'node_modules'), 'dir');
    return;
  }
  said('its packages are others: npm ci');
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  await must(tree, 'npm', args, stop);
}

/** The texts of its models, made into a module before the compiler runs. */
const WRITE_MODELS = "import('./deploy/start/models.mjs').then((m) => m.writeModelTexts('.'))";

/** Not by its own `ensure`, which would install into the folder that the link leads to. */
async function compile(tree: string, { stop }: Course): Promise<void> {
  if (existsSync(path.join(tree, 'deploy/start/models.mjs'))) {
    await must(tree, process.execPath, ['--eval', WRITE_MODELS], stop);
  }
  const scripts = [
    ['node_modules/typescript/bin/tsc', '-p', '.'],
    ['deploy/start/bundle.mjs'],
  ] as const;
  for (const [script, ...args] of scripts) {
    if (!existsSync(path.join(tree, script))) continue;
    await must(tree, process.execPath, [script, ...args], stop);
  }
}

function mainOf(tree: string, revision: string): string {
  const manifest = JSON.parse(textOf(path.join(tree, 'package.json')) || '{}') as Manifest;
  const main = path.join(tree, manifest.bin?.faultline ?? 'dist/daemon/cli/main.js');
  if (existsSync(main)) return main;
  throw environment(`revision "${revision}" has no command line`, 'name a later one');
}

interface Manifest {
  readonly bin?: { readonly faultline?: string };
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

export interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws Refusal ENVIRONMENT if there is no such program */
export function tool(
  cwd: string,
  program: string,
  args: readonly string[],
  stop: AbortSignal,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], signal: stop });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', () => {
      reject(environment(`cannot run ${program}`, `install ${program}`));
    });
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
  });
}

async function must(
  cwd: string,
  program: string,
  args: readonly string[],
  stop: AbortSignal,
): Promise<void> {
  const { exit, stdout, stderr } = await tool(cwd, program, args, stop);
  if (exit === 0) return;
  const lines = `${stdout}${stderr}`.trim().split('\n').slice(-TAIL_LINES);
  const command = [path.basename(program), ...args].join(' ');
  throw environment(`${command} failed:\n${lines.join('\n')}`, 'look into what it says');
}

function environment(what: string, remedy: string): Error {
  return fail('ENVIRONMENT', { what, remedy });
}
