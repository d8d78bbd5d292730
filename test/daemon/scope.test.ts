/** What a campaign proves in small: each part once, in order, at its share of the work, and of what it was proven. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Enumeration } from '../../corpus/breeding/universe.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { FuzzResult, Report, SweepSource } from '../../corpus/vocabulary/messages.ts';
import { SCOPES, type ScopePart } from '../../corpus/vocabulary/scope.ts';
import { type Due, reasonToStop } from '../../daemon/campaign/due.ts';
import {
  NO_SCOPE,
  type Place,
  type ScopeProgress,
  type Sweep,
  scopeDue,
  sweepDue,
  withPart,
} from '../../daemon/campaign/scope-progress.ts';
import { silenceInWords, silenceOf, UNTRIED } from '../../daemon/campaign/silence.ts';
import { snapshotOf, stateOf } from '../../daemon/campaign/snapshot.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { ScopeSearch, universeOfScope } from '../../workers/search/scope-search.ts';
import { sweep } from '../../workers/search/sweep.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { Coordination, pin, reportOf, SETTINGS } from './coordination.ts';

const MODEL = 'ext2-dax-sem';
const ENGINE = new Engine(modelOf(MODEL));
const SEARCH = new ScopeSearch(ENGINE);

function sweepAfter(progress: ScopeProgress, runs: number): Sweep | null {
  return sweepDue({ progress, runs, underWay: [], asked: undefined });
}

function dueAfter(progress: ScopeProgress, runs: number): Sweep {
  return sweepAfter(progress, runs) ?? assert.fail('nothing is due');
}

function partOf(source: SweepSource): ScopePart {
  return SEARCH.search(source, () => {});
}

/** The smallest scope in parts of so many states. */
function partsOf(states: number): readonly { readonly place: Place; readonly part: ScopePart }[] {
  const parts: { place: Place; part: ScopePart }[] = [];
  let progress = NO_SCOPE;
  while (progress.verified.length === 0) {
    const { place, source } = dueAfter(progress, 0);
    const part = partOf({ ...source, states });
    parts.push({ place, part });
    progress = withPart(progress, SCOPES, place, part);
  }
  return parts;
}

test('parts put together are the whole, whatever comes twice or too early', () => {
  const universe = universeOfScope(SCOPES[0] ?? assert.fail(), ENGINE.program);
  const enumeration = new Enumeration(universe);
  const question = { statesMax: 1 << 20, all: true, preemptions: null };
  const options = { ...question, ignored: [], onlyClass: null };
  const whole = sweep(ENGINE, enumeration, 0, enumeration.slices, options);
  const parts = partsOf(5000);
  assert.ok(parts.length > 5);
  const tapes = fc.array(fc.nat({ max: parts.length - 1 }), { maxLength: 30 });
  fc.assert(
    fc.property(tapes, (tape) => {
      let progress = NO_SCOPE;
      const take = (i: number): void => {
        const { place, part } = parts[i] ?? assert.fail();
        progress = withPart(progress, SCOPES, place, part);
      };
      for (const [i] of parts.entries()) {
        for (const other of tape) if (other !== i) take(other);
        take(i);
      }
      const [verified] = progress.verified;
      assert.ok(verified !== undefined && progress.next === null);
      const { workloads, of, states, transitions, pairs, signatures } = verified;
      assert.deepEqual(
        { workloads, states, transitions, pairs },
        {
          workloads: enumeration.count,
          states: whole.states,
          transitions: whole.transitions,
          pairs: whole.pairs,
        },
      );
      assert.equal(of, enumeration.count);
      assert.deepEqual(signatures, whole.met.map(({ signature }) => signature).sort());
    }),
    { seed: RNG_SEED, numRuns: 50 },
  );
});

test('a workload that is too large for its search keeps a scope from being verified', () => {
  let progress = NO_SCOPE;
  const { place, source } = dueAfter(progress, 0);
  progress = withPart(progress, SCOPES, place, partOf({ ...source, statesMax: 30 }));
  const [searched] = progress.inconclusive;
  assert.ok(searched !== undefined && searched.inconclusive > 0);
  assert.deepEqual([progress.verified, progress.next], [[], null]);
  assert.equal(scopeDue(progress), 1);
  const said = silenceInWords(silenceOf(MODEL, [], { ...UNTRIED, scope: progress }, []));
  assert.match(
    said,
    /no verified scope yet; inconclusive: \d+ of 576 workloads of up to 2 threads/,
  );
});

test('the first scope is due at once, the next as far as runs have paid for it', () => {
  const [first] = partsOf(1 << 20);
  const { place, part } = first ?? assert.fail();
  const done = withPart(NO_SCOPE, SCOPES, place, part);
  const states = done.verified[0]?.states ?? assert.fail();
  assert.equal(sweepAfter(done, 8 * states), null);
  const sweep = dueAfter(done, 8 * (states + 10_000));
  assert.deepEqual(sweep.place, { scope: 1, from: 0, to: null });
  assert.deepEqual([sweep.source.scope, sweep.source.states], [SCOPES[1], 10_000]);
  const next = partOf(sweep.source);
  assert.ok(next.to < next.of && next.states >= 10_000);
  const further = withPart(done, SCOPES, sweep.place, next);
  assert.equal(sweepAfter(further, 8 * (states + 10_000)), null);
  assert.equal(dueAfter(further, 1e9).place.from, next.to);
});

test('what a model lacks is left out of a scope, and nothing is due after the last', () => {
  const kinds = SCOPES.map((scope) => universeOfScope(scope, ENGINE.program).kinds);
  assert.ok(!kinds[0]?.includes('collapse') && kinds[0]?.includes('load'));
  assert.deepEqual(kinds[2], ['load', 'store', 'pwrite', 'truncate', 'fsync']);
  const part = { ...partOf(dueAfter(NO_SCOPE, 0).source), from: 0, to: 1, of: 1 };
  let progress = NO_SCOPE;
  for (const scope of SCOPES.keys()) {
    progress = withPart(progress, SCOPES, { scope, from: 0, to: null }, part);
  }
  assert.equal(progress.verified.length, SCOPES.length);
  assert.equal(sweepAfter(progress, 1e12), null);
});

test('named scopes are handed out to all, each workload once, whatever ends early, late or never', () => {
  const asked = [SCOPES[0] ?? assert.fail()];
  const [of, eachStates] = [500, 20_000];
  const tapes = fc.array(fc.nat({ max: 999 }), { maxLength: 300 });
  fc.assert(
    fc.property(tapes, (tape) => {
      let [progress, at] = [NO_SCOPE, 0];
      const underWay: Place[] = [];
      const draw = (below: number): number => (tape[at++] ?? below - 1) % below;
      const lists: readonly [] = [];
      for (let turns = 0; progress.verified.length === 0; turns++) {
        assert.ok(turns < 5000);
        const sweep = sweepDue({ progress, runs: 0, underWay, asked });
        if (sweep !== null) underWay.push(sweep.place);
        if (sweep !== null && draw(3) > 0) continue;
        const [place] = underWay.splice(draw(underWay.length), 1);
        // Lost.
        if (place === undefined || draw(5) === 0) continue;
        const { from } = place;
        const to = from + 1 + draw(Math.min(place.to ?? of, of) - from);
        const counts = { states: eachStates * (to - from), transitions: 0, pairs: 0 };
        const part = { from, to, of, kinds: lists, ...counts, inconclusive: 0, signatures: lists };
        progress = withPart(progress, asked, place, part);
        if (draw(4) === 0) progress = withPart(progress, asked, place, part);
      }
      const [{ workloads, states } = assert.fail()] = progress.verified;
      assert.deepEqual([workloads, states], [of, of * eachStates]);
      assert.equal(sweepDue({ progress, runs: 1e9, underWay, asked }), null);
    }),
    { seed: RNG_SEED, numRuns: 100 },
  );
});

// ---- in a fleet -------------------------------------------------------------------------------------------

const SMALL_SETTINGS = { ...SETTINGS, models: [pin(MODEL)] };

function sweepOf({ work }: Due): SweepSource | undefined {
  if (work.kind !== 'fuzz') return undefined;
  return work.sources.find((source) => source.kind === 'sweep');
}

/** Until a part of a scope is under way. */
function untilSwept(coordination: Coordination): Due {
  for (let turn = 0; turn < 9; turn++) {
    const batches = coordination.plan();
    const swept = batches.find((batch) => sweepOf(batch) !== undefined);
    for (const batch of batches) if (batch !== swept) coordination.report(reportOf(batch));
    if (swept !== undefined) return swept;
  }
  return assert.fail('no part is handed out');
}

function scopeOf({ state }: Coordination): ScopeProgress {
  return state.tallyOf(MODEL).scope;
}

function sweptAs(report: Report, change: Partial<ScopePart>): Report {
  const result = report.result as FuzzResult;
  assert.ok(result.swept !== undefined);
  return { ...report, result: { ...result, swept: { ...result.swept, ...change } } };
}

test('a scope is searched once: lost, it is handed out again; told twice, it counts once', () => {
  const coordination = new Coordination(SMALL_SETTINGS);
  const lost = untilSwept(coordination);
  for (const batch of coordination.plan(3)) {
    assert.equal(sweepOf(batch), undefined, 'one at a time');
    coordination.report(reportOf(batch));
  }
  coordination.write({ t: 'abandoned', ids: [lost.outstanding.id], atMs: 0 });
  const again = untilSwept(coordination);
  assert.notEqual(again.outstanding.id, lost.outstanding.id);
  coordination.report(reportOf(again));
  const scope = scopeOf(coordination);
  assert.equal(scope.verified[0]?.workloads, 576);
  coordination.report(reportOf(again));
  coordination.report(reportOf(lost));
  assert.deepEqual(scopeOf(coordination), scope);
  const restored = stateOf(JSON.parse(JSON.stringify(snapshotOf(coordination.state))));
  assert.deepEqual(restored.tallyOf(MODEL).scope, scope);
});

test('what a report says of another part than it was asked for proves nothing', () => {
  for (const change of [{ from: 1 }, { to: 577 }, { to: 0, of: 1 }]) {
    const coordination = new Coordination(SMALL_SETTINGS);
    const batch = untilSwept(coordination);
    assert.equal(coordination.report(sweptAs(reportOf(batch), change)), 'folded');
    assert.deepEqual(scopeOf(coordination), NO_SCOPE, JSON.stringify(change));
  }
  const coordination = new Coordination(SMALL_SETTINGS);
  const batch = untilSwept(coordination);
  const plain = coordination.plan(3).find(({ work }) => work.kind === 'fuzz') ?? assert.fail();
  const { swept } = reportOf(batch).result as FuzzResult;
  const unasked = reportOf(plain);
  coordination.report({
    ...unasked,
    result: { ...(unasked.result as FuzzResult), swept: swept ?? assert.fail() },
  });
  assert.deepEqual(scopeOf(coordination), NO_SCOPE);
});

test('proofs outlive the campaign, and neither the build nor the model that they are of', () => {
  const coordination = new Coordination(SMALL_SETTINGS);
  coordination.report(reportOf(untilSwept(coordination)));
  const scope = scopeOf(coordination);
  assert.equal(scope.verified.length, 1);
  coordination.write({ t: 'campaign', campaign: 'c2', plan: SMALL_SETTINGS, atMs: 0 });
  assert.deepEqual(scopeOf(coordination), scope);
  const { state } = coordination;
  const snapshot = JSON.stringify(snapshotOf(state));
  coordination.write({ t: 'led', epoch: 2, build: sha256Hex('newer'), atMs: 0 });
  assert.deepEqual(scopeOf(coordination), NO_SCOPE);
  const other = stateOf(JSON.parse(snapshot));
  const models = [{ ...pin(MODEL), digest: sha256Hex('edited') }];
  other.apply({ t: 'campaign', campaign: 'c3', plan: { ...SETTINGS, models }, atMs: 0 });
  assert.deepEqual(other.tallyOf(MODEL).scope, NO_SCOPE);
});

test('a snapshot of an earlier version has proven nothing', () => {
  const coordination = new Coordination(SMALL_SETTINGS);
  const { models, ...json } = JSON.parse(JSON.stringify(snapshotOf(coordination.state)));
  for (const one of models) delete one.scope;
  assert.deepEqual(stateOf({ ...json, models }).tallyOf(MODEL).scope, NO_SCOPE);
});

test('scopes that a campaign names come first, without runs, and it does not stop before they are searched', () => {
  const scopes = [{ threads: 2, ops: 1, pages: 1, kinds: ['load', 'store'] as const }];
  const stop = { ...SETTINGS.stop, runs: 600 };
  const coordination = new Coordination({ ...SMALL_SETTINGS, scopes, stop });
  let sweeps = 0;
  for (let turn = 0; turn < 20 && reasonToStop(coordination.state) === null; turn++) {
    const batches = coordination.plan(2);
    assert.ok(batches.length > 0);
    // The searches last: the runs are made long before.
    for (const batch of batches.toSorted((a, b) => (sweepOf(a) ? 1 : 0) - (sweepOf(b) ? 1 : 0))) {
      if (sweepOf(batch) !== undefined) {
        sweeps += 1;
        assert.equal(batch.outstanding.runs, 0);
      }
      coordination.report(reportOf(batch));
    }
  }
  assert.ok(sweeps >= 2);
  assert.equal(coordination.state.runs, 600);
  assert.equal(reasonToStop(coordination.state), 'its runs are made');
  const { verified } = scopeOf(coordination);
  assert.deepEqual(verified[0]?.kinds, ['load', 'store']);
  coordination.write({ t: 'campaign', campaign: 'c2', plan: SMALL_SETTINGS, atMs: 0 });
  assert.deepEqual(scopeOf(coordination), NO_SCOPE, 'of another list');
});

test('a model over whose scope executors are lost is left alone after a few of them', () => {
  const coordination = new Coordination(SMALL_SETTINGS);
  for (let lost = 1; lost <= 3; lost++) {
    const batch = untilSwept(coordination);
    const result = { kind: 'quarantined', work: 'fuzz', reason: 'memory', starts: 3 } as const;
    assert.equal(coordination.report({ ...reportOf(batch), result }), 'quarantined');
    assert.equal(scopeOf(coordination).quarantined, lost);
  }
  for (let turn = 0; turn < 3; turn++) {
    for (const batch of coordination.plan()) {
      assert.equal(sweepOf(batch), undefined);
      coordination.report(reportOf(batch));
    }
  }
});
