/**
 * What `kubectl kustomize FOLDER` prints, for the few fields of kustomization.yaml that deploy/ uses; any other is an error.
 * No package of npm or Debian 12 has a kustomize: where kubectl or kustomize is on the PATH, a test compares.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { parse, parseAllDocuments } from 'yaml';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Patch {
  readonly target: { readonly kind: string; readonly name?: string };
  readonly patch: string;
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly patches?: readonly Patch[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly files: readonly string[];
  }[];
}

const KNOWN = [
  'apiVersion',
  'kind',
  'resources',
  'patches',
  'configMapGenerator',
  'generatorOptions',
];

export function kustomize(folder: string): readonly Manifest[] {
  const file = path.join(folder, 'kustomization.yaml');
  const said = parse(readFileSync(file, 'utf8')) as Kustomization;
  const strange = Object.keys(said).filter((key) => !KNOWN.includes(key));
  assert.deepEqual(strange, [], `${file}: test/deploy/kustomize.ts does not know these`);
  const resources = (said.resources ?? []).flatMap((name) => resourcesAt(path.join(folder, name)));
  const generated = (said.configMapGenerator ?? []).map(({ name, namespace, files }) => {
    const data = files.map((one) => [one, readFileSync(path.join(folder, one), 'utf8')]);
    const metadata = { name, namespace };
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: Object.fromEntries(data) };
  });
  return (said.patches ?? []).reduce(patched, [...resources, ...generated]);
}

function resourcesAt(place: string): readonly Manifest[] {
  if (statSync(place).isDirectory()) return kustomize(place);
  return parseAllDocuments(readFileSync(place, 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], place);
    return document.toJS() as Manifest;
  });
}

/** JSON 6902 only: what a strategic merge does depends on a schema. */
function patched(all: readonly Manifest[], { target, patch }: Patch): readonly Manifest[] {
  const operations = parse(patch) as readonly Operation[];
  const isMeant = ({ kind, metadata }: Manifest): boolean =>
    kind === target.kind && [undefined, metadata.name].includes(target.name);
  assert.ok(all.some(isMeant), `no ${target.kind} ${target.name ?? ''} to patch`);
  return all.map((one) => (isMeant(one) ? withPatch(one, operations) : one));
}

/** A patch that leads nowhere is an error. */
export function withPatch<T>(document: T, operations: readonly Operation[]): T {
  const copy = jsonPatch.deepClone(document) as T;
  return jsonPatch.applyPatch(copy, [...operations], true).newDocument;
}

export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}
