/** What a packed file may be called and hold. */
import path from 'node:path';

/** Names, as they stand in the package; anything else does not belong there. */
const NAMES: readonly RegExp[] = [
  /^(?:package\.json|(?:README|CHANGELOG|CONTRIBUTING)\.md|LICENSE|\.github\/SECURITY\.md)$/,
  /^(?:corpus|workers|daemon|dashboards|deploy)\/README\.md$/,
  /^corpus\/seeds\/[\w-]+\.txt$/,
  /^dashboards\/docs\/(?:[\w-]+\.(?:md|mts)|pictures\/[\w-]+\.svg)$/,
  /^dist\/identity\.json$/,
  /^dist\/bundle\/(?:web\/)?[\w-]+\.js$/,
  /^dist\/types\/(?:corpus|workers)\/[\w/-]+\.d\.ts$/,
  // The workspace, which no registry has.
  /^node_modules\/grafana-dashboards\/(?:package\.json|README\.md|grafana\/[\w-]+\.json|prometheus\/[\w.-]+\.yaml)$/,
];

/** Where execution begins; every other module of the bundle is imported by one of them. */
const PROGRAMS = [
  'main.js',
  'executor-main.js',
  'search-main.js',
  'sweep-main.js',
  'faultline.js',
  'web/campaign.js',
  'web/list.js',
  'web/player.js',
] as const;

const LINK = /\]\((?<target>[^)#:\s]+)(?:#[^)]*)?\)/g;
const IMPORT = /\b(?:from|import) ?\(? ?'\.\/(?<file>[\w-]+\.js)'/g;

/** By name. */
export type Contents = ReadonlyMap<string, string>;

/** @param places of the machine that packs: no file names them */
export function offencesIn(contents: Contents, places: readonly string[]): readonly string[] {
  const names = [...contents.keys()];
  return [
    ...names.filter((name) => !NAMES.some((one) => one.test(name))),
    ...unreached(contents),
    ...[...contents].flatMap(([name, text]) => [
      ...places.filter((place) => text.includes(place)).map((place) => `${name} names ${place}`),
      ...deadLinks(name, text, contents),
    ]),
  ];
}

/** Programs that are not there, and modules of the bundle that none of them imports: left by an older build. */
function unreached(contents: Contents): readonly string[] {
  const reached = new Set<string>(PROGRAMS.map((name) => `dist/bundle/${name}`));
  const missing: string[] = [];
  for (const name of reached) {
    const text = contents.get(name);
    if (text === undefined) missing.push(`${name} is missing`);
    for (const { groups } of text?.matchAll(IMPORT) ?? []) {
      reached.add(`dist/bundle/${groups?.file}`);
    }
  }
  const stale = [...contents.keys()].filter(
    (name) => name.startsWith('dist/bundle/') && !reached.has(name),
  );
  return [...missing, ...stale.map((name) => `nothing imports ${name}`)];
}

/** Of guides, to files of the package. */
function deadLinks(name: string, text: string, contents: Contents): readonly string[] {
  // The workspace's guide stands in `dashboards` as well.
  if (!name.endsWith('.md') || name.startsWith('node_modules/')) return [];
  const targets = [...text.matchAll(LINK)].map(({ groups }) => groups?.target ?? '');
  return targets
    .map((target) => path.posix.join(path.posix.dirname(name), target))
    .filter((target) => !contents.has(target))
    .map((target) => `${name} leads to ${target}`);
}
