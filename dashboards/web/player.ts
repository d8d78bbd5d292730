/**
 * The player of a finding's page: steps back and forth through the run, shows what stands where before and after each,
 * swaps two steps, drops a lock. Left, right, Home and End step; the server sends the repro and nothing else.
 */
import './shared-memory.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Story } from '../../workers/views/story.ts';
import { copyButton, fill, h } from './dom.ts';
import { Played, type Scenery } from './played.ts';
import { stageOf } from './stage.ts';

class Player {
  private readonly played: Played;
  private readonly place: HTMLElement;
  private scenery: Scenery;
  /** Steps that are done. */
  private at = 0;
  private readonly told = h('div', { class: 'told', role: 'status' });
  private readonly lanes = h('ol', { class: 'lanes', 'aria-label': 'Steps' });
  private readonly stage = h('div', { class: 'stage' });
  private readonly slider: HTMLInputElement;
  private readonly more = h('details', { class: 'pictures', toggle: () => this.draw() });
  private readonly now = h('p', { class: 'now', 'aria-live': 'polite' });
  private readonly swapButton = h(
    'button',
    { type: 'button', click: () => this.swap() },
    'Swap with the other thread',
  );

  constructor(played: Played, place: HTMLElement) {
    this.played = played;
    this.place = place;
    this.scenery = played.start();
    this.slider = h('input', {
      type: 'range',
      min: 0,
      'aria-label': 'Step',
      input: () => this.go(Number(this.slider.value)),
    });
    const key = (event: Event): void => {
      if (event instanceof KeyboardEvent) this.pressed(event);
    };
    place.addEventListener('keydown', key);
    const legend = h(
      'p',
      { class: 'none' },
      'Yellow: the two steps whose order decides. Red: where it shows. A bar at the edge: a step of the cycle of locks. Framed: the step that the tables tell of, struck through what was there before it.',
    );
    const both = h('div', { class: 'both' }, h('div', {}, this.lanes, legend), this.stage);
    fill(place, this.told, this.controls(), this.now, both, this.more);
  }

  begin(): void {
    this.show(this.scenery);
  }

  private controls(): HTMLElement {
    const step = (label: string, name: string, to: () => number): HTMLElement =>
      h('button', { type: 'button', 'aria-label': name, click: () => this.go(to()) }, label);
    const suspect = this.played.suspectIn(this.scenery.story);
    const lock = h(
      'select',
      { 'aria-label': 'Lock' },
      ...this.played.locks.map((one) => {
        return h('option', { value: one.id, selected: one === suspect }, one.name);
      }),
    );
    const drop = (): void => {
      const chosen = this.played.locks.find(({ id }) => id === lock.value);
      if (chosen !== undefined) this.show(this.played.drop(chosen));
    };
    return h(
      'div',
      { class: 'controls' },
      step('|<', 'First step', () => 0),
      step('<', 'Step back', () => this.at - 1),
      step('>', 'Step forth', () => this.at + 1),
      step('>|', 'Where it goes wrong', () => this.wrong()),
      this.slider,
      this.swapButton,
      h('span', {}, lock, h('button', { type: 'button', click: drop }, 'Drop this lock')),
      h(
        'button',
        { type: 'button', click: () => this.show(this.played.start()) },
        'Back to the finding',
      ),
    );
  }

  private show(scenery: Scenery): void {
    this.scenery = scenery;
    const { story, told, traceDigest } = scenery;
    this.place.dataset.digest = traceDigest;
    const lines = [...told, ...(story.heldAtPair === '' ? [] : [story.heldAtPair])];
    fill(this.told, ...lines.map((text) => h('p', {}, text)));
    this.slider.max = String(story.steps.length);
    fill(this.lanes, ...rowsOf(story, (step) => this.go(step)));
    fill(this.more, h('summary', {}, 'Pictures and a mail'));
    this.draw();
    this.go(this.wrong());
  }

  /** Only where somebody looks. */
  private draw(): void {
    if (!this.more.open || this.more.childElementCount > 1) return;
    const { timeline, graph, mail } = this.played.pictures();
    this.more.append(
      imageOf(timeline, this.scenery.told.join(' ')),
      imageOf(graph, 'The order in which the threads of this run ask for locks.'),
      h('pre', { tabindex: 0, role: 'region', 'aria-label': 'Mail' }, mail),
      copyButton('Copy the mail', mail),
    );
  }

  /** The step with which it goes wrong, or the last. */
  private wrong(): number {
    const { guilty, steps } = this.scenery.story;
    const first = steps.findIndex(({ violations }) => violations.length > 0) + 1;
    return guilty || first || steps.length;
  }

  private go(step: number): void {
    const { story } = this.scenery;
    this.at = Math.min(Math.max(step, 0), story.steps.length);
    this.slider.value = String(this.at);
    const text = textAt(story, this.at);
    this.slider.setAttribute('aria-valuetext', text);
    fill(this.now, text);
    for (const [i, row] of [...this.lanes.children].entries()) {
      if (i + 1 === this.at) row.setAttribute('aria-current', 'step');
      else row.removeAttribute('aria-current');
      row.classList.toggle('done', i + 1 < this.at);
    }
    this.swapButton.disabled = earlierOf(story, this.at) === 0;
    fill(this.stage, ...stageOf(story, this.at));
    keepInView(this.lanes, this.lanes.children[this.at - 1]);
  }

  private swap(): void {
    const earlier = earlierOf(this.scenery.story, this.at);
    if (earlier === 0) return;
    const scenery = this.played.swap(earlier, this.at);
    this.show(scenery);
    this.go(earlier);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey) return;
    const to = new Map([
      ['ArrowLeft', this.at - 1],
      ['ArrowRight', this.at + 1],
      ['Home', 0],
      ['End', this.scenery.story.steps.length],
    ]).get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    this.go(to);
  }
}

/** The last step before it that another thread does; 0 where there is none. */
function earlierOf({ steps }: Story, step: number): number {
  const thread = steps[step - 1]?.thread;
  if (thread === undefined) return 0;
  return 1 + steps.slice(0, step).findLastIndex((one) => one.thread !== thread);
}

function textAt({ steps, threads }: Story, at: number): string {
  const step = steps[at - 1];
  if (step === undefined) return `Before the first of ${steps.length} steps.`;
  return `Step ${at} of ${steps.length}: ${threads[step.thread]?.name} ${step.text}`;
}

function rowsOf({ steps, threads, pair }: Story, go: (step: number) => void): HTMLElement[] {
  return steps.map(({ thread, text, isDeciding, inCycle, violations }, i) => {
    const kind = [
      violations.length > 0 ? 'bad' : isDeciding ? 'deciding' : '',
      ...(inCycle.length > 0 ? ['cycle'] : []),
    ].join(' ');
    const side = `lane lane${thread} of${threads.length}`;
    const mark = isDeciding
      ? i + 1 === Math.min(...(pair ?? []))
        ? ' (decides, 1)'
        : ' (decides, 2)'
      : '';
    return h(
      'li',
      { class: kind },
      h(
        'button',
        { type: 'button', class: side, tabindex: -1, click: () => go(i + 1) },
        h('span', { class: 'step' }, String(i + 1)),
        `${threads[thread]?.name} ${text}${mark}`,
        ...inCycle.map((said) => h('span', { class: 'why' }, ` cycle: ${said}`)),
      ),
    );
  });
}

function imageOf(svg: string, alt: string): HTMLElement {
  const src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  return h('p', {}, h('img', { src, alt, load: () => URL.revokeObjectURL(src) }));
}

/** Scrolls the list, never the page. */
function keepInView(list: HTMLElement, row: Element | undefined): void {
  if (!(row instanceof HTMLElement)) {
    list.scrollTop = 0;
    return;
  }
  // The list is positioned: rows say where they lie in it.
  const top = row.offsetTop;
  const isAbove = top < list.scrollTop;
  const isBelow = top + row.offsetHeight > list.scrollTop + list.clientHeight;
  if (isAbove || isBelow) list.scrollTop = top - list.clientHeight / 2;
}

async function start(place: HTMLElement): Promise<void> {
  try {
    const answer = await fetch(place.dataset.repro ?? '');
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    new Player(new Played(await answer.text()), place).begin();
    place.dataset.state = 'ready';
  } catch (error) {
    const why = error instanceof Refusal || error instanceof Error ? error.message : String(error);
    fill(place, h('p', { class: 'none' }, `This build cannot play it: ${why}.`));
    place.dataset.state = 'failed';
  }
}

for (const block of document.querySelectorAll('pre[data-copy]')) {
  block.after(copyButton('Copy', block.textContent ?? ''));
}
const place = document.getElementById('player');
if (place !== null) void start(place);
