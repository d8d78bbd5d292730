/** Operations played in a machine with the recorder on: what the kernel does in each. */
import { at } from '../../../corpus/vocabulary/assert.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { parseInput } from '../../../corpus/vocabulary/text.ts';
import { linesText, opLine, opsOf, setupLines } from '../conform/cases.ts';
import { FILE_SYSTEMS, type FileSystemName, MOUNTED, mountScript } from '../file-systems.ts';
import { addModule, type HeadersPlace, headersOf, loadText } from '../headers.ts';
import type { Machine } from '../machine.ts';
import type { KernelImage } from '../packages.ts';
import { HUGE_PAGE, hugeArea, hugeWorkload } from './huge.ts';
import { BadRecord, notate, type Trace } from './notation.ts';
import { inputOf, OPERATIONS, type Played, STATES } from './operations.ts';

const MODULE = 'faultline_trace';
const RECORDER = `/proc/${MODULE}`;
/** The page that every other trace is about. */
const PAGE = 1;
/** Once a machine; a field or function that the kernel does not have is said. */
const LOAD = `[ -e ${RECORDER} ] || ${loadText(MODULE)} || exit 1\n`;
/** A time of access is brought up to date once a day: where it is, that says nothing about the path. */
const WITHOUT_ACCESS_TIMES = `mount -o remount,noatime ${MOUNTED} || exit 1\n`;
const SECONDS_A_SCRIPT = 600;

/** For `bootLab`: puts the module, built for its kernel, and what loads it into the root folder. */
export function withRecorder(
  guestDir: string,
  isDebians: boolean,
  place: HeadersPlace,
): (root: string, image: KernelImage) => Promise<void> {
  return async (root, image) => {
    const headers = await headersOf(image, isDebians, place);
    await addModule({ guestDir, folder: 'trace', name: MODULE }, root, headers, place.env);
  };
}

export interface Recorded {
  readonly played: Played;
  readonly trace: Trace;
}

export interface Recording {
  readonly traces: readonly Recorded[];
  /** What the kernel does not have: functions, and fields of its type information. */
  readonly lacking: readonly string[];
}

/** @throws Refusal ENVIRONMENT if the recorder does not record */
export async function record(
  machine: Machine,
  fileSystem: FileSystemName,
  played: readonly Played[],
): Promise<Recording> {
  const { canShare } = FILE_SYSTEMS[fileSystem];
  const cases = played.map((one, i) => caseText(one, i, canShare)).join('');
  const prepare = `${mountScript(fileSystem)}${WITHOUT_ACCESS_TIMES}${LOAD}`;
  const script = `${prepare}/play ${MOUNTED} ${RECORDER} <<'CASES'\n${cases}CASES\n`;
  const { status, output } = await machine.run(script, SECONDS_A_SCRIPT);
  const [before = '', ...records] = output.replaceAll('\r', '').split(/^case \d+\n/m);
  if (status !== 0 || records.length !== played.length) {
    throw fail('ENVIRONMENT', {
      what: `the recorder ended with ${status} after ${records.length} of ${played.length} operations: ${output.trim().slice(-400)}`,
      remedy: 'type `faultline lab boot -v` to see whether the machine comes up',
    });
  }
  const traces = played.map((one, i) => ({ played: one, trace: traceOf(one, at(records, i)) }));
  return { traces, lacking: lackingIn(before) };
}

function traceOf([operation, state]: Played, text: string): Trace {
  try {
    return notate(text, operation);
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    throw fail('ENVIRONMENT', {
      what: `${operation} ${state}: ${error.message}`,
      remedy: 'the recorder in deploy/lab/guest/trace says in its comments what it takes',
    });
  }
}

const LACKING = /^(?:\? (?<name>\S+)|offsets: (?:no field )?(?<field>.+))$/;

function lackingIn(said: string): readonly string[] {
  return said.split('\n').flatMap((line) => {
    const { name, field } = LACKING.exec(line)?.groups ?? {};
    return name ?? field ?? [];
  });
}

function caseText([operation, state]: Played, number: number, canShare: boolean): string {
  const workload = workloadOf(operation, state);
  const traced = OPERATIONS[operation];
  const area = traced === undefined ? hugeArea(operation) : Number(traced.isOfArea1 === true);
  const page = traced === undefined ? HUGE_PAGE : PAGE;
  const ops = opsOf(workload);
  const last = at(ops, ops.length - 1);
  return linesText([
    `case ${number}`,
    ...setupLines(workload),
    ...(canShare ? ['clone'] : []),
    ...ops.slice(0, -1).map(({ op, value }) => opLine(op, value)),
    ...(traced?.isDirect === true ? ['direct'] : []),
    `record ${area} ${page}`,
    opLine({ ...last.op, ...traced?.onKernel }, last.value),
    'end',
  ]);
}

function workloadOf(operation: string, state: string): Workload {
  const huge = hugeWorkload(operation, state);
  if (huge !== null) return huge;
  const [traced, start] = [OPERATIONS[operation], STATES[state]];
  if (traced === undefined || start === undefined)
    throw fail('USAGE', { what: `there is no operation ${operation} in state ${state}` });
  return parseInput(inputOf(traced, start), `${operation} ${state}`);
}
