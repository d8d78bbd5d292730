/** `/api/v1`: findings to read and to follow, the campaign and its workers, and the things one may do. */
import { createHash } from 'node:crypto';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { MiddlewareHandler } from 'hono';
import { etag } from 'hono/etag';
import { type PackedRecord, shownId } from '../../corpus/vocabulary/finding.ts';
import { isJsonObject, readJson } from '../../corpus/vocabulary/json.ts';
import { CONTROLS, LEADS_TO, type Published } from '../campaign/views.ts';
import { readBody } from './body.ts';
import { findingOf, pageOf, shownFinding } from './listing.ts';
import { Problem } from './problem.ts';
import { type App, type Asked, addRoute, parameterOf, REVALIDATED, type Served } from './routes.ts';
import { readSubmission, submitted } from './submitting.ts';

const FINDINGS = '/api/v1/findings';
const SUBMISSIONS = '/api/v1/submissions';
const SUBMISSION_ID = /^[0-9a-f]{6,64}$/;
/** Seconds after which a stream may have become free. */
const STREAM_RETRY = '30';
/** What Prometheus takes for a target; a heartbeat may say anything. */
const TARGET = /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;

export function addApi(app: App, served: Served): void {
  addEvents(app, served);
  app.use('/api/*', digested, etag());
  addFindings(app, served);
  addFleet(app, served);
  addControls(app, served);
  addSubmissions(app, served);
}

/** RFC 9530: whoever reads can tell that nothing changed on the way. */
const digested: MiddlewareHandler = async (asked, next) => {
  await next();
  if (asked.res.status !== 200) return;
  const body = Buffer.from(await asked.res.clone().arrayBuffer());
  const digest = createHash('sha256').update(body).digest('base64');
  asked.header('Content-Digest', `sha-256=:${digest}:`);
};

function addFindings(app: App, { showing }: Served): void {
  const published = (asked: Asked): Published =>
    findingOf(showing.published(), parameterOf(asked, 'id'));
  const record = ({ finding }: Published): PackedRecord =>
    showing.record(finding.id) ?? unreadable(finding.id);

  addRoute(app, {
    method: 'GET',
    path: FINDINGS,
    parameters: ['model', 'class', 'known', 'since', 'limit'],
    answer: (asked, query) => {
      const page = pageOf(showing.published(), query);
      return asked.json(page, 200, { ...REVALIDATED, ...linkTo(asked, page.next) });
    },
  });
  addRoute(app, {
    method: 'GET',
    path: `${FINDINGS}/:id`,
    answer: (asked) => {
      const found = published(asked);
      return asked.json({ ...shownFinding(found), record: record(found) }, 200, REVALIDATED);
    },
  });
  addRoute(app, {
    method: 'GET',
    path: `${FINDINGS}/:id/repro`,
    answer: (asked) => {
      const found = published(asked);
      const file = `faultline-${shownId(found.finding.id)}.txt`;
      const headers = { 'Content-Disposition': `attachment; filename="${file}"`, ...REVALIDATED };
      return asked.text(record(found).repro, 200, headers);
    },
  });
  addRoute(app, {
    method: 'GET',
    path: `${FINDINGS}/:id/columns`,
    answer: (asked) => {
      const { id } = published(asked).finding;
      return asked.text(showing.render(id, 'columns') ?? unreadable(id), 200, REVALIDATED);
    },
  });
  addRoute(app, {
    method: 'GET',
    path: `${FINDINGS}/:id/timeline.svg`,
    answer: (asked) => {
      const { id } = published(asked).finding;
      const timeline = showing.timeline(id);
      if (timeline === undefined)
        throw new Problem(404, 'this build does not run it as it was found');
      const headers = { 'Content-Type': 'image/svg+xml', ...REVALIDATED };
      return new Response(timeline.svg, { headers });
    },
  });
}

/** The same question, from where this answer ends (RFC 8288). */
function linkTo(asked: Asked, next: string | null): Record<string, string> {
  if (next === null) return {};
  const url = new URL(asked.req.url);
  url.searchParams.set('since', next);
  return { Link: `<${url.pathname}${url.search}>; rel="next"` };
}

function unreadable(id: string): never {
  throw new Problem(
    503,
    `the files of finding ${shownId(id)} cannot be read; the output of the daemon says why`,
  );
}

function addFleet(app: App, { showing }: Served): void {
  addRoute(app, {
    method: 'GET',
    path: '/api/v1/campaign',
    answer: (asked) => asked.json(showing.status(), 200, REVALIDATED),
  });
  addRoute(app, {
    method: 'GET',
    path: '/api/v1/fleet',
    answer: (asked) => asked.json({ workers: showing.fleet() }, 200, REVALIDATED),
  });
  addRoute(app, {
    method: 'GET',
    path: '/api/v1/history',
    answer: (asked) => asked.json({ moments: showing.history() }, 200, REVALIDATED),
  });
  addRoute(app, {
    method: 'GET',
    path: '/api/v1/sd',
    answer: (asked) => {
      const targets = showing.fleet().flatMap(({ metrics }) => metrics ?? []);
      const fit = targets.filter((target) => TARGET.test(target));
      const groups = fit.map((target) => ({ targets: [target], labels: { role: 'worker' } }));
      return asked.json(groups, 200, REVALIDATED);
    },
  });
}

function addEvents(app: App, { streams }: Served): void {
  addRoute(app, {
    method: 'GET',
    path: '/api/v1/events',
    parameters: ['since'],
    answer: (asked, { since }) => {
      if (asked.req.method === 'HEAD') return asked.body(null, 200);
      if (streams.isFull) {
        const headers = { 'Retry-After': STREAM_RETRY };
        throw new Problem(503, 'as many follow the events as may', { headers });
      }
      const last = asked.req.header('Last-Event-ID') ?? '';
      const isGiven = new URL(asked.req.url).searchParams.has('since');
      const from = /^\d{1,15}$/.test(last) ? Number(last) : isGiven ? since : null;
      streams.open(asked.env.outgoing, from);
      return RESPONSE_ALREADY_SENT;
    },
  });
}

function addControls(app: App, { showing, token, bodyBytesMax }: Served): void {
  for (const control of CONTROLS) {
    addRoute(app, {
      method: 'POST',
      path: `/api/v1/campaign/${control}`,
      answer: async (asked) => {
        requireToken(asked, token);
        checkEmpty(await readBody(asked.env.incoming, bodyBytesMax));
        // Who may not is told so, even if there is nothing to do.
        if (showing.status().state !== LEADS_TO[control]) showing.control(control);
        return asked.json(showing.status(), 202);
      },
    });
  }
}

function requireToken(asked: Asked, token: Served['token']): void {
  const problem = token.problem(asked.req.header('Authorization'));
  if (problem !== undefined) throw problem;
}

function addSubmissions(app: App, { showing, token, bodyBytesMax }: Served): void {
  addRoute(app, {
    method: 'POST',
    path: SUBMISSIONS,
    answer: async (asked) => {
      requireToken(asked, token);
      const submission = submitted(
        showing,
        readSubmission(await readBody(asked.env.incoming, bodyBytesMax)),
      );
      return asked.json(submission, 202, { Location: `${SUBMISSIONS}/${submission.id}` });
    },
  });
  addRoute(app, {
    method: 'GET',
    path: `${SUBMISSIONS}/:id`,
    answer: (asked) => {
      const id = parameterOf(asked, 'id');
      const [found, ...others] = SUBMISSION_ID.test(id) ? showing.submissions(id) : [];
      if (found === undefined) throw new Problem(404, 'there is no such submission');
      if (others.length === 0) return asked.json(found, 200, REVALIDATED);
      throw new Problem(409, `several submissions have an id that begins ${id}; give more of it`);
    },
  });
}

/** What is to be done is in the path. */
function checkEmpty(body: string): void {
  const value = body === '' ? {} : readJson(body);
  if (isJsonObject(value) && Object.keys(value).length === 0) return;
  throw new Problem(400, 'this takes no body, or the empty object {}');
}
