/**
 * The list of findings, live: what the coordinator tells is fetched as the page has it and put in place; columns sort,
 * a text narrows. Both stand behind the # of the address, so that a link shows the same.
 */
import { fill, h } from './dom.ts';

/** A finding is shown at once, figures change no faster than they can be read. */
const FINDING_MS = 1000;
const STATUS_MS = 10_000;

interface Order {
  readonly column: number;
  readonly isDown: boolean;
}

class List {
  private readonly main: HTMLElement;
  private readonly state = h('span', { class: 'live', role: 'status' });
  private words: string;
  private order: Order | null;
  private timer: number | undefined;
  private dueMs = Number.POSITIVE_INFINITY;

  constructor(main: HTMLElement) {
    this.main = main;
    const kept = new URLSearchParams(location.hash.slice(1));
    this.words = kept.get('find') ?? '';
    const column = Number(kept.get('sort') ?? Number.NaN);
    this.order = Number.isInteger(column) ? { column, isDown: kept.has('down') } : null;
    document.querySelector('header')?.append(this.state);
    this.dress();
    this.listen();
  }

  private listen(): void {
    const events = new EventSource('/api/v1/events');
    events.addEventListener('open', () => fill(this.state, 'live'));
    events.addEventListener('error', () => fill(this.state, 'the coordinator does not answer'));
    events.addEventListener('finding', () => this.refreshIn(FINDING_MS));
    events.addEventListener('status', () => this.refreshIn(STATUS_MS));
  }

  private refreshIn(ms: number): void {
    const dueMs = performance.now() + ms;
    if (dueMs >= this.dueMs) return;
    clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => void this.refresh(), ms);
  }

  private async refresh(): Promise<void> {
    this.dueMs = Number.POSITIVE_INFINITY;
    // What somebody is choosing from stays as it is.
    const isInUse = document.activeElement instanceof HTMLSelectElement;
    if (document.hidden || isInUse) return this.refreshIn(STATUS_MS);
    const answer = await fetch(location.pathname + location.search).catch(() => null);
    if (answer?.ok !== true) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const main = fresh.getElementById('main');
    if (main === null) return;
    const isFinding = document.activeElement?.id === 'find';
    const open = new Set([...this.main.querySelectorAll('details[open]')].map((one) => one.id));
    fill(this.main, ...main.childNodes);
    for (const one of this.main.querySelectorAll('details')) one.open = open.has(one.id);
    document.title = fresh.title;
    this.dress();
    if (isFinding) document.getElementById('find')?.focus();
  }

  /** What the server's page has not. */
  private dress(): void {
    const table = this.main.querySelector('table');
    if (table === null) return;
    const find = h('input', {
      type: 'search',
      id: 'find',
      value: this.words,
      placeholder: 'find in this list',
      'aria-label': 'Find in this list',
      input: () => {
        this.words = find.value;
        this.arrange(table);
      },
    });
    this.main.querySelector('form')?.append(find);
    for (const [column, head] of [...table.querySelectorAll('thead th')].entries()) {
      const sort = (): void => {
        const isDown = this.order?.column === column && !this.order.isDown;
        this.order = { column, isDown };
        this.arrange(table);
      };
      fill(
        head,
        h('button', { type: 'button', class: 'sort', click: sort }, head.textContent ?? ''),
      );
    }
    this.arrange(table);
  }

  private arrange(table: HTMLTableElement): void {
    const rows = [...(table.tBodies[0]?.rows ?? [])];
    const words = this.words.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent?.toLowerCase() ?? '';
      row.hidden = !words.every((word) => text.includes(word));
    }
    const { order } = this;
    for (const [column, head] of [...table.querySelectorAll('thead th')].entries()) {
      if (order?.column !== column) head.removeAttribute('aria-sort');
      else head.setAttribute('aria-sort', order.isDown ? 'descending' : 'ascending');
    }
    if (order !== null) {
      const sign = order.isDown ? -1 : 1;
      const sorted = rows.sort((a, b) => sign * compare(cellOf(a, order), cellOf(b, order)));
      table.tBodies[0]?.append(...sorted);
    }
    this.keep();
  }

  private keep(): void {
    const kept = new URLSearchParams();
    if (this.words !== '') kept.set('find', this.words);
    if (this.order !== null) kept.set('sort', String(this.order.column));
    if (this.order?.isDown === true) kept.set('down', '');
    const hash = kept.size === 0 ? '' : `#${kept}`;
    if (hash !== location.hash)
      history.replaceState(null, '', location.pathname + location.search + hash);
  }
}

function cellOf(row: HTMLTableRowElement, { column }: Order): string {
  return row.cells[column]?.textContent?.trim() ?? '';
}

/** Numbers as numbers: 1,234 is more than 56. */
function compare(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => Number(text.replaceAll(',', '')));
  if (a !== '' && b !== '' && !Number.isNaN(x) && !Number.isNaN(y)) return (x ?? 0) - (y ?? 0);
  return a.localeCompare(b, 'en', { numeric: true });
}

const main = document.getElementById('main');
if (main !== null) new List(main);
