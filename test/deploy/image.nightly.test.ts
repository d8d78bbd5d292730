/**
 * The steps of deploy/Dockerfile, executed in clean roots that mmdebstrap made, and the image started as an orchestrator would:
 * its user, a read-only root, no privileges. A root of Debian with this machine's Node stands for the image of Node.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { copied, type Stage, type Step, stagesOf, stepsOf } from './image-file.ts';

const STAGES = stagesOf(readFileSync(path.join(PACKAGE_ROOT, 'deploy/Dockerfile'), 'utf8'));
/** No step takes that long. */
const STEP_MS = 30 * 60_000;
/** What the last stage must not have. */
const TOOLS = /^(?:sh|bash|dash|busybox|apt|apt-get|dpkg|npm|npx|corepack|perl|python3?)$/;

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'a root of its own needs root';
  const tried = spawnSync('unshare', ['--mount', 'true']);
  return tried.status === 0 ? false : 'this machine allows no namespaces';
}
const skip = whyNot() || (await skipReason('mmdebstrap'));

/** Mounts what a container has beside its files, and changes into it. */
const ENTER = `
mkdir -p "$1/dev" "$1/proc" "$1/tmp"
mount --rbind /dev "$1/dev"
mount --rbind /proc "$1/proc"
`;
/** Its user, its volume and /tmp to write to, nothing else; no capabilities, and none to gain. */
const CONFINED = `
mkdir -p "$1/dev" "$1/proc" "$1/tmp"
mount --bind "$1" "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=0700 tmpfs "$1/data"
mount --rbind /dev "$1/dev"
mount --rbind /proc "$1/proc"
mount -o remount,bind,ro "$1"
`;

function inRoot(root: string, mounts: string, env: NodeJS.ProcessEnv, command: readonly string[]) {
  const script = `set -e\n${mounts}\nshift\nexec "$@"`;
  const args = ['--mount', 'sh', '-c', script, 'sh', root, ...command];
  return spawnSync('unshare', args, {
    env,
    encoding: 'utf8',
    timeout: STEP_MS,
    maxBuffer: 64 << 20,
  });
}

/** Debian, and where the image of Node has it: node, npm and their libraries. */
function nodeRoot(folder: string): string {
  const root = path.join(folder, 'node-image');
  const [, suite = 'stable'] =
    /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  const flags = ['--variant=essential', '--include=libstdc++6', '--quiet', suite, root];
  execFileSync('mmdebstrap', flags, { timeout: STEP_MS, stdio: ['ignore', 'ignore', 'inherit'] });
  const local = path.join(root, 'usr/local');
  cpSync(process.execPath, path.join(local, 'bin/node'));
  const npm = path.dirname(path.dirname(realpathSync(programOf('npm'))));
  cpSync(npm, path.join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(local, 'bin/npm'));
  for (const file of ['/etc/resolv.conf', '/etc/hosts'])
    if (existsSync(file)) cpSync(file, path.join(root, file), { dereference: true });
  return root;
}

function programOf(name: string): string {
  return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
}

/** How npm reaches its registry here: the address, and who signs it. */
function npmEnvironment(root: string): NodeJS.ProcessEnv {
  const of = (key: string): string =>
    execFileSync('npm', ['config', 'get', key], { cwd: root, encoding: 'utf8' }).trim();
  const authorities = [of('cafile'), process.env.NODE_EXTRA_CA_CERTS ?? ''].find((file) =>
    existsSync(file),
  );
  const inside = '/etc/authorities.pem';
  if (authorities !== undefined)
    cpSync(authorities, path.join(root, inside), { dereference: true });
  const trusted =
    authorities === undefined ? {} : { npm_config_cafile: inside, NODE_EXTRA_CA_CERTS: inside };
  return {
    PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    npm_config_registry: of('registry'),
    ...trusted,
  };
}

/** What a builder is sent: files that git knows or would, without those that .dockerignore names. */
function contextIn(folder: string): string {
  const context = path.join(folder, 'context');
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    },
  );
  const ignored = readFileSync(path.join(PACKAGE_ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('**/'));
  for (const file of listed.split('\0')) {
    const isSent = !ignored.some((one) => file === one || file.startsWith(`${one}/`));
    const from = path.join(PACKAGE_ROOT, file);
    if (file !== '' && isSent && existsSync(from)) cpSync(from, path.join(context, file));
  }
  return context;
}

interface Build {
  readonly context: string;
  readonly base: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of stages that are done. */
  readonly roots: Map<string, string>;
}

function execute(stage: Stage, folder: string, build: Build): string {
  const root = path.join(folder, `stage-${stage.name}`);
  if (stage.image === 'scratch') mkdirSync(root);
  else execFileSync('cp', ['-a', build.base, root]);
  let workdir = '/';
  for (const step of stage.steps) {
    if (step.keyword === 'WORKDIR') {
      workdir = step.text;
      mkdirSync(path.join(root, workdir), { recursive: true });
    } else if (step.keyword === 'COPY') copy(step, root, workdir, build);
    else if (step.keyword === 'RUN') {
      const command = ['chroot', root, '/bin/sh', '-c', `cd ${workdir} && ${step.text}`];
      const { status, stdout, stderr } = inRoot(root, ENTER, build.env, command);
      assert.equal(status, 0, `${step.text}\n${stdout}\n${stderr}`);
    }
  }
  build.roots.set(stage.name, root);
  return root;
}

function copy(step: Step, root: string, workdir: string, { context, roots }: Build): void {
  const from = step.from === null ? context : (roots.get(step.from) ?? assert.fail(step.from));
  for (const { source, target } of copied(step)) {
    const place = path.join(root, path.posix.resolve(workdir, target));
    const there = path.join(from, source);
    mkdirSync(path.dirname(place), { recursive: true });
    cpSync(there, place, { recursive: true, verbatimSymlinks: true });
    if (step.chown !== null) execFileSync('chown', ['-R', step.chown, place]);
  }
}

test('the image builds from its steps, and runs without a root, a shell or a place to write', {
  skip,
}, (t) => {
  const folder = temporaryFolder(t);
  const base = nodeRoot(folder);
  const build = {
    context: contextIn(folder),
    base,
    env: npmEnvironment(base),
    roots: new Map<string, string>(),
  };
  const roots = STAGES.map((stage) => execute(stage, folder, build));
  const [image = ''] = roots.slice(-1);
  const last = STAGES.at(-1) ?? assert.fail('no stage');

  const names = readdirSync(image, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    names.filter((name) => TOOLS.test(path.basename(name)) && !name.startsWith('app/')),
    [],
  );

  const [user = ''] = stepsOf(last, 'USER').map(({ text }) => text);
  const entry = JSON.parse(stepsOf(last, 'ENTRYPOINT')[0]?.text ?? '[]') as readonly string[];
  const env = Object.fromEntries(
    stepsOf(last, 'ENV').flatMap(({ words }) =>
      words.map((word) => [word.replace(/=.*/, ''), word.replace(/^[^=]*=/, '')] as const),
    ),
  );
  const run = (...args: readonly string[]) =>
    inRoot(image, CONFINED, { ...env, PATH: process.env.PATH }, [
      ...['setpriv', '--no-new-privs', '--inh-caps=-all'],
      ...['chroot', `--userspec=${user}`, image, ...entry, ...args],
    ]);
  const version = run('version');
  assert.equal(version.status, 0, version.stderr);
  const model = ['--model', 'v42-immap-read', '--runs', '4096', '--rng-seed', '1'];
  const daemon = run('daemon', '--redis', 'none', '--jobs', '1', '--port', '0', ...model);
  assert.equal(daemon.status, 0, daemon.stderr);
  const elsewhere = run(
    'check',
    '/app/corpus/seeds/b12-fault-vs-punch.txt',
    '--model',
    'v42-immap-read',
    '--data-dir',
    '/app/data',
  );
  assert.equal(elsewhere.status, 3, elsewhere.stderr);
  assert.match(elsewhere.stderr, /read-only file system/);
});
