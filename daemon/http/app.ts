/** All routes, and what becomes of whatever a route throws. */
import { Hono } from 'hono';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { addApi } from './api.ts';
import { errorPage } from './layout.ts';
import { addPages, pageResponse } from './pages.ts';
import { Problem } from './problem.ts';
import { type App, type Asked, addRoute, type Served } from './routes.ts';

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };
/** Format of the exposition that Prometheus asks for. */
const METRICS = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };

/** @param onFault told of what a route throws that is no answer: a bug of ours */
export function makeApp(served: Served, onFault: (error: unknown) => void): App {
  const app: App = new Hono();
  addHealth(app, served);
  addApi(app, served);
  addPages(app, served);
  app.notFound((asked) =>
    refuse(asked, new Problem(404, 'there is nothing here; the findings are at /'), served),
  );
  app.onError((error, asked) => refuse(asked, problemOf(error, onFault), served));
  return app;
}

/** To people as a page; a browser says that it likes those best. */
function refuse(asked: Asked, problem: Problem, { version }: Served): Response | Promise<Response> {
  const likesPages = asked.req.header('Accept')?.startsWith('text/html') === true;
  if (!likesPages || asked.req.path.startsWith('/api/')) return problem.response();
  return pageResponse(errorPage(problem, version), problem);
}

/** @returns `error` itself if it is an answer */
export function problemOf(error: unknown, onFault: (error: unknown) => void): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refusal) return new Problem(503, `${error.message}; ${error.hint}`);
  onFault(error);
  return new Problem(503, 'this could not be answered; the output of the daemon says why');
}

function addHealth(app: App, { showing }: Served): void {
  addRoute(app, {
    method: 'GET',
    path: '/livez',
    answer: (asked) => asked.text('alive\n', 200, TEXT),
  });
  addRoute(app, {
    method: 'GET',
    path: '/readyz',
    answer: (asked) => {
      const { isReady, why } = showing.readiness();
      if (!isReady) throw new Problem(503, why);
      return asked.text('ready\n', 200, TEXT);
    },
  });
  addRoute(app, {
    method: 'GET',
    path: '/metrics',
    answer: async (asked) => asked.text(await showing.metrics(), 200, METRICS),
  });
}
