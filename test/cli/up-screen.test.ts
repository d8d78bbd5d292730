/** What `up` shows, before a coordinator that hangs: its end is not to wait for one. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { UpScreen } from '../../daemon/cli/output/up-screen.ts';

test('a coordinator that takes connections and never answers holds nothing up', async (t) => {
  const server = createServer(() => {});
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const screen = new UpScreen({
    isJson: false,
    isQuiet: true,
    isVerbose: false,
    dataDir: '/nonexistent',
    rngSeed: undefined,
  });
  t.after(() => screen.close());
  const looked = once(server, 'connection');
  screen.follow(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await looked;
  await screen.end();
  // It never answered, so there is nothing to say.
  screen.sayLast(0);
});
