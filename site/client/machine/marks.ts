import type { Machine } from '../../lib/machine/machine.ts';
import { fitText, judgeFit, type Fit } from '../../lib/machine/needs.ts';
import { readNeeds } from '../../lib/machine/needs-text.ts';
import { makeElement, makeText } from '../element.ts';

/**
 * Puts a mark with its reason wherever a page says what a build needs: in an element with `data-needs`, or, for the
 * rows of a table with several in it, in each `[data-n]` that names the place of its own. Without a machine marks go.
 */
export function markNeeds(machine: Machine | undefined): void {
  for (const mark of document.querySelectorAll('.mark')) mark.remove();
  if (!machine) return;
  for (const element of document.querySelectorAll<HTMLElement>('[data-needs]')) {
    const fits = (element.dataset['needs'] ?? '')
      .split(';')
      .map((text) => judgeFit(machine, readNeeds(text)));
    const places = [...element.querySelectorAll<HTMLElement>('[data-n]')];
    if (places.length === 0 && fits[0]) element.append(' ', makeMark(fits[0]));
    for (const place of places) {
      const fit = fits[Number(place.dataset['n'])];
      if (fit) place.append(' ', makeMark(fit));
    }
  }
}

function makeMark(fit: Fit): HTMLElement {
  return makeElement('span', `mark ${fit.kind.replace(' ', '-')}`, makeText(fitText(fit)));
}
