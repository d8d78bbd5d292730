/** Submissions over HTTP: who may submit, what is refused and how, and how an answer is asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { readSubmission } from '../../daemon/cli/options/submission.ts';
import { faultlineHere } from '../cli/faultline.ts';
import { temporaryFolder } from '../store/sample.ts';
import { type Answer, ask, askJson } from './ask.ts';
import { SUBMISSION, serve, TOKEN } from './showing.ts';

const PATH = '/api/v1/submissions';
const MODEL = 'faultline model 1\nname mine\ntitle Mine\nextends v42-immap-read\n';
const GIVEN = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };

interface Posted {
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

function posting(server: { readonly port: number }): Posted {
  return {
    post: (body, headers = GIVEN) =>
      ask(server, PATH, { method: 'POST', headers, body: JSON.stringify(body) }),
  };
}

test('with the token it is taken, and answered by its id', async (t) => {
  const server = await serve(t);
  const taken = await posting(server).post({ model: MODEL });
  assert.equal(taken.status, 202, taken.body);
  assert.equal(taken.headers.location, `${PATH}/${SUBMISSION.id}`);
  assert.deepEqual(JSON.parse(taken.body), SUBMISSION);
  const asked = [{ input: null, model: MODEL, statesMax: 1 << 19 }];
  assert.deepEqual(server.showing.submitted, asked);
  for (const id of [SUBMISSION.id, SUBMISSION.id.slice(0, 6)]) {
    assert.deepEqual(await askJson(server, `${PATH}/${id}`), SUBMISSION);
  }
  for (const id of ['abcde', '0123456789ab', '..', 'ABABAB']) {
    assert.equal((await ask(server, `${PATH}/${id}`)).status, 404, id);
  }
});

test('an id that is short for several is refused as that, and one that is for none as that', async (t) => {
  const server = await serve(t);
  const { id } = SUBMISSION;
  const begins = id.slice(0, 8);
  server.showing.known.push({ ...SUBMISSION, id: begins + [...id.slice(8)].reverse().join('') });
  const asked = async (of: string): Promise<readonly [number, string]> => {
    const { status, body } = await ask(server, `${PATH}/${of}`);
    return [status, body];
  };
  assert.deepEqual((await asked(id))[0], 200);
  const [several, why] = await asked(begins);
  assert.equal(several, 409);
  assert.match(why, new RegExp(`several submissions have an id that begins ${begins}`));
  const told = await faultlineHere(['submit', begins, '--url', server.url], temporaryFolder(t));
  assert.equal(told.exit, 2);
  assert.match(told.stderr, new RegExp(`${begins} begins the ids of several submissions; give`));
  const [none, what] = await asked('0123456789ab');
  assert.equal(none, 404);
  assert.doesNotMatch(what, /several/);
});

test('without it nothing is looked at', async (t) => {
  const server = await serve(t);
  const json = { 'Content-Type': 'application/json' };
  const { post } = posting(server);
  assert.equal((await post({ model: MODEL }, json)).status, 401);
  const wrong = { ...json, Authorization: `Bearer ${TOKEN}0` };
  assert.equal((await post({ model: MODEL }, wrong)).status, 403);
  assert.deepEqual(server.showing.submitted, []);
});

test('what is no submission is refused with its place, and within bounds', async (t) => {
  const server = await serve(t);
  const { post } = posting(server);
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [{}, /neither an input nor a model/],
    [{ input: null, model: null }, /neither/],
    [[], /not a submission/],
    ['x', /not a JSON object/],
    [{ input: 7 }, /input: /],
    [{ input: '' }, /input: /],
    [{ input: 'x', more: 1 }, /more/],
    [{ input: 'x'.repeat((1 << 16) + 1) }, /input: /],
    [{ model: 'x'.repeat((1 << 17) + 1) }, /model: /],
    [{ model: MODEL, statesMax: 0 }, /statesMax: /],
    [{ model: MODEL, statesMax: (1 << 19) + 1 }, /statesMax: /],
    [{ model: MODEL, statesMax: 1e300 }, /not a/],
  ];
  for (const [body, detail] of bad) {
    const { status, body: said } = await post(body);
    assert.equal(status, 400, said);
    assert.match(JSON.parse(said).detail, detail);
  }
  assert.equal((await post({ input: 'x'.repeat(1 << 20) })).status, 413);
  assert.deepEqual(server.showing.submitted, []);
});

test('what cannot be searched is refused with every problem; what cannot be taken now, with 503', async (t) => {
  const server = await serve(t);
  const { post } = posting(server);
  const asked = { input: null, model: `${MODEL}in falt: frob\n`, statesMax: 1 };
  server.showing.refusal = refusalOf(() => readSubmission(asked));
  const answer = await post(asked);
  assert.equal(answer.status, 422);
  const { code, detail, hint, problems, more } = JSON.parse(answer.body);
  assert.deepEqual([code, more], ['MODEL_INVALID', 0]);
  assert.match(detail, /^model:5:\d+: /);
  assert.deepEqual([problems[0].line, typeof hint], [5, 'string']);
  const what = 'the campaign is ending';
  server.showing.refusal = fail('ENVIRONMENT', { what, remedy: 'begin another' });
  const later = await post({ model: MODEL });
  assert.equal(later.status, 503);
  assert.match(JSON.parse(later.body).detail, /the campaign is ending; begin another/);
});

function refusalOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail('it was not refused');
}

test('a coordinator reads no file that a text names', () => {
  const read = (model: string) => readSubmission({ input: null, model, statesMax: 1 });
  for (const name of ['./package.json', '/etc/passwd', 'mine.model']) {
    assert.throws(() => read(name), /unknown model/);
    assert.throws(() => read(MODEL.replace('v42-immap-read', name)), /^Refusal: model:4:9: /);
  }
  assert.equal(read(' v42-immap-read ').model?.reference, 'v42-immap-read');
  assert.equal(read(MODEL).model?.reference, 'mine');
});
