/**
 * V8's inlining budget, raised for the engine: its loop calls many small functions, and the default gives up
 * half-way. Worth a tenth of a run (`npm run bench`). Set before anything hot is compiled; threads inherit it.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = ['--max-inlined-bytecode-size=2000', '--max-inlined-bytecode-size-cumulative=6000'];

export function applyEngineFlags(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
