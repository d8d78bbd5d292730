/**
 * The house: its rooms, whom each may import, and what a pure room may not touch. A file belongs to the
 * room with the longest prefix of its name.
 */
import { lineOf, type Source, targetOf } from './source.ts';

export interface Offence {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

interface Room {
  readonly name: string;
  /** What the names of its files begin with. */
  readonly prefix: string;
  readonly imports: readonly string[];
  /** Names of packages; `declared`: every run-time dependency; `all`: those for development too. */
  readonly packages: readonly string[] | 'declared' | 'all';
  /** No clock, no chance, no I/O, no waiting: the same answer for the same arguments. */
  readonly pure: boolean;
}

export interface Dependencies {
  readonly declared: readonly string[];
  readonly all: readonly string[];
}

const CORPUS = ['vocabulary', 'breeding', 'disk', 'exchange', 'store'];
const CORE = ['vocabulary', 'kernel'];
const JUDGED = [...CORE, 'model', 'schedulers', 'oracles'];
const RUN = [...JUDGED, 'run'];
const SEARCH = [...RUN, 'models', 'breeding', 'search'];
const ENGINE = [...SEARCH, 'views', 'reproduce', 'batch'];
const CAMPAIGN = [...CORPUS, 'campaign'];
const FLEET = [...CAMPAIGN, 'log', 'redis', 'http', 'coordinator', 'pull', 'service', 'doctor'];
const WIRED = [...ENGINE, 'workers/service', 'bench', ...FLEET];

function pure(
  name: string,
  prefix: string,
  imports: readonly string[],
  packages: readonly string[] = [],
): Room {
  return { name, prefix, imports, packages, pure: true };
}

function open(
  name: string,
  prefix: string,
  imports: readonly string[],
  packages: Room['packages'] = [],
): Room {
  return { name, prefix, imports, packages, pure: false };
}

// biome-ignore format: a table
export const ROOMS: readonly Room[] = [
  pure('vocabulary', 'corpus/vocabulary/', [], ['@noble/hashes']),
  pure('breeding', 'corpus/breeding/', ['vocabulary'], ['fast-check', 'pure-rand']),
  open('disk', 'corpus/disk/', ['vocabulary']),
  open('exchange', 'corpus/exchange/', ['vocabulary'], ['bullmq', 'ioredis', 'prom-client', 'zod']),
  open('store', 'corpus/store/', ['vocabulary', 'breeding', 'disk']),
  pure('kernel', 'workers/kernel/', ['vocabulary']),
  pure('model', 'workers/model/', CORE),
  pure('models', 'workers/models/', [...CORE, 'model']),
  pure('schedulers', 'workers/schedulers/', CORE),
  pure('oracles', 'workers/oracles/', CORE),
  pure('run', 'workers/run/', JUDGED),
  pure('views', 'workers/views/', [...CORE, 'model', 'models', 'oracles']),
  pure('search', 'workers/search/', [...RUN, 'models', 'breeding']),
  pure('reproduce', 'workers/reproduce/', [...SEARCH, 'views']),
  pure('batch', 'workers/batch/', [...SEARCH, 'reproduce']),
  pure('api', 'workers/api/', [...SEARCH, 'views', 'reproduce'], ['fast-check']),
  open('bench', 'workers/bench/', ENGINE, ['fast-check']),
  open('workers/service', 'workers/service/', [...ENGINE, 'disk', 'exchange'], 'declared'),
  pure('campaign', 'daemon/campaign/', CORPUS, ['zod']),
  open('log', 'daemon/log/', [...CORPUS, 'campaign']),
  open('redis', 'daemon/redis/', ['vocabulary', 'disk', 'exchange'], ['ioredis']),
  open('http', 'daemon/http/', [...CAMPAIGN, 'log'], 'declared'),
  open('coordinator', 'daemon/coordinator/', [...CAMPAIGN, 'log'], ['bullmq', 'ioredis']),
  open('pull', 'daemon/pull/', [...CAMPAIGN, 'http', 'redis'], ['zod']),
  open('service', 'daemon/service/', [...CAMPAIGN, 'log', 'http', 'coordinator'], 'declared'),
  open('doctor', 'daemon/doctor/', [...CAMPAIGN, 'log', 'redis', 'http', 'pull'], 'declared'),
  open('cli', 'daemon/cli/', WIRED, 'declared'),
  open('dashboards', 'dashboards/', ['exchange'], ['@grafana/grafana-foundation-sdk']),
  open('examples', 'dashboards/docs/', [], ['faultline']),
  open('page', 'dashboards/web/', ENGINE),
  open('deploy', 'deploy/', [], 'all'),
  open('test', 'test/', [...WIRED, 'api', 'cli', 'dashboards', 'page', 'deploy'], 'all'),
];

export function roomOf(file: string): Room | undefined {
  return ROOMS.filter((room) => file.startsWith(room.prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)
    .at(0);
}

/** `exists` says whether a file of the tree is there. */
export function importOffences(
  source: Source,
  dependencies: Dependencies,
  exists: (file: string) => boolean,
): readonly Offence[] {
  const room = roomOf(source.file);
  if (room === undefined) return [{ file: source.file, line: 1, what: 'is in no room' }];
  return source.imports.flatMap(({ specifier, line }) => {
    const target = targetOf(source.file, specifier);
    const complaint =
      target === undefined
        ? packageComplaint(room, specifier, dependencies)
        : fileComplaint(room, target, exists);
    const what = `imports ${specifier}: ${complaint}`;
    return complaint === undefined ? [] : [{ file: source.file, line, what }];
  });
}

function fileComplaint(
  room: Room,
  target: string,
  exists: (file: string) => boolean,
): string | undefined {
  if (!exists(target)) return 'there is no such file (name it with its .ts)';
  const other = roomOf(target);
  if (other === undefined) return 'that file is in no room';
  if (other === room || room.imports.includes(other.name)) return undefined;
  return `${room.name} may not import ${other.name}`;
}

function packageComplaint(
  room: Room,
  specifier: string,
  dependencies: Dependencies,
): string | undefined {
  if (specifier.startsWith('node:')) return room.pure ? `${room.name} is pure` : undefined;
  const parts = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1);
  const name = parts.join('/');
  const allowed = typeof room.packages === 'string' ? dependencies[room.packages] : room.packages;
  return allowed.includes(name) ? undefined : `${room.name} may not use ${name}`;
}

const IMPURE: readonly RegExp[] = [
  /(?<![\w$.])(?:Date|Promise|globalThis|performance|WeakRef)\b(?!\s*:)/g,
  /(?<![\w$.])(?:async|await)\b(?!\s*[:,.)\]}=])/g,
  /(?<![\w$.])Math\s*\.\s*random\b/g,
  /(?<![\w$.])(?:console|crypto)\s*(?:\?\.|\.|\[)\s*\w*/g,
  /(?<![\w$.])(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require)\s*\(/g,
];
/** A simulated process is a word of ours, so only what Node's `process` has gives it away. */
const PROCESS_MEMBER = /(?<![\w$.])process\s*(?:\?\.|\.)\s*(\w+)/g;

export function purityOffences(source: Source): readonly Offence[] {
  if (roomOf(source.file)?.pure !== true) return [];
  const members = [...source.code.matchAll(PROCESS_MEMBER)].filter((m) => (m[1] ?? '') in process);
  const found = [...IMPURE.flatMap((pattern) => [...source.code.matchAll(pattern)]), ...members];
  return found.map((match) => {
    const line = lineOf(source.text, match.index);
    return { file: source.file, line, what: `a pure room uses ${match[0].trim()}` };
  });
}
