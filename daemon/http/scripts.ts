/** The scripts of the page (dashboards/web), as the build has made them; without them the pages can be read. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SCRIPT_NAMES = ['campaign.js', 'list.js', 'player.js'] as const;
/** By name. */
export type Scripts = ReadonlyMap<string, string>;

/** @param folder null where there are none; what is missing is not served */
export function readScripts(folder: string | null): Scripts {
  if (folder === null) return new Map();
  const files = SCRIPT_NAMES.map((name) => [name, path.join(folder, name)] as const);
  return new Map(
    files
      .filter(([, file]) => existsSync(file))
      .map(([name, file]) => [name, readFileSync(file, 'utf8')]),
  );
}
