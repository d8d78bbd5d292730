/** Which guide's `sh` lines are run at night, with what before them, and which lines no test can run, and why. */
import type { Session } from './shell.ts';

const B12 = 'faultline check corpus/seeds/b12-fault-vs-punch.txt --model v42-immap-read';
const REDIS = 'redis-server --port 6379';

/** A guide that has `sh` blocks is here or in NOT_RUN. */
export const SESSIONS: Readonly<Record<string, Session>> = {
  'README.md': {},
  'daemon/README.md': {
    before: [
      B12,
      'faultline check corpus/seeds/b03-mkwrite-vs-store.txt --model v43rc-immap-write --all',
      'faultline show 51db96e54d31 > mail.txt',
      'faultline init my-fix --from v42-immap-read',
    ],
  },
  'dashboards/docs/how-to.md': {},
  'dashboards/docs/runbooks.md': {
    before: [
      REDIS,
      B12,
      'cp .faultline/findings/51db96e54d31*/repro.txt REPRO',
      "printf 'redis://127.0.0.1:6379\\n' > FILE && chmod 600 FILE",
    ],
    env: { FAULTLINE_REDIS_URL: 'redis://127.0.0.1:6379' },
    words: {
      ID: '51db96e54d31',
      DATA_DIR: '.faultline',
      FILE: 'redis-url',
      REPRO: 'repro.txt',
      MODEL: 'v42-immap-read',
    },
  },
};

interface NotRun {
  readonly guide: string;
  /** Of a line; '' is every line of the guide. */
  readonly begins: string;
  readonly why: string;
}

const CLONE = 'compiles anew, below the tests that run; test/package and .ci/run do it';

export const NOT_RUN: readonly NotRun[] = [
  { guide: 'README.md', begins: 'npm start', why: `${CLONE}; test/e2e runs what it starts` },
  { guide: 'README.md', begins: 'npm install ./faultline-', why: 'test/package does, in a folder' },
  {
    guide: 'README.md',
    begins: 'npx faultline check node_modules/',
    why: 'needs the line before it',
  },
  { guide: 'README.md', begins: 'node deploy/secrets.mjs', why: 'test/deploy does, in a folder' },
  { guide: 'README.md', begins: 'docker compose', why: 'needs a container engine' },
  { guide: 'README.md', begins: 'npx faultline bench --against', why: CLONE },
  {
    guide: 'daemon/README.md',
    begins: 'faultline submit',
    why: 'needs a fleet; how-to.md has one',
  },
  { guide: 'daemon/README.md', begins: 'git bisect run', why: 'needs a history that is bisected' },
  ...['--rows B12,F02', '--cold'].map((what) => ({
    guide: 'daemon/README.md',
    begins: `faultline bench detect ${what}`,
    why: 'takes many minutes, and Ctrl-C waits for the row; test/cli/bench-detect.test.ts has less',
  })),
  {
    guide: 'daemon/README.md',
    begins: 'faultline bench detect --rows B12 --schedulers surw,random,spin-random',
    why: 'needs SPIN and gcc; test/workers/detect-spin.test.ts has them',
  },
  {
    guide: 'dashboards/docs/runbooks.md',
    begins: 'redis-cli',
    why: 'asks for a password; test/deploy answers',
  },
  {
    guide: 'dashboards/docs/how-to.md',
    begins: 'gcc ',
    why: 'needs a DAX mount; test/workers/c-programs.test.ts compiles and runs such programs',
  },
  {
    guide: 'deploy/lab/README.md',
    begins: '',
    why: 'boots a machine in qemu for minutes; test/lab boots one at night',
  },
  {
    guide: 'dashboards/docs/how-to.md',
    begins: 'faultline lab force',
    why: 'boots a kernel; test/lab/gallery.weekly.test.ts does',
  },
  {
    guide: 'deploy/README.md',
    begins: '',
    why: 'needs a container engine, a cluster or systemd; test/deploy checks what they are given',
  },
];

/** @returns why no test runs the line, or null */
export function whyNotRun(guide: string, line: string): string | null {
  const row = NOT_RUN.find((one) => one.guide === guide && line.startsWith(one.begins));
  return row?.why ?? null;
}
