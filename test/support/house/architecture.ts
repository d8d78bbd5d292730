/** The rooms as their imports are, drawn: dashboards/docs/architecture.md has it. */
import type { Room } from './tools.ts';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const COLUMNS = ['corpus', 'workers', 'daemon'];
const OTHERS = 'others';

/**
 * A line a room, the highest floor first: a room imports none but lower ones. What a room imports through another that it
 * imports is left out.
 *
 * @param files what each file imports
 */
export function drawRooms(
  files: ReadonlyMap<string, readonly string[]>,
  rooms: readonly Room[],
): string {
  const graph = graphOf(files, rooms);
  const drawn = rooms
    .filter(({ name }) => graph.has(name))
    .map((room) => ({ room, floor: floorOf(room.name, graph) }))
    .sort((a, b) => b.floor - a.floor || columnOf(a.room) - columnOf(b.room));
  const heads = ['floor', ...COLUMNS, OTHERS, 'imports'];
  const lines = drawn.map(({ room, floor }) => {
    const cells = heads.map(() => '');
    cells[0] = String(floor).padStart('floor'.length);
    cells[1 + columnOf(room)] = room.name;
    cells[heads.length - 1] = nearest(room.name, graph).join(', ');
    return cells;
  });
  const widths = heads.map((_, i) =>
    Math.max(...[heads, ...lines].map((row) => row[i]?.length ?? 0)),
  );
  const drawLine = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [heads, ...lines].map(drawLine).join('\n');
}

function graphOf(files: ReadonlyMap<string, readonly string[]>, rooms: readonly Room[]): Graph {
  const byLength = [...rooms].sort((a, b) => b.prefix.length - a.prefix.length);
  const roomOf = (file: string): string =>
    byLength.find(({ prefix }) => file.startsWith(prefix))?.name ?? '';
  const graph = new Map<string, Set<string>>();
  for (const [file, imported] of files) {
    const room = roomOf(file);
    const others = graph.get(room) ?? new Set();
    graph.set(room, others);
    for (const other of imported.map(roomOf)) if (other !== room) others.add(other);
  }
  return graph;
}

function floorOf(room: string, graph: Graph): number {
  return Math.max(-1, ...[...(graph.get(room) ?? [])].map((other) => floorOf(other, graph))) + 1;
}

function nearest(room: string, graph: Graph): readonly string[] {
  const imported = [...(graph.get(room) ?? [])];
  const isReachedBy = (from: string, other: string): boolean =>
    [...(graph.get(from) ?? [])].some((next) => next === other || isReachedBy(next, other));
  return imported.filter((other) => !imported.some((from) => isReachedBy(from, other))).sort();
}

function columnOf({ prefix }: Room): number {
  const column = COLUMNS.findIndex((folder) => prefix.startsWith(`${folder}/`));
  return column < 0 ? COLUMNS.length : column;
}
