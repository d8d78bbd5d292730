/** The locks of a model: what it calls the built-in classes, its own ones, its order, and what needs which. */
import {
  entriesOf,
  type Fields,
  fieldsOf,
  invalid,
  type JsonPart,
  keyOf,
  listOf,
  unknown,
} from '../../corpus/vocabulary/json-parts.ts';
import { LOCK_CLASSES_MAX, NAME_BYTES_MAX, OWN_LOCKS } from '../../corpus/vocabulary/limits.ts';
import { chainOf, classesByName, cyclicClass, documentedOrder } from '../kernel/lock-order.ts';
import { LOCK_CLASSES, type LockId, RWSEMS } from '../kernel/locks.ts';
import { RAISE } from '../kernel/needs.ts';
import type { Model } from '../kernel/path.ts';
import { checkName, checkProse, checkUnique, PROSE_LENGTH_MAX, WORD } from './check-values.ts';

const ASCII = /^[ -~]+$/;
const LOCK_IDS: readonly string[] = LOCK_CLASSES.map((lock) => lock.id);

/** @returns the names that a step with a lock may give */
export function checkLocks(
  field: Fields,
  steps: readonly string[],
  isCarried: boolean,
): readonly string[] {
  const own = checkOwn(field('ownLocks'));
  const ids = [...LOCK_IDS, ...own];
  const named = checkNames(field('locks'));
  const ownLocks = own.map((name) => ({ name, per: 'none' }) as const);
  checkOrder(field('order'), { locks: named, ownLocks }, isCarried);
  for (const need of listOf(field('needs'))) checkNeed(need, ids, steps);
  return [...RWSEMS.map((rwsem) => rwsem.id), ...own];
}

function checkOwn(part: JsonPart | null): readonly string[] {
  const locks = listOf(part);
  if (part !== null && locks.length > OWN_LOCKS) {
    const all = `${LOCK_IDS.length} built-in classes and ${locks.length} own ones`;
    invalid(
      part,
      `${all} are more than the ${LOCK_CLASSES_MAX} that a thread's held counts have room for`,
    );
  }
  const names = locks.flatMap((lock): JsonPart[] => {
    const lockField = fieldsOf(lock, ['name', 'per']);
    const per = lockField('per');
    if (per !== null && !['file', 'mm', 'none'].includes(String(per.value))) {
      invalid(per, 'is not file, mm or none');
    }
    const name = lockField('name');
    return name === null ? [] : [name];
  });
  for (const name of names) {
    checkName(name, WORD);
    if (LOCK_IDS.includes(String(name.value))) invalid(name, 'is the name of a built-in class');
  }
  checkUnique(names);
  return names.slice(0, OWN_LOCKS).map(({ value }) => String(value));
}

/** @returns what the model calls the built-in classes */
function checkNames(locks: JsonPart | null): Readonly<Partial<Record<LockId, string>>> {
  const named: Partial<Record<LockId, string>> = {};
  for (const lock of entriesOf(locks, WORD)) {
    const id = keyOf(lock);
    if (!LOCK_IDS.includes(id)) unknown(lock, 'lock', id, LOCK_IDS);
    checkProse(lock, NAME_BYTES_MAX);
    if (typeof lock.value === 'string' && !ASCII.test(lock.value)) {
      invalid(lock, 'is not plain ASCII: diagrams show it');
    }
    if (isLockId(id) && typeof lock.value === 'string') named[id] = lock.value;
  }
  return named;
}

function isLockId(id: string): id is LockId {
  return LOCK_IDS.includes(id);
}

/** Of 16 classes, each pair once. */
const ORDER_LINES_MAX = 128;

function checkOrder(
  order: JsonPart | null,
  model: Pick<Model, 'locks' | 'ownLocks'>,
  isCarried: boolean,
): void {
  const classes = classesByName(model);
  const known = [...classes.keys()];
  const lines: string[] = [];
  const chains = listOf(order);
  if (order !== null && chains.length > ORDER_LINES_MAX) {
    invalid(order, `has more than ${ORDER_LINES_MAX} lines`);
    return;
  }
  for (const line of chains) {
    checkProse(line, PROSE_LENGTH_MAX);
    if (typeof line.value !== 'string') continue;
    const chain = chainOf(line.value);
    if (chain.length < 2) invalid(line, 'is no chain "lock -> lock"');
    else for (const name of chain) if (!classes.has(name)) unknown(line, 'lock', name, known);
    const wasCyclic = cyclicClass(documentedOrder({ ...model, order: lines })) >= 0;
    lines.push(line.value);
    const cyclic = cyclicClass(documentedOrder({ ...model, order: lines }));
    if (cyclic >= 0 && !wasCyclic && !isCarried) {
      const name = chain.find((one) => classes.get(one) === cyclic) ?? `${known[cyclic]}`;
      const called = isLockId(name) ? (model.locks[name] ?? name) : name;
      invalid(line, `closes a cycle: ${called} would come before itself`);
    }
  }
}

function checkNeed(need: JsonPart, ids: readonly string[], steps: readonly string[]): void {
  const field = fieldsOf(need, ['step', 'lock', 'mode', 'source']);
  const step = field('step');
  const known = [...steps, `setSize${RAISE}`];
  if (step !== null && !known.includes(String(step.value))) {
    unknown(step, 'step', String(step.value), known);
  }
  const lock = field('lock');
  if (lock !== null && !ids.includes(String(lock.value))) {
    unknown(lock, 'lock', String(lock.value), ids);
  }
  const mode = field('mode');
  if (mode !== null && mode.value !== 'R' && mode.value !== 'W')
    invalid(mode, 'is neither R nor W');
  checkProse(field('source'), PROSE_LENGTH_MAX);
}
