/** Every report that a worker put on its disk, noted the moment it lies there; and what it said it saw. */
import { existsSync, type FSWatcher, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import type { Cleanup } from '../queue/redis.ts';
import type { Told } from './log-tail.ts';

const REPORT_FILE = /^[0-9a-f]{32}\.json$/;

export interface Sighting {
  readonly batch: string;
  readonly signatures: readonly string[];
  /** Of the worker's process. */
  readonly pid: number;
}

export class SpoolJournal {
  /** Ids of batches of which a report was on the disk. */
  readonly reports = new Set<string>();
  readonly sightings: Sighting[] = [];
  private readonly folder: string;
  private readonly watcher: FSWatcher;

  constructor(t: Cleanup, dataDir: string) {
    this.folder = path.join(dataDir, 'spool');
    mkdirSync(this.folder, { recursive: true });
    this.watcher = watch(this.folder, (_, name) => {
      if (name !== null) this.note(name);
    });
    t.after(() => this.watcher.close());
  }

  /** A line of the worker's log. */
  hear(line: string, pid: number): void {
    if (!line.includes('"msg":"witnesses"')) return;
    const { batch, signatures } = JSON.parse(line) as Omit<Sighting, 'pid'>;
    this.sightings.push({ batch, signatures, pid });
  }

  /** What lies there now, by batch. */
  left(): readonly string[] {
    return readdirSync(this.folder).flatMap((name) => this.note(name) ?? []);
  }

  private note(name: string): string | undefined {
    const file = path.join(this.folder, name);
    if (!REPORT_FILE.test(name) || !existsSync(file)) return undefined;
    try {
      const { id } = JSON.parse(readFileSync(file, 'utf8')) as Told;
      this.reports.add(id);
      return id;
    } catch {
      // The log has it, and the worker has just removed it.
      return undefined;
    }
  }
}
