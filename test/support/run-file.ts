/** Runs one compiled test file in a process of its own and says what happened there. */
import path from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

export interface TestFailure {
  readonly name: string;
  readonly detail: string;
}

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly seconds: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly failures: readonly TestFailure[];
  /** What the file printed; worth reading if something failed. */
  readonly output: string;
}

/** The parts of node:test's events that we read; Node 20, 22 and 24 agree on them. */
interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly skip?: string | boolean;
  readonly details: { readonly type?: string; readonly error?: ReportedError };
}
type ReportedError = Error & { readonly cause?: unknown; readonly failureType?: string };

export async function runFile(file: string, timeoutSeconds: number): Promise<FileResult> {
  const startedMs = performance.now();
  const skipped: { name: string; reason: string }[] = [];
  const failures: TestFailure[] = [];
  let passed = 0;
  let output = '';

  for await (const { type, data } of run({
    files: [file],
    concurrency: 1,
    timeout: timeoutSeconds * 1000,
  })) {
    if (type === 'test:stdout' || type === 'test:stderr') output += data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const event: TestEvent = data;
    const failure = type === 'test:fail' ? failureOf(event) : emptyFileOf(event, file);
    if (failure !== undefined) failures.push(failure);
    else if (type === 'test:fail' || event.details.type === 'suite') continue;
    else if (isSkip(event)) skipped.push({ name: event.name, reason: reasonOf(event) });
    else passed += 1;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  return { file, passed, seconds, skipped, failures, output };
}

function isSkip(event: TestEvent): boolean {
  return event.skip !== undefined && event.skip !== false;
}

function reasonOf(event: TestEvent): string {
  return typeof event.skip === 'string' && event.skip !== '' ? event.skip : 'no reason given';
}

/** A group that fails only because of its members adds nothing to what they say. */
function failureOf(event: TestEvent): TestFailure | undefined {
  const error = event.details.error;
  if (error?.failureType === 'subtestsFailed') return undefined;
  const reported = error?.cause ?? error;
  const detail = reported instanceof Error ? (reported.stack ?? String(reported)) : text(reported);
  return { name: event.name, detail };
}

/** node:test reports a file without tests as one test that passed, named like the file. */
function emptyFileOf(event: TestEvent, file: string): TestFailure | undefined {
  if (event.nesting !== 0 || path.resolve(event.name) !== file) return undefined;
  return { name: path.basename(file), detail: 'has no tests' };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}
