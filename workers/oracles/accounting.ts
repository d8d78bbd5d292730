/** O16, once all has ended: a block that is not free is the block of one page, or was left to a clone. */
import { BLOCKS } from '../../corpus/vocabulary/limits.ts';
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import { extentBlock, isWritten, OWNER_FILE, pageIndex } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { BLOCK_OWNER, COW_EXTENT, EXTENT, REMOVED_BY } from '../kernel/layout.ts';
import { blamedOperation, isBlockTainted, pageName, type Violations } from './oracle.ts';

const REFLINK = OP_KINDS.indexOf('reflink');

export function checkBlocks(k: Kernel, found: Violations): void {
  let [named, twice] = [0, 0];
  for (let file = 0; file < k.world.files; file++) {
    for (let page = 0; page < k.world.pageLimit; page++) {
      const index = pageIndex(file, page);
      const [extent, cow] = [k.peek(EXTENT + index), k.peek(COW_EXTENT + index)];
      if (extent !== 0) {
        const bit = 1 << extentBlock(extent);
        if (k.peek(BLOCK_OWNER + extentBlock(extent)) < OWNER_FILE)
          complain(k, found, 'free', extentBlock(extent), `${pageName(file, page)} has it`);
        twice |= named & bit;
        named |= bit;
      }
      if (isWritten(cow)) named |= 1 << extentBlock(cow);
    }
  }
  const hasClones = k.world.kinds.includes(REFLINK);
  for (let block = 0; block < BLOCKS; block++) {
    const isNamed = ((named >> block) & 1) !== 0;
    if (((twice >> block) & 1) !== 0) complain(k, found, 'twice', block, 'two pages have it');
    const isOwned = k.peek(BLOCK_OWNER + block) >= OWNER_FILE;
    if (isOwned && !isNamed && !hasClones) complain(k, found, 'lost', block, 'no page has it');
  }
}

const SAID: Readonly<Record<string, string>> = {
  free: 'is free',
  lost: 'is not free',
  twice: 'is not free',
};

function complain(k: Kernel, found: Violations, object: string, block: number, who: string): void {
  if (isBlockTainted(k, block)) return;
  const mover = blamedOperation(k, REMOVED_BY + block);
  found.report(k, {
    class: 'block-accounting',
    object,
    roles: [mover],
    fatal: false,
    detail: `block ${block} ${SAID[object]}, and ${who}`,
  });
}
