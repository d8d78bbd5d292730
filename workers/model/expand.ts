/**
 * From a text to a model: what it extends, its parts, toggles and edits are put together into the paths that compile.ts
 * takes. The result is the canonical form: it is hashed, and it travels. Pure.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { JsonPath } from '../../corpus/vocabulary/json-text.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { OP_KINDS, OPERATIONS } from '../../corpus/vocabulary/ops.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { OwnLock } from '../kernel/locks.ts';
import { MM_NEEDS } from '../kernel/needs.ts';
import { type Model, type Need, type Path, pathsThatRun } from '../kernel/path.ts';
import { BodyMaker, type PartOf, type Scope, type View } from './bodies.ts';
import { checkModel } from './check-model.ts';
import type { Wording } from './check-paths.ts';
import { checkDefinitions } from './definitions.ts';
import { type Draft, finished, writtenOf } from './draft.ts';
import { applyEdit, type Missing, missingText, type Naming } from './edits.ts';
import { chosenIn, type Layer, layersOf } from './layers.ts';
import { type Locks, lockNamed, stepsInNeed } from './names.ts';
import { Report } from './report.ts';
import {
  type Definition,
  type Library,
  type NeedLine,
  NOTHING,
  type Place,
  type Source,
} from './source.ts';
import { lockText, stepText } from './spelling.ts';
import { choicesOf, type Toggles } from './toggles.ts';

const OPTIONAL: readonly string[] = OP_KINDS.filter((kind) => OPERATIONS[kind].isOptional);
/** What fsync owes, by the words of `owes`. */
const OWED = ['written', 'mapped'];

/**
 * @param report what reading the text has found already
 * @throws Refusal MODEL_INVALID with every problem of the text, with these toggles
 */
export function expand(
  source: Source,
  toggles: Toggles,
  library: Library,
  report: Report = new Report(source.file),
): Model {
  const layers = layersOf(source, toggles, library, report);
  const commons = layers.filter((layer) => library.common.includes(layer.source)).length;
  return new Expansion(layers, commons, report).model();
}

class Expansion {
  private readonly layers: readonly Layer[];
  private readonly reports: readonly Report[];
  /** The last layers, which every model has. */
  private readonly commons: number;
  private readonly locks: Locks;
  /** Every path, its edits made. */
  private readonly drafts = new Map<string, readonly Draft[]>();
  private readonly missing: Missing[] = [];
  /** Of what is no node, by its path in the model: `order.1`, `paths.punch`. */
  private readonly headSpots = new Map<string, Place>();
  private readonly pathNames: readonly string[];
  private readonly partNames: readonly string[];

  /** @param report of the most derived text; what is wrong in another is refused with that one's file */
  constructor(layers: readonly Layer[], commons: number, report: Report) {
    this.layers = layers;
    this.commons = commons;
    this.reports = layers.map(({ source }, i) => (i === 0 ? report : new Report(source.file)));
    this.locks = locksOf(layers);
    const named = (definitions: (layer: Layer) => readonly Definition[]): readonly string[] => [
      ...new Set(layers.flatMap((layer) => definitions(layer).map(({ name }) => name.text))),
    ];
    const lacks = layers.flatMap((layer, i) => this.lackedBy(layer, i));
    this.pathNames = named(({ source, toggles }) => chosenIn(source.paths, toggles)).filter(
      (name) => !lacks.includes(name),
    );
    this.partNames = named(({ source, toggles }) => chosenIn(source.parts, toggles));
  }

  model(): Model {
    // What could not be read is missing below, and would be complained of for that.
    const isRead = this.problems() === 0;
    if (!isRead && this.isBaseLost()) this.reports[0]?.end();
    const head = this.head();
    const inHead = this.problems();
    this.checkEditedPaths();
    checkDefinitions(this.layers, this.reports);
    const all = Object.fromEntries(this.pathNames.map((name) => [name, this.path(name)]));
    for (const one of this.missing) {
      one.report.add(one.anchor.name.spot, missingText(one, this.drafts));
    }
    // Of a base, what the edits leave nobody to call.
    const running = pathsThatRun(all);
    const paths = Object.fromEntries(Object.entries(all).filter(([name]) => running.has(name)));
    const isWhole = isRead && this.problems() === inHead;
    const model = isWhole ? this.checked({ ...head, paths }) : null;
    this.checkBase();
    for (const report of this.reports) report.end();
    assert(model !== null, 'a model without problems');
    return model;
  }

  /** Without a base, what every model has lacks the parts that a base would give it. */
  private checkBase(): void {
    const { source } = this.layers[0] as Layer;
    const isTheirs = this.reports.slice(1).some(({ count }) => count > 0);
    if (source.extends !== null || !isTheirs) return;
    const what = 'names no base, and lacks what every model needs: add a line `extends NAME`';
    this.reports[0]?.add(source.name.spot, what);
  }

  /** What it extends is not there: nothing below says anything. */
  private isBaseLost(): boolean {
    const { source } = this.layers[0] as Layer;
    const own = source.extends !== null && source.extends.text !== NOTHING;
    return own && this.layers.length === 1 + this.commons;
  }

  private problems(): number {
    return this.reports.reduce((sum, { count }) => sum + count, 0);
  }

  /** Operations of its base, or of every model, that a text takes away. */
  private lackedBy({ source }: Layer, layer: number): readonly string[] {
    for (const { text, spot } of source.lacks) {
      if (OPTIONAL.includes(text)) continue;
      const what = `no operation that a model may lack is called "${printable(text)}"`;
      const known = `there are ${OPTIONAL.join(', ')}`;
      this.reports[layer]?.add(spot, `${what}${nearestHint(text, OPTIONAL)}; ${known}`);
    }
    return source.lacks.map(({ text }) => text);
  }

  private head(): Omit<Model, 'paths'> {
    const { source, toggles } = this.layers[0] as Layer;
    const base = source.extends === null ? undefined : this.layers[1]?.source;
    const options = Object.fromEntries(choicesOf(source));
    const needs = this.needs();
    return {
      format: 1,
      name: source.name.text,
      title: source.title ?? (base === undefined ? '' : `changes ${base.name.text}`),
      comment: source.comment ?? '',
      origin: {
        kernel: this.nearest((one) => one.kernel) ?? 'none',
        sources: this.nearest((one) => (one.from.length > 0 ? one.from : null)) ?? [],
      },
      options,
      toggles: Object.fromEntries(Object.keys(options).map((name) => [name, toggles[name] ?? ''])),
      locks: this.locks.locks,
      order: this.order(),
      durability: this.owed().includes('mapped'),
      expect: {
        find: this.rows('expect.find', source.finds, toggles),
        clean: this.rows('expect.clean', source.clean, toggles),
      },
      ...(this.locks.ownLocks.length === 0 ? {} : { ownLocks: this.locks.ownLocks }),
      ...(needs === null ? {} : { needs }),
    };
  }

  private rows(where: string, all: Source['finds'], toggles: Toggles): readonly string[] {
    const chosen = new Map(chosenIn(all, toggles).map((row) => [row.text, row]));
    const rows = [...chosen.values()].toSorted((a, b) => (a.text < b.text ? -1 : 1));
    for (const [i, { spot }] of rows.entries()) this.headSpots.set(`${where}.${i}`, spot);
    return rows.map(({ text }) => text);
  }

  /** What text and model lack together stands where its line does, if that is a line of this text. */
  private checked(model: Model): Model | null {
    const { source } = this.layers[0] as Layer;
    const spotOf = (path: readonly (string | number)[]): Place => {
      let value: unknown = model;
      let spot = source.name.spot;
      path.forEach((key, i) => {
        value = (value as Record<string | number, unknown> | undefined)?.[key];
        const isNode = typeof value === 'object' && value !== null;
        const found =
          (isNode ? writtenOf(value as object)?.spot : undefined) ??
          this.headSpots.get(path.slice(0, i + 1).join('.'));
        if (found?.file === spot.file) spot = found;
      });
      return spot;
    };
    try {
      return checkModel(model, source.file, spotOf, false, this.wording(model));
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'MODEL_INVALID') throw error;
      for (const problem of error.problems) this.reports[0]?.addProblem(problem);
      return null;
    }
  }

  private wording(model: Model): Wording {
    return {
      place: placeName,
      step: (node) => {
        const written = writtenOf(node);
        const isHere = written?.spot.file === this.layers[0]?.source.file;
        return written !== undefined && isHere ? written.said : stepText(model, node);
      },
      lock: (id) => lockText(model, id),
    };
  }

  private nearest<T>(read: (source: Source) => T | null): T | undefined {
    for (const { source } of this.layers) {
      const value = read(source);
      if (value !== null) return value;
    }
    return undefined;
  }

  // ---- paths --------------------------------------------------------------------------------------------

  private path(name: string): Path {
    const first = this.layers.findIndex((layer) => definitionIn(layer, name) !== undefined);
    const definition = definitionIn(this.layers[first] as Layer, name);
    const path = this.maker(first).bodyOf(definition?.body ?? []);
    if (definition !== undefined) this.headSpots.set(`paths.${name}`, definition.name.spot);
    for (let i = first; i >= 0; i--) this.edit(path, name, i);
    this.drafts.set(name, path);
    return finished(path);
  }

  private edit(path: Draft[], name: string, layer: number): void {
    const { source, toggles } = this.layers[layer] as Layer;
    const maker = this.maker(layer);
    const naming: Naming = {
      bodyOf: (body) => maker.bodyOf(body),
      takingOf: (taken) => maker.takingOf(taken),
      matcherOf: (anchor) => maker.matcherOf(anchor),
      testOf: (test) => maker.testOf(test),
      missing: (one) => this.missing.push(one),
      printing: printingOf(source),
      report: this.reports[layer] as Report,
    };
    for (const { paths, edit } of chosenIn(source.edits, toggles)) {
      const named = paths.find(({ text }) => text === name);
      if (named === undefined) continue;
      this.headSpots.set(`paths.${name}`, named.spot);
      applyEdit(path, name, edit, naming);
    }
  }

  private checkEditedPaths(): void {
    for (const [i, { source, toggles }] of this.layers.entries()) {
      const known = this.pathNames;
      for (const { text, spot } of chosenIn(source.edits, toggles).flatMap(({ paths }) => paths)) {
        if (known.includes(text)) continue;
        const hint =
          source.extends === null ? '; a line `extends NAME` names its base' : this.pathHint(text);
        this.reports[i]?.add(spot, `there is no path "${text}" to change${hint}`);
      }
    }
  }

  /** Of a path that there is not with these toggles, or of a part. */
  private pathHint(name: string): string {
    if (this.partNames.includes(name)) return `; it is a part: change it by \`part ${name}: …\``;
    for (const { source } of this.layers) {
      if (source.lacks.some(({ text }) => text === name)) return `; ${source.name.text} lacks it`;
      const found = source.paths.find(({ value }) => value.name.text === name);
      if (found === undefined || found.when.length === 0) continue;
      const when = found.when.map(({ toggle, values }) => `${toggle.text}=${values[0]?.text}`);
      return `; ${source.name.text} has it with ${when.join(',')}`;
    }
    return nearestHint(name, this.pathNames);
  }

  private maker(layer: number): BodyMaker {
    const { pathNames, partNames } = this;
    const scope: Scope = {
      ...this.viewOf(layer),
      partOf: (name) => this.partOf(name),
      partNames,
      isPath: (name) => pathNames.includes(name),
      pathNames,
    };
    return new BodyMaker(scope);
  }

  /** A text knows its own names, and those of what it extends. */
  private viewOf(layer: number): View {
    const own = this.layers.slice(layer);
    const toggles = Object.assign({}, ...own.map((one) => one.toggles).toReversed()) as Toggles;
    return { toggles, locks: locksOf(own), report: this.reports[layer] as Report };
  }

  private partOf(name: string): PartOf | undefined {
    for (const [i, { source, toggles }] of this.layers.entries()) {
      const definition = chosenIn(source.parts, toggles).find((one) => one.name.text === name);
      if (definition !== undefined) return { definition, view: this.viewOf(i) };
    }
    return undefined;
  }

  // ---- the head -----------------------------------------------------------------------------------------

  private order(): readonly string[] {
    const layer = this.layers.findIndex(({ source }) => source.order.length > 0);
    const { source, toggles } = this.layers[layer] ?? { source: null, toggles: {} };
    const chains: string[] = [];
    for (const { text, spot } of chosenIn(source?.order ?? [], toggles)) {
      const words = text.split(/\s*->\s*/);
      const names = words.flatMap((word) => {
        const found = lockNamed(word, this.viewOf(Math.max(0, layer)).locks, false);
        if ('name' in found) return found.name;
        this.reports[layer]?.add(spot, found.problem);
        return [];
      });
      if (names.length < words.length) continue;
      this.headSpots.set(`order.${chains.length}`, spot);
      chains.push(names.join(' -> '));
    }
    return chains;
  }

  private owed(): readonly string[] {
    const layer = this.layers.findIndex(({ source }) => source.owes.length > 0);
    const { source, toggles } = this.layers[layer] ?? { source: null, toggles: {} };
    return chosenIn(source?.owes ?? [], toggles).map(({ text, spot }) => {
      if (!OWED.includes(text)) {
        this.reports[layer]?.add(spot, `fsync owes what is ${OWED.join(' or ')}, not "${text}"`);
      }
      return text;
    });
  }

  /** Null, for the standard ones, where no text but the common one declares any. */
  private needs(): readonly Need[] | null {
    const isDeclared = this.layers.some(
      ({ source }, i) => i < this.layers.length - this.commons && source.needs.length > 0,
    );
    if (!isDeclared) return this.layers[0]?.source.needsNothing === true ? [] : null;
    const declared = this.layers
      .map(({ source, toggles }, i) =>
        chosenIn(source.needs, toggles).flatMap((line) => this.need(line, this.viewOf(i))),
      )
      .toReversed()
      .flat();
    const all = this.commons === 0 ? declared : [...MM_NEEDS, ...declared];
    // Of the same step and lock, the most derived text is the one to cite.
    return [
      ...new Map(all.map((need) => [`${need.step} ${need.lock} ${need.mode}`, need])).values(),
    ];
  }

  private need({ steps, lock, mode, source }: NeedLine, { locks, report }: View): readonly Need[] {
    const found = lockNamed(lock.text, locks, false);
    if ('problem' in found) report.add(lock.spot, found.problem);
    const id = 'name' in found ? found.name : null;
    const needs = steps.flatMap(({ text, spot }) => {
      const found = stepsInNeed(text);
      if ('names' in found) {
        return id === null ? [] : found.names.map((step) => ({ step, lock: id, mode, source }));
      }
      report.add(spot, found.problem);
      return [];
    });
    return needs;
  }
}

/** What prints the paths that a text changes. */
function printingOf({ extends: base }: Source): string {
  return `\`faultline models ${printable(base?.text ?? 'REF', 200)} --expanded\``;
}

/** Of a path its name: where in it, the spot says. */
function placeName([head, name]: JsonPath): string {
  return head === 'paths' && name !== undefined ? String(name) : '';
}

function definitionIn({ source, toggles }: Layer, name: string): Definition | undefined {
  return chosenIn(source.paths, toggles).find((one) => one.name.text === name);
}

/** The most derived name of each class; own locks of every text, the deepest first. */
function locksOf(layers: readonly Layer[]): Locks {
  const sources = layers.map(({ source }) => source).toReversed();
  const locks = Object.fromEntries(
    sources.flatMap((source) => source.locks.map(({ lock, name }) => [lock.text, name])),
  );
  const ownLocks = sources.flatMap((source) =>
    source.ownLocks.map(
      ({ name, per }): OwnLock => ({ name: name.text, per: per.text as OwnLock['per'] }),
    ),
  );
  return { locks, ownLocks };
}
