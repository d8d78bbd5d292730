/** What stands where in a run, pictures of it, and what the player asks of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateWorkload } from '../../corpus/breeding/generate.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { nodesOf } from '../../workers/kernel/path.ts';
import { compile } from '../../workers/model/compile.ts';
import { flavours, MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { droppableLocks, swapped, withoutLock } from '../../workers/reproduce/what-if.ts';
import { Engine, type Traced } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { renderModelGraph, renderRunGraph } from '../../workers/views/lock-graph.ts';
import { renderMail } from '../../workers/views/mail.ts';
import { observe } from '../../workers/views/observe.ts';
import { storyOf } from '../../workers/views/story.ts';
import { escaped } from '../../workers/views/svg.ts';
import { renderTimeline } from '../../workers/views/timeline.ts';
import { golden } from '../support/golden.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed, simplestRun, Wanderer } from './support/search.ts';

const DRAWN = [
  ['v42-immap-read', 'b12-fault-vs-punch', 'stale-pte', 'unfenced punch'],
  ['v43rc-immap-write', 'b03-mkwrite-vs-store', 'deadlock', 'lock-cycle iMmapRwsem pageLock'],
] as const;

for (const [name, seed, symptom, signature] of DRAWN) {
  test(`${signature} on ${name}, as a picture and as a mail`, () => {
    const model = modelOf(name);
    const traced = simplestRun(name, seedNamed(seed), symptom, 3000);
    const input = { ...seedNamed(seed), schedule: traced.schedule };
    const subject = subjectOn(model, input, signature);
    const picture = renderTimeline(storyOf(model, input, traced, subject), subject.name);
    assertWellFormed(picture);
    golden(`timeline-${seed}.svg`, picture);
    const mail = renderMail(model, input, traced, subject);
    assert.ok(mail.split('\n').every((line) => /^[ -~]{0,72}$/.test(line)));
    golden(`mail-${seed}.txt`, mail);
    golden(`graph-${seed}.svg`, renderRunGraph(model, input, traced.rows));
  });
}

test('the lock order of every model is a picture', () => {
  for (const name of MODEL_NAMES) assertWellFormed(renderModelGraph(modelOf(name)));
  golden('graph-v43rc-immap-write.svg', renderModelGraph(modelOf('v43rc-immap-write')));
});

test('text in a picture is text', () => {
  assert.equal(escaped(`<b a='1'>&"\u0007`), '&lt;b a=&#39;1&#39;&gt;&amp;&quot;?');
});

/** Tags lie in each other, and each text is escaped. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, , isEmpty] of svg.matchAll(
    /<(\/?)(\w+)((?: [\w-]+="[^"<]*")*)(\/?)>/g,
  )) {
    if (end === '/') assert.equal(open.pop(), name);
    else if (isEmpty !== '/') open.push(name ?? '');
  }
  assert.deepEqual(open, []);
  const left = svg.replaceAll(/<\/?\w+(?: [\w-]+="[^"<]*")*\/?>/g, '');
  assert.doesNotMatch(left, /[<>]|&(?!(?:amp|lt|gt|quot|#39);)/);
}

interface Run {
  readonly model: Model;
  readonly engine: Engine;
  readonly input: ReturnType<typeof seedNamed>;
  readonly traced: Traced;
}

const DESIGNS = [
  'v42-immap-read',
  'v43rc-immap-write',
  'modern-xfs',
  'v48-entry-lock',
  'pagecache',
];

function* randomRuns(fork: number, count: number): Generator<Run> {
  const rng = new Random(RNG_SEED, fork);
  for (const name of DESIGNS) {
    const model = modelOf(name);
    const engine = new Engine(model);
    for (let i = 0; i < count; i++) {
      const input = { ...generateWorkload(rng), schedule: EMPTY_SCHEDULE };
      if (engine.lackingIn(input) !== null) continue;
      engine.load(input);
      const wanderer = new Wanderer(rng, 3);
      engine.run(wanderer);
      yield { model, engine, input, traced: engine.traceChoices([...wanderer.choices]) };
    }
  }
}

test('scenes of any run agree with what its steps are seen to do, and it can be drawn', () => {
  for (const { model, input, traced } of randomRuns(41, 40)) {
    const { scenes, steps } = storyOf(model, input, traced, null);
    const observed = observe(compile(model), input, traced.rows);
    assert.equal(scenes.length, steps.length + 1);
    for (const [i, { held, sleeps }] of observed.entries()) {
      const scene = scenes[i + 1];
      assert.deepEqual(
        scene?.threads.map((thread) => thread.held.map(({ name }) => name)),
        held,
      );
      const { thread = 0 } = traced.rows[i] ?? {};
      if (sleeps) assert.notEqual(scene?.threads[thread]?.waitsFor, null);
    }
    assertWellFormed(renderTimeline(storyOf(model, input, traced, null), 'any'));
  }
});

test('a run with two steps swapped is the replay of its schedule', () => {
  const rng = new Random(RNG_SEED, 43);
  let moved = 0;
  for (const { engine, input, traced } of randomRuns(42, 100)) {
    const { rows } = traced;
    const later = 1 + rng.below(rows.length);
    const earlier = rows.findLastIndex(
      ({ thread }, i) => i < later - 1 && thread !== rows[later - 1]?.thread,
    );
    if (earlier < 0) continue;
    const other = swapped(engine, rows, earlier + 1, later);
    assert.equal(engine.trace(other.schedule).digest, other.digest, JSON.stringify(input));
    if (other.rows[earlier]?.label === rows[later - 1]?.label) moved += 1;
  }
  assert.ok(moved > 10, `${moved} steps came earlier`);
});

test('without a lock that excludes it, a model shows the race', () => {
  const model = modelOf('xfs-mmaplock-prezero');
  const seed = seedNamed('b12-fault-vs-punch');
  const signaturesOn = (one: Model): readonly string[] =>
    explore(new Engine(one), seed, { statesMax: 200_000, all: true }).violations.map(
      ({ signature }) => signature,
    );
  assert.ok(!signaturesOn(model).includes('unfenced punch'));
  assert.ok(signaturesOn(withoutLock(model, 'faultLock')).includes('unfenced punch'));
});

test('every lock that a step names can be dropped from every model', () => {
  for (const name of flavours()) {
    const model = modelOf(name);
    for (const lock of droppableLocks(model)) {
      const dropped = withoutLock(model, lock);
      compile(dropped);
      const nodes = Object.values(dropped.paths).flatMap((path) => [...nodesOf(path)]);
      assert.ok(nodes.every((node) => !('step' in node) || node.lock !== lock));
      assert.ok(dropped.needs?.every((need) => need.lock !== lock) ?? true);
    }
  }
});
