/**
 * `node deploy/secrets.mjs FOLDER [HOST:PORT]` draws the secrets of a fleet, a file each: what compose, a cluster and units of
 * systemd mount. The password in `redis-url` is the one whose hash `users.acl` has. Plain JavaScript: it runs without a build.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const USAGE = 2;
const ENVIRONMENT = 3;
const ACL = new URL('redis/users.acl', import.meta.url);
/** Names in compose and in a cluster are the same. */
const REDIS_DEFAULT = 'redis:6379';
/** The folder keeps others out: a container reads a bind-mounted file under a user of its own. */
const [FOLDER_MODE, FILE_MODE] = [0o700, 0o444];

const [folder, redis = REDIS_DEFAULT, ...rest] = process.argv.slice(2);
if (folder === undefined || folder.startsWith('-') || rest.length > 0) {
  stop(USAGE, 'usage: node deploy/secrets.mjs FOLDER [HOST:PORT of Redis]');
}
const password = randomBytes(32).toString('hex');
const files = {
  'redis-url': `redis://faultline:${password}@${redis}\n`,
  'users.acl': readFileSync(ACL, 'utf8').replace('PASSWORD_SHA256', sha256(password)),
  token: `${randomBytes(32).toString('hex')}\n`,
  'grafana-password': `${randomBytes(24).toString('base64url')}\n`,
};
const there = Object.keys(files).filter((name) => existsSync(path.join(folder, name)));
if (there.length > 0) {
  stop(
    ENVIRONMENT,
    `${folder} has ${there.join(', ')} already; name another folder, or remove all of them`,
  );
}
try {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), text, { mode: FILE_MODE, flag: 'wx' });
  }
} catch (error) {
  stop(ENVIRONMENT, `cannot write the secrets: ${error.message}`);
}

function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

function stop(code, line) {
  process.stderr.write(`secrets: ${line}\n`);
  process.exit(code);
}
