/** The pages and what they load. All can be read without script. */
import { etag } from 'hono/etag';
import { campaignPage } from './campaign-page.ts';
import { findingPage } from './finding-page.ts';
import { guidePage, guidePicture, guidesPage } from './guides.ts';
import type { Markup } from './layout.ts';
import { listPage } from './list-page.ts';
import { findingOf } from './listing.ts';
import { designOf, modelPage, modelsPage } from './model-pages.ts';
import { type App, addRoute, parameterOf, REVALIDATED, type Served } from './routes.ts';
import { ICON, STYLE } from './style.ts';

export function addPages(app: App, { showing, version, scripts, guides }: Served): void {
  addRoute(app, {
    method: 'GET',
    path: '/',
    parameters: ['model', 'class', 'known'],
    answer: (_asked, query) => pageResponse(listPage(showing, query, { version, scripts })),
  });
  addRoute(app, {
    method: 'GET',
    path: '/findings/:id',
    answer: (asked) => {
      const published = findingOf(showing.published(), parameterOf(asked, 'id'));
      const { origin } = new URL(asked.req.url);
      return pageResponse(findingPage(showing, published, origin, { version, scripts }));
    },
  });
  addRoute(app, {
    method: 'GET',
    path: '/guides',
    answer: () => pageResponse(guidesPage(guides, version)),
  });
  addRoute(app, {
    method: 'GET',
    path: '/guides/:name',
    answer: (asked) => pageResponse(guidePage(guides, parameterOf(asked, 'name'), version)),
  });
  addRoute(app, {
    method: 'GET',
    path: '/guides/pictures/:name',
    answer: (asked) => {
      const picture = guidePicture(guides, parameterOf(asked, 'name'));
      return new Response(picture, { headers: { 'Content-Type': 'image/svg+xml' } });
    },
  });
  addRoute(app, {
    method: 'GET',
    path: '/campaign',
    answer: () => pageResponse(campaignPage(showing, { version, scripts })),
  });
  addRoute(app, {
    method: 'GET',
    path: '/models',
    answer: () => pageResponse(modelsPage(showing, version)),
  });
  addRoute(app, {
    method: 'GET',
    path: '/models/:model',
    answer: (asked) => pageResponse(modelPage(showing, parameterOf(asked, 'model'), version)),
  });
  addRoute(app, {
    method: 'GET',
    path: '/models/:model/order.svg',
    answer: (asked) => {
      const { design } = designOf(showing, parameterOf(asked, 'model'));
      return new Response(design.graph, { headers: { 'Content-Type': 'image/svg+xml' } });
    },
  });
  for (const [name, text] of scripts) {
    addFile(app, `/scripts/${name}`, 'text/javascript; charset=utf-8', text);
  }
  addFile(app, '/style.css', 'text/css; charset=utf-8', STYLE);
  addFile(app, '/icon.svg', 'image/svg+xml', ICON);
}

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export async function pageResponse(
  page: Markup,
  { status, headers }: Head = { status: 200, headers: {} },
): Promise<Response> {
  const type = { 'Content-Type': 'text/html; charset=utf-8' };
  return new Response(String(await page), { status, headers: { ...headers, ...type } });
}

function addFile(app: App, path: string, type: string, text: string): void {
  app.use(path, etag());
  const headers = { 'Content-Type': type, ...REVALIDATED };
  addRoute(app, { method: 'GET', path, answer: () => new Response(text, { headers }) });
}
