/** What local steps and tests do, in Promela: they read and write registers of the frame `F`, as steps.ts says of steps. */

/** @param first of the pages, @param last behind them */
function range(first: string, last: string): string {
  return `set_range(${first}, ${last})`;
}

const SKIP = 'skip';

const FIRST_PAGE = 'F.first / LINES';

/** Local steps; `NEXT_SIZE` is the size that the operation leaves. */
export const LOCAL_FRAGMENTS: Readonly<Record<string, string>> = {
  failSigbus: 'F.result = SIGBUS',
  clearResult: 'F.result = OK; F.pageObject = 0; F.note = 0',
  note: 'F.note = 1',
  forget: 'F.note = 0',
  // Nobody freezes.
  sbStartPagefault: SKIP,
  sbEndPagefault: SKIP,
  claimRange: 'F.line = i_size[F.file]; F.size = NEXT_SIZE',
  measureWrite: 'F.line = i_size[F.file]; F.size = LARGER(i_size[F.file], F.last)',
  clipToSize: 'F.last = (F.last < i_size[F.file] -> F.last : i_size[F.file])',
  tailOfNewSize: 'F.line = F.size',
  wholePages: range('PAGE_ABOVE(F.first)', 'F.last / LINES'),
  touchedPages: range(FIRST_PAGE, 'PAGE_ABOVE(F.last)'),
  pagesBeyondSize: range('PAGE_ABOVE(F.size)', 'PAGES'),
  allPages: range('0', 'PAGES'),
  onePage: range('F.page', 'F.page + 1'),
  rewind: range('F.from', 'F.to'),
  firstPage: `F.page = ${FIRST_PAGE}`,
  nextPage: 'F.page++',
  unmapRange: 'F.unmapFrom = F.from; F.unmapTo = F.to; F.unmapCursor = 0',
  unmapPage: 'F.unmapFrom = F.page; F.unmapTo = F.page + 1; F.unmapCursor = 0',
};

/** Tests that look at two registers; the others are data (TestDef). */
export const TEST_FRAGMENTS: Readonly<Record<string, string>> = {
  needsClear: 'F.fresh != 0 || KIND(F.extent) == UNWRITTEN',
  isPartialPage: 'F.first > F.page * LINES || F.last < (F.page + 1) * LINES',
  hasRange: 'F.from < F.to',
  pagesLeft: 'F.page * LINES < F.last',
  shrinks: 'F.size < F.line',
  grows: 'F.size > F.line',
  startsBeyondSize: 'F.first > F.line',
  cutsPages: '((F.first | F.last) & 1) == 1',
};

/** Operations that a fragment knows the size of. */
export const NEXT_SIZES: Readonly<Record<string, string>> = {
  truncate: 'F.first',
  pwrite: 'LARGER(i_size[F.file], F.last)',
  punch: 'i_size[F.file]',
};
