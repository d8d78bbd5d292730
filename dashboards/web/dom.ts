/** Elements made by hand: every text is a text node, so that nothing from a finding is ever read as markup. */

type Attribute = string | number | boolean | ((event: Event) => void) | undefined;
export type Child = Node | string;

/** @param attributes a function listens to the event of that name; false and undefined leave the attribute out */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** What is inside goes, and these come in its place. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children);
}

/** Says whether it has worked: without a secure context a browser refuses. */
export function copyButton(label: string, text: string): HTMLButtonElement {
  const button = h('button', { type: 'button' }, label);
  const say = (said: string): void => fill(button, said);
  button.addEventListener('click', () => {
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('refused'));
    copied.then(
      () => say('Copied'),
      () => say('Not copied: the browser refuses; select the text'),
    );
  });
  return button;
}
