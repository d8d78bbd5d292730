/**
 * Digests of the engine that judges and of the build that reports. They cover what code means: a comment changes
 * neither. deploy/start/identity.mjs has the table of what each covers, and writes the file that this one reads.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { isJsonObject, readJson } from '../../corpus/vocabulary/json.ts';
import { BUILD_AGAIN, PACKAGE_ROOT } from './installation.ts';

interface Identity {
  readonly engine: string;
  readonly build: string;
}

const FILE = path.join(PACKAGE_ROOT, 'dist/identity.json');
const DIGEST = /^[0-9a-f]{64}$/;

let known: Identity | undefined;

/** Two builds with one engine digest give one verdict on a repro. */
export function engineDigest(): string {
  return identity().engine;
}

/** Only workers of one build take the batches that it planned. */
export function buildDigest(): string {
  return identity().build;
}

/** @throws Refusal ENVIRONMENT */
function identity(): Identity {
  known ??= readIdentity();
  return known;
}

function readIdentity(): Identity {
  const value = readJson(textOf(FILE));
  const { engine, build } = isJsonObject(value) ? value : {};
  if (isDigest(engine) && isDigest(build)) return { engine, build };
  throw unfit('holds no digests');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unfit(error instanceof Error ? error.message : String(error));
  }
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value);
}

function unfit(why: string): Error {
  return fail('ENVIRONMENT', { what: `cannot read ${FILE}: ${why}`, remedy: BUILD_AGAIN });
}
