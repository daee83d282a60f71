import { makeElement } from './element.ts';

let region: HTMLElement | undefined;

/** Says a text to those who hear the page instead of seeing it. */
export function announce(text: string): void {
  if (!region) {
    region = makeElement('div', { class: 'visually-hidden', role: 'status' });
    document.body.append(region);
  }
  region.textContent = text;
}
