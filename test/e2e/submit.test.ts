/** `submit` into a fleet that runs: a text gets an id at once, and the id its answer, whatever dies in between. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { ShownSubmission } from '../../daemon/campaign/views.ts';
import { kill, Up } from '../chaos/up.ts';
import { type Ended, faultlineHere } from '../cli/faultline.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const skip = await skipReason('redis-server');
const SEED = path.join(PACKAGE_ROOT, 'corpus/seeds/b12-fault-vs-punch.txt');
const MINE = 'faultline model 1\nname mine\ntitle Mine\nextends v42-immap-read\n';

test('submit takes a text at once, and tells by its id what came of it', { skip }, async (t) => {
  const up = await Up.start(t, ['--jobs', '1', '--model', 'xfs-mmaplock-prezero']);
  const { dataDir } = up;
  const submit = (...words: string[]): Promise<Ended> =>
    faultlineHere(['submit', ...words, '--data-dir', dataDir], dataDir);
  const read = ({ stdout, stderr }: Ended): ShownSubmission => {
    assert.match(stdout, /^\{/, stderr);
    return JSON.parse(stdout) as ShownSubmission;
  };
  await up.until('a coordinator', async () => (await up.get('/readyz'))?.ok === true);
  const file = path.join(dataDir, 'mine.model');
  writeFileSync(file, MINE);
  const taken = await submit(SEED, '--model', file, '--json');
  assert.equal(taken.exit, 0, taken.stderr);
  const { id } = read(taken);
  assert.match(id, /^[0-9a-f]{64}$/);

  const coordinator = up.pidOf('daemon');
  assert.ok(coordinator !== undefined);
  kill(coordinator);
  await up.until('another coordinator', async () => {
    const pid = up.pidOf('daemon');
    return pid !== undefined && pid !== coordinator && (await up.get('/readyz'))?.ok === true;
  });
  const again = await submit(SEED, '--model', file, '--wait', '--json');
  assert.equal(again.exit, 1, again.stderr);
  const answer = read(again);
  assert.deepEqual([answer.id, answer.state, answer.verdict], [id, 'answered', 'violation']);
  const [one] = answer.answers;
  assert.deepEqual([one?.model, one?.states, one?.exhausted], ['mine', 1432, 1]);
  const [violation] = one?.violations ?? [];
  assert.deepEqual([violation?.looksLike, violation?.stage], ['B12', 'published']);
  const listed = await up.get(`/api/v1/findings/${violation?.id}`);
  assert.equal(listed?.ok, true);

  const told = await submit(id.slice(0, 8));
  assert.equal(told.exit, 1, told.stderr);
  assert.match(told.stdout, /^violation on mine: every interleaving of 1 workload, 1432 states,/m);
  assert.match(
    told.stdout,
    /^ {2}looks like B12 .*: unfenced punch, finding [0-9a-f]{12}, published$/m,
  );

  const clean = await submit(SEED, '--wait');
  assert.equal(clean.exit, 0, clean.stderr);
  assert.match(
    clean.stdout,
    /^verified on xfs-mmaplock-prezero: every interleaving of 1 workload/m,
  );
  const cut = await submit(SEED, '--states', '50', '--wait');
  assert.equal(cut.exit, 125, cut.stderr);
  assert.match(cut.stdout, /inconclusive on .* 0 of 1 workload/);

  writeFileSync(file, `${MINE}in falt: frob\n`);
  const bad = await submit('--model', file);
  assert.equal(bad.exit, 2);
  assert.match(bad.stderr, /mine\.model:5:\d+: /);
  assert.equal((await submit('0123456789')).exit, 4);
  up.signal('SIGINT');
  assert.equal((await up.ended()).exit, 0, up.said);
});
