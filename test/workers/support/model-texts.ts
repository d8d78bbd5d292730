/** Texts of models, opened as somebody gives them, and what is wrong with them. */
import assert from 'node:assert/strict';
import { Refusal } from '../../../corpus/vocabulary/errors.ts';
import type { Model, Path } from '../../../workers/kernel/path.ts';
import { modelOfText } from '../../../workers/model/open.ts';
import { LIBRARY } from '../../../workers/models/registry.ts';

export const opened = (text: string, setting: string | null = null): Model =>
  modelOfText(text, 'mine.model', setting, LIBRARY);

/** A model that changes XFS. */
export const changed = (...lines: readonly string[]): string =>
  ['faultline model 1', 'name mine', 'extends xfs-mmaplock-prezero', ...lines, ''].join('\n');

export function problemsOf(text: string): readonly string[] {
  try {
    opened(text);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.problems.map(({ line, column, what }) => `${line}:${column}: ${what}`);
  }
  return [];
}

export const flat = (body: Path): readonly string[] =>
  body.flatMap((node): readonly string[] => {
    if ('step' in node) return [node.lock === undefined ? node.step : `${node.step}(${node.lock})`];
    if ('when' in node) return [`if ${node.when}`, ...flat(node.then), ...flat(node.else ?? [])];
    if ('loop' in node) return [`while ${node.loop}`, ...flat(node.body)];
    if ('block' in node) return [`block ${node.block}`, ...flat(node.body)];
    if ('leave' in node) return [`leave ${node.leave}`];
    return 'retry' in node ? [`retry ${node.retry}`] : [`${node.call}()`];
  });
export const pathOf = (name: string, text: string): readonly string[] =>
  flat(opened(text).paths[name] ?? []);
