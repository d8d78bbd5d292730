/** Of images and environments, in compose and in a cluster alike. */

/** Three numbers, or a digest: `latest` and `20` are another image tomorrow. */
const PINNED = /(?::v?\d+\.\d+\.\d+(?:-[\w.-]+)?|@sha256:[0-9a-f]{64})$/;
const SECRET = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|REDIS_URL|API_?KEY/i;

export function isPinned(image: string): boolean {
  return PINNED.test(image);
}

/** What would have a secret, and is not the name of its file. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !/_FILES?$/.test(name);
}
