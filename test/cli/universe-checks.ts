/** `check` of universes in a folder of their own, in this process or in one that is stopped on its way. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../support/patience.ts';
import { type Ended, faultlineHere, MAIN } from './faultline.ts';

/** All that depends neither on time nor on where findings lie. */
export function answerOf({ exit, stdout }: Ended): string {
  const timeless = stdout.replaceAll(/, [\d.]+ s$/gm, '');
  return `${exit}\n${timeless.replaceAll(/--data-dir \S+| file .*/g, '')}`;
}

export class UniverseChecks {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  check(words: string, dataDir: string): Promise<Ended> {
    return faultlineHere(['check', ...words.split(' '), '--data-dir', dataDir], this.folder);
  }

  /** By a signal, as soon as some of it is on the disk. */
  async ended(words: string, dataDir: string, signal: NodeJS.Signals): Promise<Ended> {
    const args = [MAIN, 'check', ...words.split(' '), '--data-dir', dataDir, '--jobs', '1'];
    const child = spawn(process.execPath, args, { cwd: this.folder });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    const isOver = (): boolean => child.exitCode !== null;
    await until('a part that is kept', () => isOver() || this.isUnderWay(dataDir), {
      said: () => stderr,
    });
    child.kill(signal);
    return { exit: await closed, stdout, stderr };
  }

  private isUnderWay(dataDir: string): boolean {
    const sweeps = path.join(this.folder, dataDir, 'sweeps');
    if (!existsSync(sweeps)) return false;
    const names = readdirSync(sweeps).filter((name) => /^[0-9a-f]+\.json$/.test(name));
    const texts = names.map((name) => readFileSync(path.join(sweeps, name), 'utf8'));
    return texts.some((text) => /"slice":[1-9]/.test(text));
  }
}
