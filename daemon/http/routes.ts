/** How a route is declared: one method, the parameters it has, and a refusal for everything else. */
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { EventStreams } from './events.ts';
import type { Guides } from './guides.ts';
import { type Parameter, type Query, readQuery } from './listing.ts';
import { Problem } from './problem.ts';
import type { Scripts } from './scripts.ts';
import type { Showing } from './showing.ts';
import type { Token } from './token.ts';

interface Environment {
  readonly Bindings: HttpBindings;
}
export type App = Hono<Environment>;
export type Asked = Context<Environment>;

/** What the routes serve from. */
export interface Served {
  readonly showing: Showing;
  readonly streams: EventStreams;
  readonly token: Token;
  readonly version: string;
  readonly bodyBytesMax: number;
  readonly scripts: Scripts;
  readonly guides: Guides;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly parameters?: readonly Parameter[];
  readonly answer: (asked: Asked, query: Query) => Response | Promise<Response>;
}

export function addRoute(app: App, { method, path, parameters = [], answer }: Route): void {
  app.on(method, path, (asked) => answer(asked, readQuery(asked.req.url, parameters)));
  const allowed = method === 'GET' ? 'GET, HEAD' : method;
  app.all(path, () => {
    throw new Problem(405, `this can only be asked with ${allowed}`, {
      headers: { Allow: allowed },
    });
  });
}

/** May be kept, and is asked for again with its tag. */
export const REVALIDATED = { 'Cache-Control': 'no-cache' };

export function parameterOf(asked: Asked, name: string): string {
  return asked.req.param(name) ?? '';
}
