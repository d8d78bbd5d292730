/** What each step does to locks, and to the registers that later branches ask, as far as a static walk needs it. */
import { LOCK_CLASSES, type LockId } from '../kernel/locks.ts';
import type { Program } from '../kernel/program.ts';

interface Taken {
  readonly cls: number;
  readonly mode: 'R' | 'W';
}

/** One way that a step may end. */
export interface Outcome {
  readonly takes: readonly Taken[];
  /** Null for a mode that does not matter. */
  readonly drops: readonly { readonly cls: number; readonly mode: 'R' | 'W' | null }[];
  /** It is a defect if what is dropped is not held. */
  readonly isStrict: boolean;
  /** Tests whose answer is known from here on; null for one that is known no longer. */
  readonly facts: readonly (readonly [string, boolean | null])[];
}

export interface Effect {
  /** Classes that the step asks for. */
  readonly asks: readonly number[];
  readonly outcomes: readonly Outcome[];
  /** It may fault on its buffer. */
  readonly faults: boolean;
}

/** Tests that hold until a step below says otherwise. */
export const FACT_TESTS: ReadonlySet<string> = new Set([
  ...['isWrite', 'isPageMkwrite', 'isHandlerFault', 'isPfnMkwrite', 'isCowFault', 'isWpCopy'],
  ...['isHugeFault', 'isHugeSplit'],
  ...['noted', 'hasPage', 'hasFailed', 'mustRetry', 'answerIsYes', 'answerIsNo'],
  // What an operation will do with its range and i_size, which stand still under the inode lock.
  ...['grows', 'shrinks', 'cutsPages'],
]);

const KINDS_OF_FAULT = ['isHandlerFault', 'isPfnMkwrite', 'isCowFault', 'isWpCopy'];
const KINDS_OF_HUGE_FAULT = ['isHugeFault', 'isHugeSplit'];
const FRAME_TESTS = ['isWrite', 'isPageMkwrite', ...KINDS_OF_FAULT];

type Facts = Outcome['facts'];

const ANSWER_OPEN: Facts = [
  ['answerIsYes', null],
  ['answerIsNo', null],
];
const answers = (yes: boolean): Facts => [
  ['answerIsYes', yes],
  ['answerIsNo', !yes],
];
const fault = (kind: 'isHugeFault' | 'isHugeSplit' | null): Facts =>
  [...KINDS_OF_FAULT, ...KINDS_OF_HUGE_FAULT].map((test) => [test, test === kind]);
const failed = (isFailed: boolean): Facts => [['hasFailed', isFailed]];

function outcome(facts: Facts = [], more: Partial<Outcome> = {}): Outcome {
  return { takes: [], drops: [], isStrict: false, facts, ...more };
}

/** Either way. */
const MAY_FAIL = [
  outcome([...ANSWER_OPEN, ...failed(false)]),
  outcome([...ANSWER_OPEN, ...failed(true)]),
];

function cls(id: LockId): number {
  return LOCK_CLASSES.findIndex((lock) => lock.id === id);
}

const PAGE = { cls: cls('pageLock'), mode: 'W' } as const;
const ENTRY = { cls: cls('entryLock'), mode: 'W' } as const;
const HANDLE = { cls: cls('journal'), mode: 'W' } as const;
const RANGE = { cls: cls('rangeLock'), mode: 'W' } as const;
const FREEZE = { cls: cls('freeze'), mode: 'R' } as const;
const MMAP = { cls: cls('mmapSem'), mode: null } as const;
const drop = ({ cls: one }: Taken) => ({ cls: one, mode: null });

const FOUND: Facts = [['hasPage', true]];
const NOT_FOUND: Facts = [['hasPage', false]];

/** Steps that take and drop the extent lock within themselves. */
const UNDER_EXTENT_LOCK: readonly string[] = [
  ...['getBlock', 'allocBlockNew', 'allocBlockUnwritten', 'allocBlockPrezero'],
  ...['allocBlockNeighbours', 'preallocate'],
  ...['getHuge', 'allocHugeNew', 'allocHugeUnwritten', 'allocHugePrezero', 'convertHuge'],
  ...['convertExtent', 'removeExtent', 'unwriteExtent', 'collapseExtents', 'insertExtents'],
  ...['shiftExtentLeft', 'shiftExtentRight'],
];
const FAILING: readonly string[] = [
  ...['claimRange', 'directAccess', 'allocBlockNew', 'allocBlockUnwritten', 'allocBlockPrezero'],
  ...['allocHugeNew', 'allocHugeUnwritten', 'allocHugePrezero'],
  ...[
    'allocBlockNeighbours',
    'linkVma',
    'walkPageTable',
    'findArea',
    'findSharedArea',
    'copyIn',
    'copyOut',
    'copyOutPage',
    'prefault',
  ],
];
/** They wait for an entry and do not take it. */
const WAITING_FOR_ENTRY: readonly string[] = [
  ...[
    'dirtyEntry',
    'dropEntry',
    'dropCleanEntry',
    'dropCleanEntryWakeAll',
    'dropCleanEntryUnlessZero',
    'deleteEntry',
    'checkTowriteUnlocked',
  ],
];
const FAULTING: readonly string[] = ['copyIn', 'copyOut', 'copyOutPage', 'prefault'];

const LOCKS_IF_YES = {
  asks: [ENTRY.cls],
  outcomes: [outcome(answers(true), { takes: [ENTRY] }), outcome(answers(false))],
};

const TAKES_RANGE = { asks: [RANGE.cls], outcomes: [outcome([], { takes: [RANGE] })] };
const DROPS_RANGE = { asks: [], outcomes: [outcome([], { drops: [drop(RANGE)], isStrict: true })] };
/** What a huge fault gives up is the pte handler's. */
const FALLS_BACK: readonly Facts[] = [fault(null), fault('isHugeSplit')];

const TABLE: Readonly<Record<string, Omit<Effect, 'faults'>>> = {
  journalStart: { asks: [HANDLE.cls], outcomes: [outcome([], { takes: [HANDLE] })] },
  journalStop: { asks: [], outcomes: [outcome([], { drops: [drop(HANDLE)], isStrict: true })] },
  sbStartPagefault: { asks: [FREEZE.cls], outcomes: [outcome([], { takes: [FREEZE] })] },
  sbEndPagefault: { asks: [], outcomes: [outcome([], { drops: [drop(FREEZE)], isStrict: true })] },
  lockRangePage: TAKES_RANGE,
  lockRangeUnmap: TAKES_RANGE,
  lockRangeNoLength: TAKES_RANGE,
  unlockRangePage: DROPS_RANGE,
  unlockRangeUnmap: DROPS_RANGE,
  unlockRangeNoLength: DROPS_RANGE,
  lockPage: { asks: [PAGE.cls], outcomes: [outcome(ANSWER_OPEN, { takes: [PAGE] })] },
  tryLockPage: {
    asks: [],
    outcomes: [outcome(answers(true), { takes: [PAGE] }), outcome(answers(false))],
  },
  lockPageOrRetry: {
    asks: [PAGE.cls],
    outcomes: [
      outcome([...ANSWER_OPEN, ['mustRetry', false]], { takes: [PAGE] }),
      outcome([...ANSWER_OPEN, ['mustRetry', true], ['hasFailed', true]], { drops: [MMAP] }),
    ],
  },
  unlockPage: { asks: [], outcomes: [outcome([], { drops: [drop(PAGE)] })] },
  addPage: {
    asks: [],
    outcomes: [
      outcome([...answers(true), ...FOUND], { takes: [PAGE] }),
      outcome([...answers(false), ...FOUND]),
    ],
  },
  mappedPage: { asks: [], outcomes: [outcome(FOUND)] },
  findDirtyPage: { asks: [], outcomes: [outcome(FOUND), outcome(NOT_FOUND)] },
  addZeroPage: {
    asks: [],
    outcomes: [
      outcome([...answers(true), ...FOUND], { takes: [PAGE] }),
      outcome([...answers(false), ...FOUND]),
      outcome([...answers(false), ...NOT_FOUND]),
    ],
  },
  findPage: { asks: [], outcomes: [outcome(FOUND), outcome(NOT_FOUND)] },
  findSlot: { asks: [], outcomes: [outcome(FOUND), outcome(NOT_FOUND)] },
  lockEntry: {
    asks: [ENTRY.cls],
    outcomes: [outcome(FOUND), outcome(NOT_FOUND, { takes: [ENTRY] })],
  },
  lockDirtyEntry: LOCKS_IF_YES,
  lockTowrite: LOCKS_IF_YES,
  lockHuge: LOCKS_IF_YES,
  lockHugeWaiting: LOCKS_IF_YES,
  lockTowriteSkipping: LOCKS_IF_YES,
  unlockEntry: { asks: [], outcomes: [outcome([], { drops: [drop(ENTRY)] })] },
  unlockEntryKeeping: { asks: [], outcomes: [outcome([], { drops: [drop(ENTRY)] })] },
  insertEntry: {
    asks: [],
    // A page becomes an entry that is born locked; an entry is locked already.
    outcomes: [outcome([], { drops: [drop(ENTRY)], takes: [ENTRY] })],
  },
  replaceEntryByPage: {
    asks: [],
    outcomes: [outcome(FOUND, { drops: [drop(ENTRY)], takes: [PAGE] })],
  },
  replaceEntryByPageWakeOne: {
    asks: [],
    outcomes: [outcome(FOUND, { drops: [drop(ENTRY)], takes: [PAGE] })],
  },
  walkPmd: {
    asks: [],
    outcomes: [outcome(fault('isHugeFault')), ...FALLS_BACK.map((facts) => outcome(facts))],
  },
  checkHugeSize: {
    asks: [],
    outcomes: [
      outcome(answers(true)),
      outcome([...answers(false), ...failed(true)]),
      ...FALLS_BACK.map((facts) => outcome([...answers(false), ...facts])),
    ],
  },
  fallBack: {
    asks: [],
    outcomes: FALLS_BACK.map((facts) => outcome([...facts, ...failed(false)])),
  },
  splitHuge: { asks: [], outcomes: [outcome(fault(null))] },
  measureWrite: { asks: [], outcomes: [outcome([['grows', null]])] },
  setSize: {
    asks: [],
    outcomes: [
      outcome([
        ['grows', null],
        ['shrinks', null],
      ]),
    ],
  },
  note: { asks: [], outcomes: [outcome([['noted', true]])] },
  forget: { asks: [], outcomes: [outcome([['noted', false]])] },
  clearResult: {
    asks: [],
    outcomes: [
      outcome([
        ['noted', false],
        ['hasFailed', false],
        ['mustRetry', false],
        ['hasPage', false],
      ]),
    ],
  },
  failSigbus: { asks: [], outcomes: [outcome(failed(true))] },
};

/** @param lock that the step names, by the name that the model's steps use; '' for none */
export function effectOf(step: string, lock: string, program: Program): Effect {
  const faults = FAULTING.includes(step);
  if (lock !== '') return { ...rwsemEffect(step, classOf(lock, program)), faults };
  const row = TABLE[step];
  if (row !== undefined) return { ...row, faults };
  const asks = [
    ...(UNDER_EXTENT_LOCK.includes(step) ? [cls('extentLock')] : []),
    ...(WAITING_FOR_ENTRY.includes(step) ? [ENTRY.cls] : []),
  ];
  if (step === 'walkPageTable') {
    const open: Facts = FRAME_TESTS.map((test) => [test, null]);
    // Without a vma there is no kind of fault.
    const none: Facts = KINDS_OF_FAULT.map((test) => [test, false]);
    return {
      asks,
      faults,
      outcomes: [
        outcome([...ANSWER_OPEN, ...failed(false), ...open]),
        outcome([...ANSWER_OPEN, ...failed(true), ...open, ...none]),
      ],
    };
  }
  return { asks, faults, outcomes: FAILING.includes(step) ? MAY_FAIL : [outcome(ANSWER_OPEN)] };
}

/** A built-in class by its id; a lock of the model's own by its name, which is behind them. */
export function classOf(lock: string, { lockNames }: Program): number {
  const builtIn = LOCK_CLASSES.findIndex(({ id }) => id === lock);
  return builtIn >= 0 ? builtIn : lockNames.lastIndexOf(lock);
}

function rwsemEffect(step: string, one: number): Omit<Effect, 'faults'> {
  const [read, write] = [{ cls: one, mode: 'R' } as const, { cls: one, mode: 'W' } as const];
  switch (step) {
    case 'downRead':
      return { asks: [one], outcomes: [outcome([], { takes: [read] })] };
    case 'downWrite':
      return { asks: [one], outcomes: [outcome([], { takes: [write] })] };
    case 'upRead':
      return { asks: [], outcomes: [outcome([], { drops: [read], isStrict: true })] };
    case 'upWrite':
      return { asks: [], outcomes: [outcome([], { drops: [write], isStrict: true })] };
    default:
      return {
        asks: [],
        outcomes: [outcome([], { drops: [write], takes: [read], isStrict: true })],
      };
  }
}
