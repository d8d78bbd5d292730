/** The private Redis: never two on one folder, nothing lost by a kill, and a reason where it cannot start. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { isAlive } from '../../corpus/disk/lock.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { onPath } from '../../daemon/redis/debian-package.ts';
import { cacheFolder, findRedisServer, type RedisBinary } from '../../daemon/redis/redis-binary.ts';
import { PrivateRedis, type RedisPlace } from '../../daemon/redis/redis-server.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason, TEST_CACHE } from '../support/debian.ts';
import { testClient, testRedis } from './redis.ts';

const skip = await skipReason('redis-server');
const SERVER = new URL('../../daemon/redis/redis-server.js', import.meta.url).href;

function placeIn(dataDir: string, say: (line: string) => void = () => {}): RedisPlace {
  return { dataDir, cacheDir: TEST_CACHE, say };
}

/** Started here and gone with the test, whatever else becomes of it. */
async function startIn(t: TestContext, place: RedisPlace): Promise<PrivateRedis> {
  const redis = await PrivateRedis.start(place);
  t.after(() => redis.stop());
  return redis;
}

interface Started {
  readonly pid: number;
  readonly wasAdopted: boolean;
}

/** Starts one in another process, which then waits to be killed. */
async function startElsewhere(
  dataDir: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly started: Started; readonly kill: () => Promise<void> }> {
  const program = `
    const { PrivateRedis } = await import(${JSON.stringify(SERVER)});
    const place = { dataDir: ${JSON.stringify(dataDir)}, cacheDir: ${JSON.stringify(TEST_CACHE)}, say() {} };
    const answer = await PrivateRedis.start(place).then(
      ({ pid, wasAdopted }) => ({ pid, wasAdopted }),
      ({ code, message }) => ({ code, message }),
    );
    console.log(JSON.stringify(answer));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { started: JSON.parse(String(line)) as Started, kill };
}

function refusal(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.equal(error.exit, 3);
    assert.match(error.message, message);
    return true;
  };
}

type Scenarios = Readonly<Record<string, (t: TestContext) => Promise<void> | void>>;

const PRIVATE: Scenarios = {
  async 'keeps its socket and files to this user, and itself from a Ctrl-C'(t) {
    const dataDir = temporaryFolder(t);
    const redis = await startIn(t, placeIn(dataDir));
    const { pid, url, wasAdopted } = redis;
    const folder = path.join(dataDir, 'redis');
    assert.equal(wasAdopted, false);
    assert.equal(url, `unix:${path.join(folder, 'redis.sock')}`);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(path.join(folder, 'redis.sock')).mode & 0o777, 0o700);
    assert.equal(process.kill(-pid, 0), true, 'it leads a process group of its own');
    const client = testClient(t, redis.address);
    const settings = ['appendonly', 'yes', 'maxmemory-policy', 'noeviction', 'port', '0'];
    for (let i = 0; i < settings.length; i += 2) {
      assert.deepEqual(await client.config('GET', settings[i] ?? ''), settings.slice(i, i + 2));
    }
    client.disconnect();
    await redis.stop();
    assert.equal(isAlive(pid), false);
    await redis.stop();
    await redis.exited;
  },

  async 'is adopted when its owner was killed'(t) {
    const dataDir = temporaryFolder(t);
    const owner = await startElsewhere(dataDir);
    await owner.kill();
    assert.equal(owner.started.wasAdopted, false);
    const redis = await startIn(t, placeIn(dataDir));
    assert.deepEqual([redis.pid, redis.wasAdopted], [owner.started.pid, true]);
    await redis.stop();
    assert.equal(isAlive(redis.pid), false);
  },

  async 'is one, however many start it at the same time'(t) {
    const dataDir = temporaryFolder(t);
    // The lock of one that died over it must hold nobody up.
    mkdirSync(path.join(dataDir, 'redis'));
    const dead = spawn('true');
    await once(dead, 'exit');
    symlinkSync(`${hostname()}:${dead.pid}`, path.join(dataDir, 'redis/starting'));
    const owners = await Promise.all([1, 2, 3].map(() => startElsewhere(dataDir)));
    await Promise.all(owners.map(({ kill }) => kill()));
    const { pid } = await startIn(t, placeIn(dataDir));
    assert.deepEqual(
      owners.map(({ started }) => started.pid),
      [pid, pid, pid],
    );
    assert.equal(owners.filter(({ started }) => !started.wasAdopted).length, 1);
    assert.equal(existsSync(path.join(dataDir, 'redis/starting')), false);
  },

  async 'has what was acknowledged after kill -9'(t) {
    const place = placeIn(temporaryFolder(t));
    const first = await PrivateRedis.start(place);
    const writer = testClient(t, first.address);
    await writer.set('a', '17');
    writer.disconnect();
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await startIn(t, place);
    assert.equal(second.wasAdopted, false);
    assert.equal(await testClient(t, second.address).get('a'), '17');
  },

  async 'is told from what a dead one left, and from a process that got its number'(t) {
    const dataDir = temporaryFolder(t);
    mkdirSync(path.join(dataDir, 'redis'));
    writeFileSync(path.join(dataDir, 'redis/redis.sock'), '');
    writeFileSync(path.join(dataDir, 'redis/redis.pid'), `${process.pid}\n`);
    assert.equal((await startIn(t, placeIn(dataDir))).wasAdopted, false);
  },

  async 'that nobody can reach any more is ended and replaced'(t) {
    const lines: string[] = [];
    const place = placeIn(temporaryFolder(t), (line) => lines.push(line));
    const lost = await PrivateRedis.start(place);
    assert.ok('path' in lost.address);
    rmSync(lost.address.path);
    const redis = await startIn(t, place);
    await lost.exited;
    assert.deepEqual([redis.wasAdopted, isAlive(lost.pid)], [false, false]);
    assert.deepEqual(lines, [
      `the Redis of an earlier run (process ${lost.pid}) does not answer; ending it`,
    ]);
  },

  async 'that hangs, in a folder that is gone, is stopped all the same'(t) {
    const dataDir = temporaryFolder(t);
    const redis = await PrivateRedis.start(placeIn(dataDir));
    process.kill(redis.pid, 'SIGSTOP');
    rmSync(dataDir, { recursive: true });
    await redis.stop();
    // Killed, it is there until its parent has heard of it.
    await redis.exited;
    assert.equal(isAlive(redis.pid), false);
  },

  async 'has a socket of short name where the folder has a long one'(t) {
    const place = placeIn(path.join(temporaryFolder(t), 'long'.repeat(25)));
    const redis = await startIn(t, place);
    assert.ok('path' in redis.address);
    const folder = path.dirname(redis.address.path);
    assert.ok(redis.address.path.length < 100);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal((await PrivateRedis.start(place)).wasAdopted, true);
    await redis.stop();
    assert.equal(existsSync(folder), false);
    symlinkSync(temporaryFolder(t), folder);
    t.after(() => rmSync(folder));
    await assert.rejects(
      PrivateRedis.start(place),
      refusal('REDIS_START', /belongs to somebody else/),
    );
  },

  async 'is not mistaken for another server on its socket'(t) {
    const dataDir = temporaryFolder(t);
    mkdirSync(path.join(dataDir, 'redis'));
    await testRedis(t, [], path.join(dataDir, 'redis/redis.sock'));
    const started = PrivateRedis.start(placeIn(dataDir));
    await assert.rejects(started, refusal('REDIS_START', /another server answers/));
  },

  async 'says, printably, why it died at the start'(t) {
    const dataDir = temporaryFolder(t);
    const kept = path.join(dataDir, 'redis/appendonlydir');
    mkdirSync(kept, { recursive: true });
    writeFileSync(path.join(kept, 'appendonly.aof.manifest'), 'file \x1b[31mred seq 1 type b\n');
    const before = 'words of an earlier start\n';
    writeFileSync(path.join(dataDir, 'redis/redis.log'), before);
    await assert.rejects(PrivateRedis.start(placeIn(dataDir)), (error) => {
      assert.ok(refusal('REDIS_START', /status 1: .*the AOF file/)(error));
      assert.ok(!/[^ -~]|earlier/.test(String(error)));
      return true;
    });
    assert.ok(readFileSync(path.join(dataDir, 'redis/redis.log'), 'utf8').startsWith(before));
  },

  async 'is refused a folder that takes nothing'() {
    const started = PrivateRedis.start(placeIn('/proc/faultline'));
    await assert.rejects(started, refusal('DATA_DIR', /^cannot write to \/proc\/faultline/));
  },

  async 'is refused a disk that is full, when only the server notices'(t) {
    const dataDir = temporaryFolder(t);
    const programs = temporaryFolder(t);
    const words = 'Fatal error: write: No space left on device';
    writeFileSync(path.join(programs, 'redis-server'), `#!/bin/sh\necho '${words}'; exit 1\n`);
    chmodSync(path.join(programs, 'redis-server'), 0o755);
    const { started, kill } = await startElsewhere(dataDir, { PATH: programs });
    await kill();
    const message = `cannot write to ${path.join(dataDir, 'redis')}: No space left on device`;
    assert.deepEqual(started, { code: 'DATA_DIR', message });
  },
};

const isDebian = ['apt-get', 'dpkg-deb'].every((tool) => onPath(tool, process.env) !== null);

/** What is on the PATH, without any Redis. */
function withoutRedis(t: TestContext): NodeJS.ProcessEnv {
  const folder = temporaryFolder(t);
  const programs = (process.env.PATH ?? '').split(path.delimiter).filter((f) => existsSync(f));
  for (const from of programs) {
    for (const name of readdirSync(from)) {
      if (/^(?:redis|valkey)/.test(name) || existsSync(path.join(folder, name))) continue;
      symlinkSync(path.join(from, name), path.join(folder, name));
    }
  }
  return { ...process.env, PATH: folder };
}

/** The folder `partial` of the lists is root's alone, and so is a lock. */
function isReadable(name: string): boolean {
  return !/\/(?:partial|lock)$/.test(name);
}

/** A configuration of apt that has its package lists in this folder. */
function configuredFor(lists: string, t: TestContext): string {
  const configuration = path.join(temporaryFolder(t), 'apt.conf');
  writeFileSync(configuration, `Dir::State::lists "${lists}";\n`);
  return configuration;
}

const BINARY: Scenarios = {
  async 'that is nowhere to be had is asked for'(t) {
    const found = findRedisServer(temporaryFolder(t), () => {}, { PATH: temporaryFolder(t) });
    await assert.rejects(found, (error) => {
      assert.ok(refusal('REDIS_MISSING', /this system has no apt-get/)(error));
      assert.match(
        (error as Refusal).hint,
        /sudo apt-get install redis-server.*FAULTLINE_REDIS_URL/,
      );
      return true;
    });
  },

  async 'is unpacked once, by two at the same time, and again when it is damaged'(t) {
    const cacheDir = path.join(temporaryFolder(t), 'cache');
    const lines: string[] = [];
    // Other lists have other versions, and another test may bring them at any moment.
    const lists = path.join(temporaryFolder(t), 'lists');
    cpSync('/var/lib/apt/lists', lists, { recursive: true, filter: isReadable });
    const env = { ...withoutRedis(t), APT_CONFIG: configuredFor(lists, t) };
    const find = (): Promise<RedisBinary> =>
      findRedisServer(cacheDir, (line) => lines.push(line), env);
    const [found, other] = await Promise.all([find(), find()]);
    assert.deepEqual(other, found);
    assert.deepEqual([await find(), lines.length], [found, 2]);
    const names = readdirSync(cacheDir);
    assert.equal(names.length, 1, names.join());

    rmSync(found.binary);
    assert.deepEqual(await find(), found);
    assert.deepEqual([lines.length, readdirSync(cacheDir)], [3, names]);
  },

  async 'is unpacked on a system whose package lists have been removed to save space'(t) {
    const cacheDir = path.join(temporaryFolder(t), 'cache');
    const env = { ...withoutRedis(t), APT_CONFIG: configuredFor(temporaryFolder(t), t) };
    const { binary } = await findRedisServer(cacheDir, () => {}, env);
    assert.ok(existsSync(binary));
  },

  'is cached for the user, or in the data folder where there is no such place'(t) {
    const folder = temporaryFolder(t);
    const caches = path.join(folder, 'faultline');
    assert.equal(cacheFolder({ XDG_CACHE_HOME: folder }, 'data'), caches);
    const homes = path.join(folder, '.cache/faultline');
    assert.equal(cacheFolder({ XDG_CACHE_HOME: 'relative', HOME: folder }, 'data'), homes);
    assert.equal(cacheFolder({ HOME: '/proc/faultline' }, '/data'), '/data/cache');
  },
};

// Most of the time goes into waiting for what does not answer.
describe('a Redis of our own', { concurrency: true }, () => {
  const noPackages = skip || (isDebian ? false : 'only Debian has its packages');
  for (const [name, run] of Object.entries(PRIVATE)) test(name, { skip }, run);
  for (const [name, run] of Object.entries(BINARY)) test(name, { skip: noPackages }, run);
});
