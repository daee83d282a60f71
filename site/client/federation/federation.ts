// Must be imported before any schema.
import '../zod-settings.ts';
import {
  findPackages,
  joinPackages,
  SiblingPackages,
  type SharedPackage,
} from '../../lib/federation/siblings.ts';
import { formatNumber } from '../../lib/format.ts';
import { makeElement, makeLink, makeRow, makeTable, makeText } from '../element.ts';
import { BASE, findParts, messageOf } from '../site.ts';
import { readSibling } from './read-sibling.ts';

/** Maximum bytes of a list of packages. 8,000 packages take 3 MB. */
const PACKAGES_LIMIT_BYTES = 16 * 2 ** 20;
const MOST_ROWS = 50;
/** Maximum number of versions, and of targets, of a cache in a row. */
const MOST_WORDS = 4;

/**
 * Searches the packages of this cache and its siblings, and covers a lock with all of
 * them. Pasted text stays in the browser.
 */
export function offerFederation(): void {
  const parts = findParts({
    form: ['#sibling-search', HTMLFormElement],
    input: ['#sibling-search input', HTMLInputElement],
    results: ['#sibling-packages', HTMLElement],
    lockForm: ['#sibling-lock', HTMLFormElement],
    paste: ['#sibling-lock textarea', HTMLTextAreaElement],
    answer: ['#sibling-answer', HTMLElement],
  });
  if (!parts) return;
  const { form, input, results, lockForm, paste, answer } = parts;
  const caches = [location.origin + BASE, ...(form.dataset['caches'] ?? '').split(' ').filter(Boolean)];
  const lists = new Map<string, SiblingPackages>();
  let packages: SharedPackage[] = [];
  const show = (): void => showPackages(results, packages, input.value);
  form.addEventListener('submit', (event) => event.preventDefault());
  input.addEventListener('input', show);
  // Show each when it arrives, so that a slow one does not delay the others.
  for (const url of caches)
    void readSibling(`${url}/api/packages.json`, SiblingPackages, PACKAGES_LIMIT_BYTES).then(
      (list) => {
        lists.set(url, list);
        packages = joinPackages(lists, caches);
        show();
      },
      (error: unknown) => form.after(makeElement('p', 'note', makeText(messageOf(error)))),
    );
  lockForm.addEventListener('submit', (event) => {
    event.preventDefault();
    answer.setAttribute('aria-busy', 'true');
    void import('./lock.ts')
      .then(({ coverPasted }) => coverPasted(paste.value, caches, answer))
      .finally(() => answer.removeAttribute('aria-busy'));
  });
}

function showPackages(results: HTMLElement, packages: readonly SharedPackage[], query: string): void {
  const fitting = findPackages(packages, query);
  const rows = fitting.slice(0, MOST_ROWS).map(({ name, holders }) =>
    makeRow(
      makeText(name),
      makeElement(
        'ul',
        'plain',
        holders.map(({ url, versions, targets }) =>
          makeElement(
            'li',
            '',
            makeLink(`${url}/packages/${encodeURIComponent(name)}/`, url.replace(/^https?:\/\//, '')),
            makeElement('span', 'muted', ': ', makeText(`${few(versions)} · ${few(targets)}`)),
          ),
        ),
      ),
    ),
  );
  const first = fitting.length > MOST_ROWS ? `, the first ${MOST_ROWS} of them:` : '';
  const note = formatNumber(fitting.length, 'package') + first;
  results.replaceChildren(
    makeElement('p', 'note', note),
    ...(rows.length > 0 ? [makeTable('Packages of all caches', ['Package', 'Caches'], rows)] : []),
  );
}

function few(words: readonly string[]): string {
  return `${words.slice(0, MOST_WORDS).join(', ')}${words.length > MOST_WORDS ? ', …' : ''}`;
}
