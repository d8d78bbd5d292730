/**
 * `bench page`: how soon a real Chromium has the list of 2000 findings, with its search and sort, beside the list of a
 * coordinator that has none.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Result } from '../../workers/bench/measure.ts';
import { median } from '../../workers/bench/rounds.ts';
import { cacheFolder } from '../redis/redis-binary.ts';
import { PrivateRedis } from '../redis/redis-server.ts';
import { Chromium } from './bench-chromium.ts';
import { type CoordinatorBenchOptions, MeasuredDaemon, putFindings } from './bench-coordinator.ts';
import { temporary } from './bench-processes.ts';

const ROUNDS = 9;
const KILOBYTE = 1000;
const PERCENT = 100;
/** The field that the list's script adds once columns sort. */
const INTERACTIVE = '#find';

interface Loaded {
  /** Milliseconds from the navigation until the field takes a text, and the rows are narrowed by one. */
  readonly interactive: number;
  readonly narrowed: number;
  /** Until the last byte of the page had come. */
  readonly received: number;
  readonly rows: number;
}

/** In the page. */
const MEASURE = `new Promise((resolve) => {
  const look = () => {
    const field = document.querySelector('${INTERACTIVE}');
    if (field === null) return requestAnimationFrame(look);
    const interactive = performance.now();
    field.value = 'bench7';
    field.dispatchEvent(new Event('input'));
    requestAnimationFrame(() => setTimeout(() => resolve({
      interactive,
      narrowed: performance.now() - interactive,
      received: performance.getEntriesByType('navigation')[0].responseEnd,
      rows: document.querySelector('table')?.tBodies[0].rows.length ?? 0,
    })));
  };
  look();
})`;

export async function benchPage(options: CoordinatorBenchOptions): Promise<readonly Result[]> {
  const folder = temporary();
  const dataDir = path.join(folder, 'data');
  try {
    const chromium = Chromium.open(folder);
    try {
      options.began(`${options.findings} findings`);
      putFindings(dataDir, options, true);
      const say = options.began;
      const cacheDir = cacheFolder(process.env, folder);
      const redis = await PrivateRedis.start({ dataDir: folder, cacheDir, say });
      try {
        return await measured(chromium, [path.join(folder, 'empty'), dataDir], redis.url, options);
      } finally {
        await redis.stop();
      }
    } finally {
      await chromium.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One after the other, for two coordinators lead no Redis; the browser is warm for both. */
async function measured(
  chromium: Chromium,
  dataDirs: readonly string[],
  redis: string,
  options: CoordinatorBenchOptions,
): Promise<readonly Result[]> {
  const loads: Loaded[][] = [];
  let sent: readonly Result[] = [];
  for (const dataDir of dataDirs) {
    const daemon = await MeasuredDaemon.start(redis, dataDir, options);
    try {
      options.began(`${ROUNDS} loads of ${daemon.url}`);
      await chromium.measure(daemon.url, MEASURE);
      const own: Loaded[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        own.push((await chromium.measure(daemon.url, MEASURE)) as Loaded);
      }
      loads.push(own);
      sent = await bytesOf(daemon.url);
    } finally {
      await daemon.stop();
    }
  }
  const [empty = [], full = []] = loads;
  const middle = (own: readonly Loaded[], figure: keyof Loaded): number =>
    median(own.map((one) => one[figure]));
  const [least, most] = [middle(empty, 'interactive'), middle(full, 'interactive')];
  return [
    { name: 'page.rows', value: middle(full, 'rows'), unit: '' },
    { name: 'page.received', value: middle(full, 'received'), unit: 'ms' },
    { name: 'page.interactive', value: most, unit: 'ms' },
    { name: 'page.empty', value: least, unit: 'ms' },
    { name: 'page.ratio', value: (PERCENT * most) / least, unit: '%' },
    { name: 'page.narrowed', value: middle(full, 'narrowed'), unit: 'ms' },
    ...sent,
  ];
}

/** Of the list as it is sent, and of all that the pages have of scripts, compressed as a proxy would. */
async function bytesOf(url: string): Promise<readonly Result[]> {
  const textOf = async (file: string): Promise<string> => (await fetch(`${url}${file}`)).text();
  const list = await textOf('/');
  const names = ['list.js', 'player.js', 'campaign.js'];
  const scripts = await Promise.all(names.map((name) => textOf(`/scripts/${name}`)));
  const compressed = scripts.map((script) => gzipSync(script).length);
  return [
    { name: 'page.list', value: Buffer.byteLength(list) / KILOBYTE, unit: 'kB' },
    { name: 'page.list.gz', value: gzipSync(list).length / KILOBYTE, unit: 'kB' },
    { name: 'page.script.gz', value: (compressed[0] ?? 0) / KILOBYTE, unit: 'kB' },
    { name: 'page.scripts.gz', value: compressed.reduce((a, b) => a + b) / KILOBYTE, unit: 'kB' },
  ];
}
