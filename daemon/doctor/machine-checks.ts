/** Whether this machine can carry executors: Node, cores, memory, open files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { codeOf } from '../../corpus/disk/atomic.ts';
import { bad, bytesText, doubtful, fine, type Judgement, noted } from './judgement.ts';

/** `engines` of package.json. */
const NODE_MIN = { major: 20, minor: 19 } as const;

export function judgeNode(version: string): Judgement {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const detail = `Node ${version} on ${process.platform} ${process.arch}`;
  const isEnough = major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor);
  if (isEnough) return fine(detail);
  const wanted = `${NODE_MIN.major}.${NODE_MIN.minor}`;
  return bad(
    `${detail} is older than ${wanted}`,
    `install Node ${wanted} or newer: \`nvm install 22\``,
  );
}

export function lookAtCores(): Judgement {
  return judgeCores(availableParallelism(), coresAllowed('/'));
}

/** @param allowed by the control group, in cores; infinite without a limit */
export function judgeCores(cores: number, allowed: number): Judgement {
  const most = Math.min(cores, allowed);
  const limit =
    allowed < cores ? `, of which the control group allows ${Math.round(allowed * 100) / 100}` : '';
  const detail = `${cores} ${cores === 1 ? 'core' : 'cores'}${limit}`;
  if (most <= 1) {
    const remedy = 'give it two or more: coordinator, Redis and the only executor share this one';
    return doubtful(detail, remedy);
  }
  if (allowed >= cores) return fine(detail);
  return doubtful(detail, `start it with --jobs ${Math.floor(allowed)}, or raise the limit`);
}

/**
 * Cores' worth of time that a control group may take, of version 2 or 1; a container has its own as the root.
 *
 * @param root of the file system
 */
export function coresAllowed(root: string): number {
  const groups = textOf(path.join(root, 'proc/self/cgroup')) ?? '';
  const mount = path.join(root, 'sys/fs/cgroup');
  const limits = [...groups.matchAll(/^\d+:(.*?):(.*)$/gm)].flatMap(
    ([, kinds = '', group = '']) => {
      if (kinds === '') return [group, '/'].map((folder) => quota2(path.join(mount, folder)));
      if (!kinds.split(',').includes('cpu')) return [];
      return [group, '/'].map((folder) => quota1(path.join(mount, kinds, folder)));
    },
  );
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/** `cpu.max`: `max 100000` or `150000 100000`, microseconds in each period. */
function quota2(folder: string): number {
  const [quota, period] = (textOf(path.join(folder, 'cpu.max')) ?? '').trim().split(' ');
  return share(Number(quota), Number(period));
}

/** Two files; without a limit the quota is -1. */
function quota1(folder: string): number {
  const read = (name: string): number => Number(textOf(path.join(folder, name)) ?? Number.NaN);
  return share(read('cpu.cfs_quota_us'), read('cpu.cfs_period_us'));
}

function share(quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

/** Measured: a thread with every built-in model ready and the largest batch in hand. */
const EXECUTOR_BYTES = 150e6;
/** Coordinator and private Redis. */
const BASE_BYTES = 100e6;

/** @param free that can be had without swapping, below the limit of a control group */
export function judgeMemory(free: number, executors: number): Judgement {
  const needed = BASE_BYTES + executors * EXECUTOR_BYTES;
  const forThem = `${executors} ${executors === 1 ? 'executor takes' : 'executors take'}`;
  const detail = `${bytesText(free)} free; ${forThem} about ${bytesText(needed)}`;
  if (free >= needed) return fine(detail);
  const room = Math.floor((free - BASE_BYTES) / EXECUTOR_BYTES);
  if (room >= 1) return doubtful(detail, `start it with --jobs ${room}, or free some memory`);
  return bad(detail, 'free some memory; `ps aux --sort=-rss | head` says who has it');
}

/** Sockets of a busy page and the files of a store stay well below. */
const OPEN_FILES_MIN = 1024;

export function lookAtOpenFiles(): Judgement {
  const limit = openFilesLimit();
  const detail = `${limit === Number.POSITIVE_INFINITY ? 'no limit of' : limit} open files`;
  if (limit >= OPEN_FILES_MIN) return fine(detail);
  const type = 'type `ulimit -n 4096` before you start it (systemd: LimitNOFILE=4096)';
  return doubtful(
    `${detail}, fewer than ${OPEN_FILES_MIN}`,
    `${type}; above the hard limit as root`,
  );
}

/** Of this process: Node has raised the soft limit to the hard one, as it will for the others. */
function openFilesLimit(): number {
  const limits = textOf('/proc/self/limits');
  const words = limits ?? execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  const limit = /^(?:Max open files\s+)?(\d+|unlimited)\b/m.exec(words)?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** What is only needed beside Faultline, and for what. */
const TOOLS: Readonly<Record<string, string>> = {
  git: '`bench --against`',
  spin: 'programs of `show --as promela`',
  gcc: 'SPIN',
};

/** @param folders as in PATH */
export function lookAtTools(folders: string): Judgement {
  const isThere = (name: string): boolean =>
    folders.split(path.delimiter).some((folder) => existsSync(path.join(folder, name)));
  const names = Object.keys(TOOLS);
  const there = names.filter(isThere);
  const missing = names.filter((name) => !there.includes(name));
  const words = [
    ...(there.length === 0 ? [] : [`there: ${there.join(', ')}`]),
    ...missing.map((name) => `no ${name} (for ${TOOLS[name]})`),
  ];
  return noted(words.join('; '));
}

/** Of a file that not every system has. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return null;
  }
}
