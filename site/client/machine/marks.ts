import type { Machine } from '../../lib/machine/machine.ts';
import { fitText, judgeFit, type Fit, readNeeds } from '../../lib/machine/needs.ts';
import { formatCount } from '../../lib/format.ts';
import { makeElement, makeLink, makeText } from '../element.ts';

/**
 * Marks builds, with the reason, wherever a page states their needs: in an element with
 * `data-needs` or, if that has several needs for the rows of a table, in each
 * `[data-n]` with an index into them. Without a machine, it removes all marks.
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
    const marked = places.flatMap((place) => {
      const fit = fits[Number(place.dataset['n'])];
      if (fit) place.append(' ', makeMark(fit));
      return fit ?? [];
    });
    if (marked.length < 2) continue;
    const summary = makeSummary(marked, machine);
    // Folded builds have no marks.
    const all = element.dataset['search'];
    if (all !== undefined) summary.append(' ', makeLink(all, 'All builds of the package that run there'));
    element.before(summary);
  }
}

/** `3 of these 11 builds run on rocky9 · zen3; Spack chooses 2 of them by itself.` */
function makeSummary(fits: readonly Fit[], { os, target }: Machine): HTMLElement {
  const count = (kind: Fit['kind']): number => fits.filter((fit) => fit.kind === kind).length;
  const [chosen, byHash] = [count('yes'), count('by hash')];
  const sum = chosen + byHash;
  const running = sum === 0 ? 'None' : sum === fits.length ? 'All' : formatCount(sum);
  const rest =
    byHash > 0 ? `; Spack chooses ${chosen === 0 ? 'none' : formatCount(chosen)} of them by itself` : '';
  const unknown = count('unknown') > 0 ? `; ${formatCount(count('unknown'))} not known` : '';
  return makeElement(
    'p',
    'mark',
    `${running} of these ${formatCount(fits.length)} builds ${sum === 1 ? 'runs' : 'run'} on `,
    makeText(`${os} · ${target}`),
    `${rest}${unknown}.`,
  );
}

function makeMark(fit: Fit): HTMLElement {
  return makeElement('span', `mark ${fit.kind.replace(' ', '-')}`, makeText(fitText(fit)));
}
