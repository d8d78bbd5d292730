/**
 * The house: its rooms, and what each may import. A file belongs to the room with the longest prefix of its name.
 * `.dependency-cruiser.mjs` makes rules of this table, `architecture.ts` draws it. Plain JavaScript, because
 * `npm run lint` reads it without a build.
 *
 * @typedef {object} Room
 * @property {string} name
 * @property {string} prefix what the names of its files begin with
 * @property {readonly string[]} imports rooms, by name
 * @property {readonly string[] | 'declared' | 'all'} packages by name; `declared`: every run-time dependency; `all`:
 *   those for development too
 * @property {boolean} pure no clock, no chance, no I/O, no waiting: the same answer for the same arguments
 */

const CORPUS = ['vocabulary', 'breeding', 'disk', 'exchange', 'store'];
const CORE = ['vocabulary', 'kernel'];
const JUDGED = [...CORE, 'model', 'schedulers', 'oracles'];
const RUN = [...JUDGED, 'run'];
const SEARCH = [...RUN, 'models', 'breeding', 'search'];
const ENGINE = [...SEARCH, 'views', 'reproduce', 'batch'];
const CAMPAIGN = [...CORPUS, 'campaign'];
const FLEET = [...CAMPAIGN, 'log', 'redis', 'http', 'coordinator', 'pull', 'service', 'doctor'];
const WIRED = [...ENGINE, 'workers/service', 'bench', ...FLEET, 'lab'];

/** @returns {Room} */
function pure(name, prefix, imports, packages = []) {
  return { name, prefix, imports, packages, pure: true };
}

/** @returns {Room} */
function open(name, prefix, imports, packages = []) {
  return { name, prefix, imports, packages, pure: false };
}

/** @type {readonly Room[]} */
// biome-ignore format: a table
export const ROOMS = [
  pure('vocabulary', 'corpus/vocabulary/', [], ['@noble/hashes', 'zod']),
  pure('breeding', 'corpus/breeding/', ['vocabulary'], ['fast-check', 'pure-rand']),
  open('disk', 'corpus/disk/', ['vocabulary']),
  open('exchange', 'corpus/exchange/', ['vocabulary'], ['bullmq', 'ioredis', 'prom-client', 'zod']),
  open('store', 'corpus/store/', ['vocabulary', 'breeding', 'disk'], ['zod']),
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
  open('dashboards', 'dashboards/', ['exchange'], ['@grafana/grafana-foundation-sdk', 'yaml']),
  open('examples', 'dashboards/docs/', [], ['faultline']),
  open('page', 'dashboards/web/', [...ENGINE, 'campaign'], ['uplot']),
  open('lab', 'deploy/lab/', [...ENGINE, 'disk', 'redis'], []),
  open('deploy', 'deploy/', [], 'all'),
  open('test', 'test/', [...WIRED, 'api', 'cli', 'dashboards', 'page', 'deploy'], 'all'),
];

/** A regular expression for the names of a room's files. */
export function patternOf({ prefix }) {
  const inner = ROOMS.map((other) => other.prefix).filter(
    (other) => other !== prefix && other.startsWith(prefix),
  );
  const without = inner.map((other) => `(?!${other.slice(prefix.length)})`).join('');
  return `^${prefix}${without}`;
}
