/**
 * An order of locks as a picture: an arrow from each lock to what is asked for under it, those that close a cycle in red.
 * Locks stand in layers, each below all that come before it. Pure.
 */

import type { Workload } from '../../corpus/vocabulary/input.ts';
import { THREAD_NAMES } from '../../corpus/vocabulary/names.ts';
import type { Model } from '../kernel/path.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import { compile } from '../model/compile.ts';
import { lint } from '../model/lint.ts';
import { canonicalReference } from '../models/registry.ts';
import { lockEdges } from './lock-edges.ts';
import { element, picture, type Svg } from './svg.ts';
import { wrap } from './wrap.ts';

interface Edge {
  readonly from: string;
  readonly to: string;
  /** Who asks: paths, or steps of a run. */
  readonly by: readonly string[];
}

const BOX = { width: 176, height: 30 };
const GAP = { x: 36, y: 56 };
const MARGIN = 16;
const LINE = 17;
/** Characters of a line of text. */
const LINE_MAX = 92;
const WIDTH_MIN = 700;

/** The order that the paths of a model have. */
export function renderModelGraph(model: Model): Svg {
  const edges = lint(model).orders.flatMap(({ path, edges }) =>
    edges.map(({ held, asked }) => ({ from: held, to: asked, by: [path] })),
  );
  return graph(`${canonicalReference(model)}: which locks its paths ask for under which`, edges);
}

/** The order in which the threads of a run ask. */
export function renderRunGraph(model: Model, workload: Workload, rows: readonly TraceRow[]): Svg {
  const program = compile(model);
  const nameOf = (cls: number): string => program.lockNames[cls] ?? 'lock';
  const edges = lockEdges(program, workload, rows).map(({ held, asked, askedAt }) => ({
    from: nameOf(held),
    to: nameOf(asked),
    by: [`${THREAD_NAMES[askedAt.thread]} in step ${askedAt.step}`],
  }));
  return graph(`${canonicalReference(model)}: which locks this run asks for under which`, edges);
}

function graph(title: string, all: readonly Edge[]): Svg {
  const edges = merged(all);
  const bad = edges.filter((edge) => isInCycle(edge, edges));
  const sound = edges.filter((edge) => !bad.includes(edge));
  const layers = layersOf(edges, bad);
  const says = bad.length === 0 ? ['No cycle.'] : bad.map(sentence);
  const text = [title, ...says].flatMap((one) => wrap(one, '  ', LINE_MAX));
  const across = Math.max(1, ...layers.map((layer) => layer.length));
  const width = Math.max(WIDTH_MIN, 2 * MARGIN + across * (BOX.width + GAP.x));
  const top = MARGIN + LINE * (text.length + 1);
  const places = new Map(
    layers.flatMap((layer, row) =>
      layer.map((name, i) => {
        const x = width / 2 + (i - (layer.length - 1) / 2) * (BOX.width + GAP.x);
        return [name, { x, y: top + row * (BOX.height + GAP.y) }] as const;
      }),
    ),
  );
  const height = top + layers.length * (BOX.height + GAP.y) + MARGIN;
  return picture(width, height, title, says.join(' '), [
    ...text.map((one, i) =>
      element(
        'text',
        { x: MARGIN, y: MARGIN + LINE * (i + 0.7), class: i === 0 ? 'head' : undefined },
        one,
      ),
    ),
    ...edges
      .filter((edge) => bad.includes(edge) || !isImplied(edge, sound))
      .map((edge) => arrow(edge, bad.includes(edge), places)),
    ...[...places].flatMap(([name, place]) => box(name, place)),
  ]);
}

function sentence({ from, to, by }: Edge): string {
  return `In a cycle: ${to} is asked for under ${from} by ${by.join(', ')}.`;
}

function merged(edges: readonly Edge[]): readonly Edge[] {
  const all = new Map<string, Edge>();
  for (const { from, to, by } of edges) {
    const before = all.get(`${from} ${to}`)?.by ?? [];
    all.set(`${from} ${to}`, { from, to, by: [...new Set([...before, ...by])] });
  }
  return [...all.values()];
}

/** A way leads back from where it ends to where it begins. */
function isInCycle({ from, to }: Edge, edges: readonly Edge[]): boolean {
  const reached = new Set([to]);
  for (const name of reached) {
    for (const edge of edges) if (edge.from === name) reached.add(edge.to);
  }
  return reached.has(from);
}

/** Another way leads there as well: the picture is that of the order. */
function isImplied({ from, to }: Edge, edges: readonly Edge[]): boolean {
  const others = edges.filter((edge) => edge.from !== from || edge.to !== to);
  const reached = new Set([from]);
  for (const name of reached) {
    for (const edge of others) if (edge.from === name) reached.add(edge.to);
  }
  return reached.has(to);
}

/** Each lock below those that it is asked for under, as far as no cycle says otherwise. */
function layersOf(edges: readonly Edge[], bad: readonly Edge[]): readonly (readonly string[])[] {
  const names = [...new Set(edges.flatMap(({ from, to }) => [from, to]))];
  const sound = edges.filter((edge) => !bad.includes(edge));
  // In a cycle, what is asked for most often comes last.
  const depth = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round++) {
    for (const { from, to } of sound) {
      depth.set(to, Math.max(depth.get(to) ?? 0, (depth.get(from) ?? 0) + 1));
    }
    for (const { from, to } of bad) {
      if (from === to || names.indexOf(from) > names.indexOf(to)) continue;
      depth.set(to, Math.max(depth.get(to) ?? 0, (depth.get(from) ?? 0) + 1));
    }
  }
  const last = Math.max(0, ...depth.values());
  return Array.from({ length: last + 1 }, (_, layer) =>
    names.filter((name) => depth.get(name) === layer),
  ).filter((layer) => layer.length > 0);
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function box(name: string, { x, y }: Place): readonly Svg[] {
  const { width, height } = BOX;
  return [
    element('rect', { class: 'box', x: x - width / 2, y, width, height, rx: 5 }),
    element('text', { x, y: y + height * 0.64, 'text-anchor': 'middle' }, name),
  ];
}

function arrow({ from, to, by }: Edge, isBad: boolean, places: ReadonlyMap<string, Place>): Svg {
  const start = places.get(from) ?? { x: 0, y: 0 };
  const end = places.get(to) ?? start;
  const title = element('title', {}, `${to} under ${from}: ${by.join(', ')}`);
  return element(
    'path',
    { class: isBad ? 'edge inversion' : 'edge', d: wayOf(start, end, isBad) },
    [title],
  );
}

/**
 * Down from box to box; where a box may lie between, and up, around it: what closes a cycle goes up on the right and down
 * on the left. The tip is drawn where it ends.
 */
function wayOf(start: Place, end: Place, isBad: boolean): string {
  if (end.y > start.y && !isBad) {
    const [y0, y1] = [start.y + BOX.height, end.y];
    const bend = (y1 - y0) / 2;
    return `M${start.x} ${y0}C${start.x} ${y0 + bend} ${end.x} ${y1 - bend} ${end.x} ${y1}m-4 -7l4 7l4 -7`;
  }
  const side = end.y > start.y ? -1 : 1;
  const [y0, y1] = [start.y + BOX.height / 2, end.y + BOX.height / 2];
  const [x0, x1] = [start.x, end.x].map((x) => x + (side * BOX.width) / 2) as [number, number];
  const bulge = 24 + Math.abs(y1 - y0) / 4;
  const out = side * (Math.max(x0 * side, x1 * side) + bulge);
  return `M${x0} ${y0}C${out} ${y0} ${out} ${y1} ${x1} ${y1}m${7 * side} -4l${-7 * side} 4l${7 * side} 4`;
}
