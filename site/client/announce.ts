import { makeElement } from './element.ts';

let region: HTMLElement | undefined;

/** Announces a text to users of screen readers. */
export function announce(text: string): void {
  if (!region) {
    region = makeElement('div', { class: 'visually-hidden', role: 'status' });
    document.body.append(region);
  }
  region.textContent = text;
}
