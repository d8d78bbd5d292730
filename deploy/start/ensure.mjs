/**
 * Makes a clone ready to run: Node, dependencies, build. Runs before TypeScript exists, so it is plain
 * JavaScript; says on stderr what it really does, on a terminal each step with its seconds, and nothing when all is in place.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModelTexts } from './models.mjs';
import { ROOT } from './root.mjs';

export { ROOT };
export const MAIN = path.join(ROOT, 'dist/bundle/main.js');
const IDENTITY = path.join(ROOT, 'dist/identity.json');
const STAMP = path.join(ROOT, 'dist/.tsbuildinfo');
/** What bundle and identity depend on besides the compiled modules. */
const BUNDLED_BY = [
  'deploy/start/bundle.mjs',
  'deploy/start/identity.mjs',
  'deploy/start/web.mjs',
  'package-lock.json',
  ...readdirSync(path.join(ROOT, 'dashboards/web')).map((name) => `dashboards/web/${name}`),
].map((name) => path.join(ROOT, name));

const ENVIRONMENT = 3;
const OUR_BUG = 70;
/** An installation over a slow line takes minutes; nothing honest takes this long. */
const LOCK_STALE_MS = 15 * 60_000;
/** Between making the lock folder and writing its owner lie microseconds. */
const LOCK_OWNERLESS_MS = 5_000;

const IS_LIVE = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
const CLEAR_LINE = '\r\x1b[K';
let isStepShown = false;

export function ensure() {
  checkNode();
  const unlock = lock(path.join(ROOT, '.faultline/ensure.lock'));
  try {
    install();
    build();
  } finally {
    unlock();
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  stop(ENVIRONMENT, `Node ${process.versions.node} is too old; install Node 20.19 or newer`);
}

function install() {
  if (isInstalled()) return;
  if (!IS_LIVE) say('installing dependencies (npm ci), which takes up to a minute');
  step('install dependencies (npm ci), up to a minute', runNpm);
}

function runNpm() {
  const npm = npmCommand();
  const args = [...npm.args, 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  const result = spawnSync(npm.command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    shell: npm.shell,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) return true;
  write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  stop(ENVIRONMENT, `npm ci failed${result.error ? `: ${result.error.message}` : ''}`);
}

/** npm itself, when it started us: the npm on the PATH may be another one. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) {
    return { command: process.execPath, args: [npm], shell: false };
  }
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}

/** npm writes node_modules/.package-lock.json last; it says what is there, so it is the stamp. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (wanted === undefined) stop(ENVIRONMENT, 'package-lock.json is missing');
  if (present === undefined) return false;
  return Object.entries(wanted).every(([where, row]) => {
    if (!where.startsWith('node_modules/')) return true;
    const there = present[where];
    if (there === undefined) return row.optional === true;
    return there.version === row.version && there.integrity === row.integrity;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function build() {
  const startedMs = Date.now();
  writeModelTexts(ROOT);
  step('compile', compile);
  // Also where the last build was ended between the two.
  const newestMs = Math.max(modifiedMs(STAMP), ...BUNDLED_BY.map(modifiedMs));
  if (modifiedMs(MAIN) >= newestMs && existsSync(IDENTITY)) return;
  step('bundle program and page', bundle);
  if (existsSync(MAIN)) chmodSync(MAIN, 0o755);
  say(`built in ${secondsSince(startedMs)}`);
}

function compile() {
  const beforeMs = modifiedMs(STAMP);
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: ROOT, encoding: 'utf8' });
  if (result.status !== 0) {
    write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    stop(OUR_BUG, 'the build failed');
  }
  return modifiedMs(STAMP) !== beforeMs;
}

function bundle() {
  const script = path.join(ROOT, 'deploy/start/bundle.mjs');
  const result = spawnSync(process.execPath, [script], { cwd: ROOT, encoding: 'utf8' });
  if (result.stderr) write(result.stderr);
  if (result.status !== 0) stop(OUR_BUG, 'the build failed');
  return true;
}

/** A terminal shows a step while it is under way, and keeps it with its seconds if it did something. */
function step(what, run) {
  if (!IS_LIVE) {
    run();
    return;
  }
  const startedMs = Date.now();
  process.stderr.write(`faultline: ${what} ...`);
  isStepShown = true;
  if (run()) say(`${what}: ${secondsSince(startedMs)}`);
  else write('');
}

function secondsSince(startedMs) {
  return `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
}

/** A folder is a lock: making one is atomic everywhere. Returns how to give it back. */
function lock(folder) {
  mkdirSync(path.dirname(folder), { recursive: true });
  for (let tries = 0; !take(folder); tries += 1) {
    if (tries === 10) say('waiting for another start or build in this folder');
    breakStale(folder);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  const unlock = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', unlock);
  return () => {
    process.removeListener('exit', unlock);
    unlock();
  };
}

function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    stop(ENVIRONMENT, `cannot write to ${path.dirname(folder)}: ${error.message}`);
  }
  writeFileSync(path.join(folder, 'owner'), `${hostname()} ${process.pid}`);
  return true;
}

/** Moves a dead owner's lock away, and back if it changed hands meanwhile. */
function breakStale(folder) {
  const owner = ownerOf(folder);
  if (!isStale(folder, owner)) return;
  const aside = `${folder}.${process.pid}`;
  try {
    renameSync(folder, aside);
    if (ownerOf(aside) === owner) rmSync(aside, { recursive: true, force: true });
    else renameSync(aside, folder);
  } catch {
    // Somebody else was faster.
  }
}

function isStale(folder, owner) {
  const ageMs = Date.now() - modifiedMs(folder);
  if (owner === '') return ageMs > LOCK_OWNERLESS_MS;
  const [host, pid] = owner.split(' ');
  return ageMs > LOCK_STALE_MS || (host === hostname() && !isAlive(Number(pid)));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function ownerOf(folder) {
  try {
    return readFileSync(path.join(folder, 'owner'), 'utf8');
  } catch {
    return '';
  }
}

/** 0 for what does not exist; a lock that just vanished is then old, and taking it decides. */
function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function say(line) {
  write(`faultline: ${line}\n`);
}

/** In place of the step that is under way. */
function write(text) {
  process.stderr.write(isStepShown ? `${CLEAR_LINE}${text}` : text);
  isStepShown = false;
}

function stop(code, line) {
  say(line);
  process.exit(code);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) ensure();
