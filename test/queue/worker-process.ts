/** A worker as a process of its own, with limits that suit a test. Started by worker-rig.ts. */
import { pino } from 'pino';
import { onInterrupt } from '../../daemon/cli/signals.ts';
import { runWorker, type WorkerConfig } from '../../workers/service/worker.ts';

export type Told = Omit<WorkerConfig, 'log' | 'stop'>;

const told = JSON.parse(process.argv[2] ?? '') as Told;
const stopping = new AbortController();
onInterrupt(() => stopping.abort());
const log = pino({ level: 'info' }, pino.destination({ fd: 2, sync: true }));
const ending = await runWorker({ ...told, log, stop: stopping.signal });
process.exit(ending === 'done' ? 0 : 75);
