/** O13: the slot of a huge page is mapped huge or has a table of ptes. Both at once leak one of them (B26). */
import type { Kernel } from '../kernel/kernel.ts';
import { R_FILE, R_PAGE } from '../kernel/layout.ts';
import type { TableBreach } from '../kernel/watch.ts';
import { isTainted, pageName, type Violations } from './oracle.ts';

const SAID: Readonly<Record<TableBreach, string>> = {
  'pte-under-huge': 'gets a pte where it is mapped huge',
  'huge-over-table': 'is mapped huge where there is a table of ptes',
};

export function tableBroken(k: Kernel, found: Violations, r: number, how: TableBreach): void {
  const [file, page] = [k.peek(r + R_FILE), k.peek(r + R_PAGE)];
  if (isTainted(k, file, page)) return;
  found.report(k, {
    class: 'page-table',
    object: how,
    roles: [],
    fatal: true,
    detail: `${pageName(file, page)} ${SAID[how]}`,
  });
}
