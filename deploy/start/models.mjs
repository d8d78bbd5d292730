/**
 * Puts the texts of the built-in models, workers/models/*.model, into one module, so that executors, the bundle and a
 * browser have them without a disk. Runs before the compiler and before `npm run lint`; writes only what has changed.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './root.mjs';

const SUFFIX = '.model';

export function writeModelTexts(root) {
  const folder = path.join(root, 'workers/models');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .sort();
  const rows = names.map((name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    return `  ${JSON.stringify(name.slice(0, -SUFFIX.length))}: ${JSON.stringify(text)},`;
  });
  const module = [
    '/** Made from workers/models/*.model by deploy/start/models.mjs. */',
    'export const MODEL_TEXTS: Readonly<Record<string, string>> = {',
    ...rows,
    '};',
    '',
  ].join('\n');
  const file = path.join(folder, 'texts.ts');
  if (existsSync(file) && readFileSync(file, 'utf8') === module) return;
  writeFileSync(file, module);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeModelTexts(ROOT);
}
