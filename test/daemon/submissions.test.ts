/** What is submitted to a campaign: searched once on each model, whatever is lost on the way, and its answer kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { BATCH_VERSION, type Report } from '../../corpus/vocabulary/messages.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { type Due, isAtEnd } from '../../daemon/campaign/due.ts';
import { snapshotOf, stateOf } from '../../daemon/campaign/snapshot.ts';
import type { CampaignState } from '../../daemon/campaign/state.ts';
import {
  type Question,
  SUBMISSIONS_KEPT,
  SUBMISSIONS_PENDING_MAX,
  withFailure,
} from '../../daemon/campaign/submissions.ts';
import type { ShownSubmission } from '../../daemon/campaign/views.ts';
import { readSubmission } from '../../daemon/cli/options/submission.ts';
import { SubmissionDesk } from '../../daemon/service/submission-desk.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelOf, pinnedModel } from '../../workers/models/registry.ts';
import { seedNamed } from '../workers/support/search.ts';
import { BUILD, CAMPAIGN, Coordination, reportOf } from './coordination.ts';

function seedText(name: string): string {
  return printInput({ ...seedNamed(name), schedule: EMPTY_SCHEDULE });
}

const ALL = { input: null, model: null, statesMax: 1 << 19 };
const MINE = 'faultline model 1\nname mine\ntitle Mine\nextends v42-immap-read\n';

const B12 = seedText('b12-fault-vs-punch');

interface Open {
  readonly coordination: Coordination;
  readonly state: CampaignState;
  readonly desk: SubmissionDesk;
}

function open(coordination = new Coordination(), state = coordination.state): Open {
  const desk = new SubmissionDesk({
    state,
    build: BUILD,
    read: readSubmission,
    isFinished: () => false,
    submit: (question: Question) => {
      coordination.write({ t: 'submitted', ...question, atMs: 7 });
    },
  });
  return { coordination, state, desk };
}

/** Everything that is due, until nothing about a submission or a finding is. */
function work({ coordination }: Open): void {
  for (;;) {
    const some = coordination.plan(4).filter(({ outstanding }) => outstanding.index === null);
    if (some.length === 0) return;
    for (const [i, one] of some.entries()) coordination.report(computed(one, `e.${i}`));
  }
}

/** With the models that came with the batch. */
function computed(one: Due, executor: string): Report {
  if (one.models.every(({ json }) => json === undefined)) return reportOf(one, executor);
  const pins = new Map(one.models.map((pin) => [pin.reference, pin]));
  const runner = new WorkRunner((name) => {
    const pin = pins.get(name);
    return pin === undefined ? modelOf(name) : pinnedModel(pin);
  }, sha256Hex('engine'));
  const { id } = one.outstanding;
  const head = { version: BATCH_VERSION, id, build: BUILD, campaign: CAMPAIGN, executor } as const;
  return { ...head, milliseconds: 100, result: runner.run(one.work) };
}

function verdicts({ answers }: ShownSubmission): readonly string[] {
  return answers.map(({ model, verdict }) => `${verdict} ${model}`);
}

test('an input is searched on each model of the campaign, and what it finds is a finding', () => {
  const scene = open();
  const { desk, state } = scene;
  const asked = desk.submit({ ...ALL, input: B12 });
  assert.deepEqual([asked.state, asked.verdict, asked.answers.length], ['waiting', null, 3]);
  work(scene);
  const answer = desk.found(asked.id)[0];
  assert.ok(answer !== undefined);
  assert.deepEqual([answer.state, answer.verdict], ['answered', 'violation']);
  assert.deepEqual(verdicts(answer), [
    'violation v42-immap-read',
    'verified xfs-mmaplock-prezero',
    'violation canary',
  ]);
  const [first] = answer.answers;
  assert.deepEqual([first?.states, first?.transitions, first?.exhausted], [1432, 2325, 1]);
  const [violation] = first?.violations ?? [];
  assert.deepEqual([violation?.known, violation?.stage], ['B12', 'published']);
  const published = state.triage.published().map((one) => one.published?.finding.id);
  assert.ok(published.includes(violation?.id));
});

test('the same text has the same id and is searched once, however it is written', () => {
  const scene = open();
  const { desk, coordination } = scene;
  const { id } = desk.submit({ ...ALL, input: B12, model: 'v42-immap-read' });
  work(scene);
  const rows = coordination.rows.length;
  const written = B12.replace('faultline input 1\n', 'faultline input 1\n\n# another hand\n');
  const again = desk.submit({ ...ALL, input: written, model: 'v42-immap-read:policy=new' });
  assert.deepEqual([again.id, again.state], [id, 'answered']);
  assert.equal(coordination.rows.length, rows);
  const bounded = { ...ALL, input: B12, model: 'v42-immap-read', statesMax: 100 };
  const other = desk.submit(bounded);
  assert.notEqual(other.id, id);
  work(scene);
  assert.equal(desk.found(other.id)[0]?.answers[0]?.exhausted, 0);
});

test('a model alone is searched on every seed; one without a path for an input says so', () => {
  const { desk, coordination } = open();
  const one = desk.submit({ ...ALL, model: MINE });
  const two = desk.submit({ ...ALL, input: seedText('b39-dma-vs-reflink'), model: null });
  const [first, ...others] = coordination
    .plan(4)
    .filter(({ outstanding }) => outstanding.submitted !== undefined);
  assert.ok(first !== undefined);
  assert.deepEqual(first.models, [coordination.state.pinOf('mine')]);
  assert.equal(first.outstanding.submitted?.id, one.id);
  for (const each of others) coordination.report(reportOf(each));
  assert.deepEqual(
    [desk.found(two.id)[0]?.verdict, desk.found(two.id)[0]?.state],
    ['lacking', 'answered'],
  );
});

test('what is lost is handed out again, what comes twice counts once, what is quarantined has failed', () => {
  const scene = open();
  const { desk, coordination, state } = scene;
  const { id } = desk.submit({ ...ALL, input: B12, model: 'v42-immap-read' });
  const ours = () =>
    coordination.plan().find(({ outstanding }) => outstanding.submitted !== undefined);
  const lost = ours();
  assert.ok(lost !== undefined);
  assert.equal(ours(), undefined, 'it is under way');
  coordination.write({ t: 'abandoned', ids: [lost.outstanding.id], atMs: 8 });
  const found = ours();
  assert.ok(found !== undefined);
  assert.deepEqual(found.work, lost.work);
  const { runs } = state;
  assert.equal(coordination.report(reportOf(found)), 'folded');
  assert.equal(coordination.report(reportOf(lost)), 'duplicate');
  assert.equal(state.runs, runs, 'its runs are not those of the campaign');
  assert.equal(desk.found(id)[0]?.answers[0]?.verdict, 'violation');

  const second = desk.submit({ ...ALL, input: B12, model: 'xfs-mmaplock-prezero' });
  const bad = ours();
  assert.ok(bad !== undefined);
  const result = { kind: 'quarantined', work: 'fuzz', reason: 'it hangs', starts: 3 } as const;
  coordination.report({ ...reportOf(bad), result });
  const failed = desk.found(second.id)[0];
  assert.deepEqual([failed?.verdict, failed?.answers[0]?.why], ['failed', 'it hangs']);
});

test('a restart, a pause and an end change nothing of it', () => {
  const { desk, coordination, state } = open();
  const { id } = desk.submit({ ...ALL, input: B12, model: MINE });
  const { id: later } = desk.submit({ ...ALL, input: B12, model: 'v42-immap-read' });
  const reborn = stateOf(JSON.parse(JSON.stringify(snapshotOf(state))));
  assert.deepEqual(snapshotOf(reborn), snapshotOf(state));
  assert.equal(open(coordination, reborn).desk.found(id)[0]?.state, 'waiting');
  const { facts, ...rest } = snapshotOf(state);
  const older = { ...rest, facts: { ...facts, submissions: undefined } };
  assert.deepEqual(stateOf(JSON.parse(JSON.stringify(older))).submissions, []);

  coordination.write({ t: 'control', control: 'pause', atMs: 9 });
  const due = coordination.plan(1).filter(({ work: { kind } }) => kind === 'fuzz');
  assert.deepEqual(
    due.map(({ outstanding }) => outstanding.submitted),
    [{ id, model: 'mine' }],
    'one an executor',
  );
  coordination.write({ t: 'control', control: 'stop', atMs: 10 });
  assert.equal(isAtEnd(state), false);
  refuses(() => desk.submit({ ...ALL, input: B12 }), 'ENVIRONMENT', /the campaign is ending/);
  assert.equal(desk.submit({ ...ALL, input: B12, model: 'v42-immap-read' }).id, later);
});

test('another model of a name waits for the first one; then it takes its place', () => {
  const scene = open();
  const { desk, state } = scene;
  const first = desk.submit({ ...ALL, input: B12, model: MINE });
  const other = `${MINE}in fault: replace 1st nonesuch by checkCached\n`;
  const changed = MINE.replace('v42-immap-read', 'xfs-mmaplock-prezero');
  refuses(() => desk.submit({ ...ALL, input: B12, model: changed }), 'PROCESS_INPUT', /name mine/);
  work(scene);
  assert.equal(desk.found(first.id)[0]?.answers[0]?.violations[0]?.looksLike, 'B12');
  const second = desk.submit({ ...ALL, input: B12, model: changed });
  assert.notEqual(second.id, first.id);
  assert.equal(state.pinOf('mine')?.digest, second.answers[0]?.modelDigest);
  refuses(() => desk.submit({ ...ALL, model: other }), 'MODEL_INVALID', /^model:5:/);
  const taken = MINE.replace('mine', 'v42-immap-read').replace(
    'extends v42',
    'extends xfs-mmaplock-prezero\n#',
  );
  refuses(() => desk.submit({ ...ALL, model: taken }), 'MODEL_NAME_TAKEN', /v42-immap-read/);
});

test('so many wait, so many answers are kept, and models that nothing needs go with them', () => {
  const { desk, coordination, state } = open();
  const named = (i: number): string => MINE.replace('mine', `mine${i}`);
  for (let i = 0; i < SUBMISSIONS_PENDING_MAX; i++) desk.submit({ ...ALL, model: named(i) });
  refuses(() => desk.submit({ ...ALL, model: named(999) }), 'ENVIRONMENT', /64 submissions wait/);
  const first = state.submissions[0]?.id ?? '';
  for (let i = 0; i < 2 * SUBMISSIONS_KEPT; i++) {
    const pin = { reference: `own${i}`, digest: sha256Hex(`${i}`), json: '{}' };
    const id = sha256Hex(`question ${i}`);
    coordination.write({ t: 'submitted', id, text: null, models: [pin], statesMax: 1, atMs: i });
    state.submissions = withFailure(state.submissions, id, pin.reference, 'it hangs');
  }
  assert.ok(desk.found(first)[0] !== undefined, 'those that wait stay');
  assert.ok(state.submissions.length <= SUBMISSIONS_KEPT + 1);
  assert.equal(state.pinOf('own0'), undefined);
  assert.ok(state.pinOf('mine0') !== undefined && state.pinOf('v42-immap-read') !== undefined);
  assert.ok(Object.keys(state.pinned).length <= SUBMISSIONS_KEPT + 4);
});

function refuses(act: () => unknown, code: string, message: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}
