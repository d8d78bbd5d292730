/** Which ends of a process are final, and which are mended by starting it again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Ended, SupervisedProcess } from '../../daemon/redis/supervised-process.ts';
import { temporaryFolder } from '../store/sample.ts';
import { patiently } from '../support/patience.ts';

const WORKING = "process.send({ kind: 'working' }, () => ";
const REFUSED = "process.send({ kind: 'refused' }, () => ";

interface Course {
  /** A script for each start; the last one for all that follow. */
  readonly scripts: readonly string[];
  readonly exit: number | null;
  readonly starts: number;
}

const COURSES: Readonly<Record<string, Course>> = {
  'done is the end': { scripts: ['process.exit(0)'], exit: 0, starts: 1 },
  'a wrong option is the end': { scripts: ['process.exit(2)'], exit: 2, starts: 1 },
  'refused by its surroundings before it worked: the end': {
    scripts: ['process.exit(3)'],
    exit: 3,
    starts: 1,
  },
  'refused by its surroundings after it worked: again': {
    scripts: [`${WORKING}process.exit(3))`, 'process.exit(3)', 'process.exit(0)'],
    exit: 0,
    starts: 3,
  },
  'one that says that nothing helps: the end': {
    scripts: [`${WORKING}process.exit(3))`, `${REFUSED}process.exit(3))`],
    exit: 3,
    starts: 2,
  },
  'killed, before or after it worked: again': {
    scripts: ["process.kill(process.pid, 'SIGKILL')", 'process.exit(0)'],
    exit: 0,
    starts: 2,
  },
};

for (const [title, course] of Object.entries(COURSES)) {
  test(title, async (t) => {
    const { ended, starts } = await ran(t, course.scripts);
    assert.equal(ended.exit, course.exit);
    assert.equal(starts, course.starts);
  });
}

async function ran(
  t: TestContext,
  scripts: readonly string[],
): Promise<{ readonly ended: Ended; readonly starts: number }> {
  let starts = 0;
  const supervised = new SupervisedProcess({
    name: 'part',
    args: ['-e', 'eval(process.env.SCRIPT)'],
    logDir: temporaryFolder(t),
    environment: () => {
      const SCRIPT = scripts[Math.min(starts, scripts.length - 1)] ?? '';
      starts += 1;
      return { SCRIPT };
    },
    told: () => {},
    said: () => {},
  });
  t.after(() => supervised.stop(0));
  supervised.start();
  const ended = await patiently('its end', supervised.ended);
  return { ended, starts };
}
