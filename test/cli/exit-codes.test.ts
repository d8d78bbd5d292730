/**
 * One case for each exit code of each verb. Where the case says so it runs with `--json` too: there is one
 * document on stdout, and the code is the same.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type Ended, faultline, faultlineHere, MAIN } from './faultline.ts';
import { fillFolder, RACY, SOUND } from './repros.ts';

interface Case {
  readonly args: string;
  readonly exit: number;
  /** In what a person reads, stdout and stderr. */
  readonly says: RegExp;
  /** With `--json`: the document's `verdict`, or the code of its `error`. */
  readonly is?: string;
}

// biome-ignore format: a table
const CASES: readonly Case[] = [
  { args: `check seed.txt --model ${SOUND}`, exit: 0, is: 'verified', says: /^verified: 1 workload/m },
  { args: `check seed.txt --model ${SOUND} --jobs 2`, exit: 0, is: 'verified', says: /^verified: 1 workload/m },
  { args: `check seed.txt --model ${SOUND} --bitstate 8`, exit: 0, is: 'unproven', says: /^unproven: (?![\s\S]*verified)[\s\S]*^bitstate: \d+ states looked at, .* was taken for one of them and missed$/m },
  { args: `check seed.txt --model ${SOUND} --bitstate 8 --states 50`, exit: 125, is: 'inconclusive', says: /there are more states; --states allows for them/ },
  { args: `check seed.txt --model ${RACY} --bitstate 8`, exit: 1, is: 'violation', says: /^bitstate: \d+ states looked at/m },
  { args: `check seed.txt --model ${SOUND} --bitstate 8 --jobs 2`, exit: 2, is: 'USAGE', says: /--bitstate searches on one thread; leave out --jobs/ },
  { args: `check --ops 1 --model ${SOUND} --bitstate 8`, exit: 2, is: 'USAGE', says: /--bitstate is for a file or the seeds/ },
  { args: `check seed.txt --model ${SOUND} --bitstate 513`, exit: 2, is: 'USAGE', says: /at most 512: megabytes/ },
  { args: `check idle.txt --model ${RACY}`, exit: 0, says: /^verified: 1 workload on v42-immap-read, 1 state,/m },
  { args: `check seed.txt --model ${RACY}`, exit: 1, is: 'violation', says: /^ {2}replay {2}faultline replay [0-9a-f]{12}$/m },
  { args: `check seed.txt --model ${RACY} --data-dir other`, exit: 1, says: /replay [0-9a-f]{12} --data-dir other$/m },
  { args: 'check seed.txt --model ./mine.json --all', exit: 1, says: /also v42-immap-read[\s\S]*again {3}faultline check seed.txt --model .\/mine.json --all$/m },
  { args: 'check seed.txt', exit: 2, is: 'USAGE', says: /required option '--model <ref>' not specified\nhint: see `faultline check --help`/ },
  { args: `check bad.txt --model ${RACY}`, exit: 2, is: 'INPUT_SYNTAX', says: /bad.txt:10:1: expected .* found "pnch"/ },
  { args: `check none.txt --model ${RACY}`, exit: 2, says: /no such file/ },
  { args: 'check seed.txt --model nonesuch', exit: 2, says: /known models: .*v42-immap-read/ },
  { args: 'check seed.txt --model ./none.json', exit: 2, says: /none.json: no such file/ },
  { args: 'check seed.txt --model not-a-model.json', exit: 2, says: /not-a-model.json/ },
  { args: `check seed.txt --model ${RACY}:policy=new,policy=unwritten`, exit: 2, is: 'TOGGLE_SETTING', says: /sets toggle policy twice, to new and to unwritten; type v42-immap-read:policy=new or/ },
  { args: `check seed.txt --model ${RACY}:`, exit: 2, says: /no toggle behind its colon; type v42-immap-read alone/ },
  { args: `check latin.txt --model ${RACY}`, exit: 2, says: /latin.txt:2:8: byte 0xe9 at offset 25 is not UTF-8\nhint: save the file as UTF-8/ },
  { args: 'check seed.txt --model ./latin.model --bisect', exit: 125, says: /latin.model:2:8: byte 0xe9 at offset 25 is not UTF-8/ },
  { args: `check derived.model --model ${RACY}`, exit: 2, says: /derived.model:1:1: expected an input or a repro, found a model: name it with --model/ },
  { args: 'lint derived:policy=new', exit: 2, is: 'MODEL_UNKNOWN', says: /unknown model "derived"; for the file here type .\/derived.model:policy=new; known models/ },
  { args: `lint ${RACY};policy=new`, exit: 2, says: /toggles stand behind a colon, v42-immap-read:TOGGLE=VALUE/ },
  { args: 'lint v42-imap-read', exit: 2, says: /; the nearest is v42-immap-read; known models/ },
  { args: 'lint ./derived.model:', exit: 2, says: /^faultline: .\/derived.model: has no toggle behind its colon/ },
  { args: 'lint ./derived.model:policy=new', exit: 2, says: /write `extends v42-immap-read:policy=new`.*\nhint: `faultline models .\/derived.model`/ },
  { args: 'check reflink.txt --model modern-xfs:inv2=always', exit: 2, is: 'OPERATION_LACKING', says: /reflink.txt:5:1: modern-xfs:inv2=always has no operation "reflink".*: type --model modern-xfs:inv2=always,reflink=on\n/ },
  { args: 'replay reflink.txt --model ./on-xfs.model', exit: 2, says: /reflink.txt:5:1: on-xfs has no operation.*: write `extends modern-xfs:reflink=on` in .\/on-xfs.model\n/ },
  { args: 'show reflink.txt --model ./choosing.model', exit: 2, says: /reflink.txt:5:1: choosing has no operation.*: type --model .\/choosing.model:reflink=on\n/ },
  { args: 'check seed.txt --model nonesuch --bisect', exit: 125, is: 'MODEL_UNKNOWN', says: /known models/ },
  { args: 'check seed.txt --model broken.json --bisect', exit: 125, says: /broken.json:1:12: expected a value, found "oops"/ },
  { args: `check bad.txt --model ${RACY} --bisect`, exit: 2, says: /found "pnch"/ },
  { args: 'check seed.txt --model broken.json', exit: 2, is: 'MODEL_INVALID', says: /broken.json:1:12: expected a value/ },
  { args: `check slips.txt --model ${RACY}`, exit: 2, is: 'INPUT_INVALID', says: /slips.txt:8:1: area a1 is not declared.*; the nearest is a0\nfaultline: slips.txt:9:1: file B is not declared; the nearest is A\n/ },
  { args: `check labels.txt --model ${RACY}`, exit: 2, is: 'LABEL_UNKNOWN', says: /labels.txt:12:1: .*"fault\/instalPte"; the nearest is fault\/installPte\nfaultline: labels.txt:14:1: / },
  { args: 'check seed.txt --model ./mine.json:policy=new', exit: 2, is: 'USAGE', says: /mine.json is a model in JSON, whose toggles are set; leave out :policy=new/ },
  { args: 'check --model ./mine.model --all --data-dir aside', exit: 1, says: /^expected of the model and not seen: B52$/m },
  { args: 'fuzz --model ./mine.json --model ./mine.model --runs 1', exit: 2, is: 'USAGE', says: /--model .\/mine.model has the name of another that is given, mine: change the `name` line of one/ },
  { args: `check seed.txt --model ${RACY} --states 0`, exit: 2, says: /such as 1000, 100k or 1e6/ },
  { args: `check seed.txt --model ${RACY} --data-dir not-a-folder`, exit: 3, is: 'DATA_DIR', says: /faultline repro 1[\s\S]*cannot write to/ },
  { args: `check 00000000 --model ${RACY}`, exit: 4, says: /no finding 00000000/ },
  { args: `check seed.txt --model ${SOUND} --states 10`, exit: 125, is: 'inconclusive', says: /^inconclusive/m },

  { args: `replay ID --model ${SOUND}`, exit: 0, is: 'fixed', says: /^fixed on xfs-mmaplock-prezero: B12/m },
  { args: `replay seed.txt --model ${SOUND}`, exit: 0, is: 'pass', says: /^pass on xfs-mmaplock-prezero: this one interleaving; faultline check seed.txt --model xfs-mmaplock-prezero searches all$/m },
  { args: `replay labels.txt --model ${RACY}`, exit: 2, is: 'LABEL_UNKNOWN', says: /labels.txt:12:1: model v42-immap-read has no step "fault\/instalPte"/ },
  { args: 'replay other-labels.txt --model ./mine.json', exit: 1, says: /^reproduced on mine/m },
  { args: `replay slips.txt --model ${RACY}`, exit: 2, says: /slips.txt:8:1: area a1/ },
  { args: 'replay ID --model ./broken.json', exit: 2, says: /broken.json:1:12/ },
  { args: 'replay ID --model ./broken.json --bisect', exit: 125, says: /broken.json:1:12/ },
  { args: `replay ID --model ${RACY}:policy=maybe --bisect`, exit: 125, is: 'TOGGLE_VALUE', says: /it can be: new/ },
  { args: 'replay ID', exit: 1, is: 'reproduced', says: /^reproduced on v42-immap-read: B12/m },
  { args: 'replay repro.txt', exit: 1, says: /T0 load a0 0/ },
  { args: 'replay DIR', exit: 1, says: /^reproduced/m },
  { args: 'replay ID --model ./mine.json', exit: 1, says: /^reproduced on mine/m },
  { args: 'replay own-model.txt', exit: 1, says: /^reproduced on mine/m },
  { args: 'replay no-schedule.txt', exit: 1, says: /not step for step the same/ },
  { args: 'replay other-engine.txt', exit: 1, says: /engine is not the one/ },
  { args: 'replay changed-model.txt --recorded-model', exit: 1, says: /^reproduced/m },
  { args: `replay with-schedule.txt --model ${RACY}`, exit: 1, is: 'violation', says: /^violation on/m },
  { args: 'replay seed.txt', exit: 2, says: /names no model; add --model REF/ },
  { args: 'replay', exit: 2, says: /missing required argument 'file'/ },
  { args: 'replay empty', exit: 2, says: /no repro.txt in this folder/ },
  { args: 'replay lying-digest.txt', exit: 2, says: /model-digest is not that/ },
  { args: `replay repro.txt --recorded-model --model ${RACY}`, exit: 2, says: /give one/ },
  { args: 'replay 00000000', exit: 4, is: 'NOTHING_FOUND', says: /`faultline findings` lists/ },
  { args: 'replay other-trace.txt', exit: 70, is: 'OUR_BUG', says: /bug in Faultline[\s\S]*command {2}faultline replay[\s\S]*please report/ },
  { args: 'replay other-trace.txt --data-dir redis://me:hunter2@lab', exit: 70, says: /command {2}faultline replay other-trace.txt --data-dir redis:\/\/\*\*\*@lab$/m },
  { args: 'replay changed-model.txt', exit: 125, is: 'MODEL_CHANGED', says: /--recorded-model/ },
  { args: 'replay no-model.txt', exit: 125, says: /"mine" is not in this build/ },
  { args: 'replay newer-repro.txt', exit: 125, says: /update Faultline/ },

  { args: 'show ID', exit: 0, says: /T0 load a0 0 .*\| T1 punch/ },
  { args: 'show ID --as text', exit: 0, says: /^faultline repro 1\n/ },
  { args: 'show seed.txt --as text', exit: 0, says: /^faultline input 1\nfile/ },
  { args: 'show seed.txt --as json', exit: 0, says: /"format": "faultline input"/ },
  { args: 'show seed.txt', exit: 2, says: /names no model/ },
  { args: 'show ID --as picture', exit: 2, says: /columns, mail, svg, lockdep, order, graph, promela, c, text, json/ },
  { args: 'show ID --as lockdep', exit: 2, says: /is about no cycle of locks/ },
  { args: 'show ID --as promela', exit: 0, says: /^\/\*\n \* v42-immap-read: .*active proctype World/s },
  { args: 'show seed.txt --as promela --model pagecache', exit: 2, says: /on pagecache: step \w+, at \S+, has no Promela fragment; --as columns/ },
  { args: 'show ID --as c', exit: 0, says: /^\/\*\n[\s\S]* \* signature: unfenced punch\n[\s\S]*"A1 load a0 0",/ },
  { args: 'show seed.txt --as c', exit: 0, says: /^\/\*\n \* faultline input 1\n[\s\S]*int main\(/ },
  { args: 'show crash.txt --as c', exit: 2, says: /crash.txt: crash of T1: a program does not outlive a power failure.*--as columns/ },
  { args: 'show ID --as order', exit: 0, says: /^\/\*\n \* Lock order of v42-immap-read/ },
  { args: 'mark ID fixed', exit: 0, says: /^[0-9a-f]{12} {2}fixed$/m },
  { args: 'mark ID none', exit: 0, says: /^[0-9a-f]{12} {2}no mark$/m },
  { args: 'mark ID duplicate-of ID', exit: 2, says: /is no duplicate of itself/ },
  { args: 'mark ID duplicate-of', exit: 2, says: /duplicate-of what/ },
  { args: 'mark ID done', exit: 2, says: /known, fixed, duplicate-of, invalid, expected, none/ },
  { args: 'mark 00000000 fixed', exit: 4, says: /no finding/ },
  { args: 'show 00000000', exit: 4, says: /no finding/ },
  { args: 'show newer.txt', exit: 125, says: /newer than input 1/ },

  { args: 'findings', exit: 0, says: /^B12 {2}[\s\S]*^ {2}[0-9a-f]{12}$[\s\S]*1 finding in/m },
  { args: 'findings --class deadlock', exit: 0, says: /0 findings/ },
  { args: 'findings --clas deadlock', exit: 2, says: /Did you mean --class/ },
  { args: 'findings --model ./mine.json', exit: 0, says: /1 finding in/ },
  { args: 'findings --model nope', exit: 2, is: 'MODEL_UNKNOWN', says: /unknown model "nope"/ },
  { args: 'findings --data-dir not-a-folder', exit: 3, is: 'ENVIRONMENT', says: /cannot read not-a-folder/ },

  { args: 'models', exit: 0, says: /^v42-immap-read {2}DAX/m },
  { args: `models ${RACY}:policy=unwritten`, exit: 0, says: /policy/ },
  { args: `models ${RACY}:policy=maybe`, exit: 2, says: /it can be: new, unwritten/ },
  { args: 'worker --data-dir nobody', exit: 2, is: 'USAGE', says: /no `faultline up` runs in nobody/ },
  { args: 'findings export out.ndjson', exit: 0, says: /^1 finding of .faultline in out.ndjson$/m },
  { args: 'findings import out.ndjson', exit: 0, says: /^0 new, 0 replaced, 1 kept, 0 refused, 0 marks in/m },
  { args: 'findings import seed.txt', exit: 2, says: /^faultline: seed.txt:1-\d+: refused: it is not JSON$/m },
  { args: 'findings import not-a-folder', exit: 4, is: 'NOTHING_FOUND', says: /not-a-folder has no finding/ },
  { args: 'findings import none.ndjson', exit: 2, is: 'FILE_UNREADABLE', says: /cannot read none.ndjson: no such file/ },
  { args: 'findings import out.ndjson --data-dir not-a-folder', exit: 3, says: /not-a-folder/ },
  { args: 'findings export none/out.ndjson', exit: 3, is: 'ENVIRONMENT', says: /cannot write none\/out.ndjson: no such file/ },
  { args: 'findings export - --json', exit: 2, is: 'USAGE', says: /give one/ },
  { args: 'findings --new export out.ndjson', exit: 2, is: 'USAGE', says: /--new stands before export: type it behind/ },
  { args: 'findings export', exit: 2, says: /missing required argument 'file'/ },
  { args: 'prune', exit: 0, says: /^0 items, .* in .faultline: nothing may go$/m },
  { args: 'prune --data-dir nowhere', exit: 4, is: 'NOTHING_FOUND', says: /there is no data directory nowhere\nhint: / },
  { args: 'prune --older soon', exit: 2, is: 'USAGE', says: /must be an age, such as 12h or 30d/ },
  { args: 'prune --data-dir not-a-folder', exit: 3, is: 'ENVIRONMENT', says: /cannot read not-a-folder/ },
  { args: 'campaign pause', exit: 3, is: 'ENVIRONMENT', says: /no coordinator runs on .faultline\nhint: start one/ },
  { args: 'campaign stop http://127.0.0.1:1 --token-file exposed.txt', exit: 2, is: 'SECRET_EXPOSED', says: /exposed.txt holds a secret/ },
  { args: 'submit seed.txt', exit: 3, is: 'ENVIRONMENT', says: /no coordinator runs on .faultline\nhint: start one/ },
  { args: 'submit none.txt', exit: 2, is: 'FILE_UNREADABLE', says: /cannot read none.txt: there is no such file, and it is not the id of a submission/ },
  { args: 'submit', exit: 2, is: 'USAGE', says: /submit what\? Name an input, a model with --model, or both/ },
  { args: 'submit bad.txt', exit: 2, is: 'INPUT_SYNTAX', says: /bad.txt:10:1: expected .* found "pnch"/ },
  { args: 'submit --model ./broken.json', exit: 2, is: 'MODEL_INVALID', says: /broken.json:1:12: expected a value/ },
  { args: `submit labels.txt --model ${RACY}`, exit: 2, is: 'LABEL_UNKNOWN', says: /labels.txt:12:1: .*"fault\/instalPte"/ },
  { args: 'submit seed.txt --states 1M', exit: 2, is: 'USAGE', says: /at most 524288: `faultline check` searches more/ },
  { args: 'submit seed.txt --url http://127.0.0.1:1 --token-file exposed.txt', exit: 2, is: 'SECRET_EXPOSED', says: /exposed.txt holds a secret/ },
  { args: 'submit 0123456789 --url http://127.0.0.1:1', exit: 3, says: /no coordinator answers/ },
  { args: 'prune --help', exit: 0, says: /\(default: 30d\)/ },
  { args: 'campaign halt', exit: 2, is: 'USAGE', says: /Allowed choices are pause, resume, stop/ },
  { args: 'worker --redis redis://:hunter2@127.0.0.1:1', exit: 2, is: 'USAGE', says: /has a password, .* name that with --redis-file or FAULTLINE_REDIS_URL_FILE\n/ },
  { args: 'up --redis-file secret.txt', exit: 3, is: 'REDIS_UNREACHABLE', says: /^faultline: no Redis at redis:\/\/127.0.0.1:1: connection refused.*\nhint: .*--redis-file where it has a password$/m },
  { args: 'worker --redis-file exposed.txt', exit: 2, is: 'SECRET_EXPOSED', says: /exposed.txt holds a secret.* \(mode 644\)\nhint: type `chmod 600 exposed.txt`, or/ },
  { args: 'up --redis-file closed/redis-url', exit: 3, is: 'REDIS_UNREACHABLE', says: /no Redis at redis:\/\/127.0.0.1:1: connection refused/ },
  { args: 'worker --redis-file empty', exit: 2, is: 'FILE_UNREADABLE', says: /cannot read empty: .*directory/ },
  { args: 'daemon --redis none --token-file empty', exit: 2, is: 'FILE_UNREADABLE', says: /cannot read empty: .*directory/ },
  { args: 'worker --redis-file blank.txt', exit: 2, is: 'USAGE', says: /blank.txt is empty: write redis:\/\// },
  { args: 'worker --redis-file typo.txt', exit: 2, is: 'REDIS_URL', says: /^faultline: "(?!.*hunter2).*" in typo.txt is no address of a Redis/ },
  { args: 'worker --redis-file none.txt', exit: 2, is: 'FILE_UNREADABLE', says: /no such file/ },
  { args: 'daemon --redis unix:/a --redis-file secret.txt', exit: 2, is: 'USAGE', says: /--redis and --redis-file both name a Redis/ },
  { args: 'daemon --redis none --token-file exposed.txt', exit: 2, is: 'SECRET_EXPOSED', says: /exposed.txt holds a secret/ },
  { args: 'daemon --redis none --allow-host lab a,b', exit: 2, is: 'USAGE', says: /'a,b' is invalid. It must be NAME or NAME:PORT/ },
  { args: 'daemon --redis none --webhook-file exposed.txt', exit: 2, is: 'SECRET_EXPOSED', says: /exposed.txt holds a secret/ },
  { args: 'daemon --redis none --webhook-file secret.txt', exit: 2, is: 'USAGE', says: /secret.txt holds no address that begins with https/ },
  { args: 'daemon --redis none --webhook-file hook.txt', exit: 2, is: 'USAGE', says: /^faultline: the webhook in hook.txt is on another machine, .* --insecure-http/ },
  { args: 'completion bash', exit: 0, says: /^complete -o default -F _faultline faultline$/m },
  { args: 'completion tcsh', exit: 2, is: 'USAGE', says: /'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish/ },
  { args: 'version', exit: 0, says: /^engine [0-9a-f]{64}$/m },
  { args: 'version --rng-seed 4294967296', exit: 2, says: /from 0 to 4294967295/ },
  { args: 'versoin', exit: 2, says: /Did you mean version/ },
  { args: '', exit: 2, says: /Usage: faultline[\s\S]*a verb is missing/ },
];

const FIELDS_OF_ERROR = ['code', 'message', 'hint', 'problems', 'more'];
const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
const ended = new Map<string, Ended>();
let id = '';

before(async () => {
  id = await fillFolder(folder);
  for (const { args, is } of CASES) {
    for (const asked of is === undefined ? [args] : [args, `${args} --json`]) {
      ended.set(asked, await faultlineHere(wordsOf(asked), folder));
    }
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

function wordsOf(args: string): readonly string[] {
  const dir = path.join('.faultline/findings', id);
  const words = args.split(' ').filter((word) => word !== '');
  return words.map((word) => (word === 'ID' ? id.slice(0, 8) : word === 'DIR' ? dir : word));
}

for (const { args, exit, says, is } of CASES) {
  test(`faultline ${args} ends with ${exit}`, () => {
    const plain = ended.get(args);
    const said = `${plain?.stdout}${plain?.stderr}`;
    assert.equal(plain?.exit, exit, said);
    assert.match(said, says);
    if (exit >= 2 && is !== 'inconclusive') assert.match(plain?.stderr ?? '', /^hint: \S/m);
  });
  if (is === undefined) continue;
  test(`faultline ${args} --json prints one document`, () => {
    const json = ended.get(`${args} --json`);
    assert.equal(json?.exit, exit, `${json?.stdout}${json?.stderr}`);
    const document = JSON.parse(json?.stdout ?? '');
    assert.equal(document.verdict ?? document.error.code, is);
    if (exit >= 2 && is !== 'inconclusive') {
      assert.deepEqual(Object.keys(document.error), FIELDS_OF_ERROR);
    }
  });
}

test('a refusal of a file lists its problems with their places', () => {
  const json = ended.get(`check bad.txt --model ${RACY} --json`);
  const { problems, more, message } = JSON.parse(json?.stdout ?? '').error;
  const { file, line, column, where, what } = problems[0];
  assert.deepEqual(
    { file, line, column, where },
    { file: 'bad.txt', line: 10, column: 1, where: '' },
  );
  assert.equal(message, `bad.txt:10:1: ${what}`);
  assert.match(what, /found "pnch"; the nearest is punch$/);
  assert.deepEqual([problems.length, more], [1, 0]);
});

// biome-ignore format: a table
const VARIABLES: readonly (readonly [name: string, value: string, args: string, says: RegExp])[] = [
  ['FAULTLINE_LOG_LEVEL', 'loud', 'worker --redis redis://127.0.0.1:1', /FAULTLINE_LOG_LEVEL is "loud": it can be trace, debug, info, warn/],
  ['FAULTLINE_LOG_LEVEL', 'loud', 'daemon --redis none', /FAULTLINE_LOG_LEVEL is "loud"/],
  ['FAULTLINE_SECRET_FILES', 'yes', 'up --redis-file secret.txt', /FAULTLINE_SECRET_FILES is "yes": write unchecked, or leave it out/],
];

for (const [name, value, args, says] of VARIABLES) {
  test(`${name}=${value} is refused by ${args}`, async () => {
    process.env[name] = value;
    try {
      const { exit, stderr } = await faultlineHere(wordsOf(args), folder);
      assert.equal(exit, 2, stderr);
      assert.match(stderr, says);
    } finally {
      delete process.env[name];
    }
  });
}

test('a worker that is refused has made nothing', () => {
  assert.equal(existsSync(path.join(folder, 'nobody')), false);
});

/** One for each way in which a verb ends, and for each stream. */
// biome-ignore format: a list
const AS_PROCESSES: readonly string[] = [
  `check seed.txt --model ${SOUND}`, 'replay ID', 'replay ID --json', 'check seed.txt', 'findings --data-dir not-a-folder',
  'replay 00000000 --json', 'replay other-trace.txt', 'replay changed-model.txt', '',
];

for (const args of AS_PROCESSES) {
  test(`the process faultline ${args} says the same and ends the same`, async () => {
    const { exit, stdout, stderr } = await faultline(wordsOf(args), folder);
    const here = ended.get(args);
    const bare = (text = ''): string => text.replace(/^ +at .*\n|\d+(?:\.\d+)? s$/gm, '');
    assert.equal(exit, here?.exit);
    assert.deepEqual([bare(stdout), bare(stderr)], [bare(here?.stdout), bare(here?.stderr)]);
  });
}

test('a reader that has seen enough is no error', async () => {
  const main = JSON.stringify(MAIN);
  const script = `${JSON.stringify(process.execPath)} ${main} models | head -c 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([stdout.slice(1), stderr], ['0\n', '']);
});
