/**
 * Who may import whom, types included: rules made of the table of rooms, and no circles. `npm run lint` applies them,
 * test/house.test.ts plants what breaks them.
 */
import { patternOf, ROOMS } from './test/support/house/rooms.mjs';

/** The kernel takes a program and a watch, and both are called with the kernel: their types name each other. */
const KNOWN_CIRCLE = '^workers/kernel/(kernel|program|watch)\\.ts$';

const forbidden = [
  rule(
    'no-cycle',
    'no file imports itself in a circle',
    { pathNot: KNOWN_CIRCLE },
    { circular: true },
  ),
  rule('no-such-file', 'imported files and packages exist', {}, { couldNotResolve: true }),
  rule('in-no-room', 'every file is in a room', { pathNot: ROOMS.map(patternOf) }, {}),
  ...ROOMS.flatMap((room) => [fileRule(room), packageRule(room)]),
  ...ROOMS.filter(({ pure }) => pure).map(pureRule),
];

function fileRule(room) {
  const allowed = [room, ...ROOMS.filter(({ name }) => room.imports.includes(name))];
  return rule(
    `${room.name}-imports`,
    `${room.name} may import ${room.imports.join(', ') || 'no other room'}`,
    { path: patternOf(room) },
    { dependencyTypes: ['local'], pathNot: allowed.map(patternOf) },
  );
}

function packageRule(room) {
  const name = `${room.name}-packages`;
  const from = { path: patternOf(room) };
  const { packages } = room;
  if (packages === 'all')
    return rule(name, 'packages are declared', from, { dependencyTypes: ['npm-no-pkg'] });
  if (packages === 'declared')
    return rule(name, `${room.name} may use run-time dependencies`, from, {
      dependencyTypes: ['npm-dev', 'npm-no-pkg'],
    });
  return rule(name, `${room.name} may use ${packages.join(', ') || 'no package'}`, from, {
    dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg'],
    pathNot: packages.map((known) => `(?:^|/)node_modules/${known}/`),
  });
}

function pureRule(room) {
  const from = { path: patternOf(room) };
  return rule(`${room.name}-is-pure`, `${room.name} is pure`, from, { dependencyTypes: ['core'] });
}

function rule(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

export default {
  forbidden,
  options: {
    // TypeScript 7 has no parser that other programs can call.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
