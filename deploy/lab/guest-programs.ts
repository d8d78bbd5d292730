/** Programs of the guest, from their C: linked statically, because the guest has no libraries. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { endWithUs } from './ends-with-us.ts';

const run = promisify(execFile);
const CFLAGS = ['-O1', '-static', '-pthread', '-Wall', '-Wextra', '-Werror'];
const REMEDY = 'type `sudo apt-get install gcc libc6-dev`';

/**
 * @param source a file, or a folder of them
 * @throws Refusal ENVIRONMENT with what the compiler says
 */
export async function compileGuest(
  source: string,
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const isFolder = statSync(source).isDirectory();
  const files = isFolder ? readdirSync(source).filter((name) => name.endsWith('.c')) : [''];
  try {
    const sources = files.map((name) => path.join(source, name));
    const compiling = run('gcc', [...CFLAGS, '-o', program, ...sources], { env });
    // It removes what it keeps in the folder for temporary files.
    endWithUs(compiling.child, 'SIGTERM');
    await compiling;
  } catch (error) {
    const what = `${path.basename(source)} does not compile: ${(error as Error).message}`;
    throw fail('ENVIRONMENT', { what, remedy: REMEDY });
  }
}

/** Whether programs can be linked statically. */
export async function hasStaticLibc(): Promise<boolean> {
  const { stdout } = await run('gcc', ['-print-file-name=libc.a']);
  return existsSync(stdout.trim());
}
