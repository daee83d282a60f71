import { shortHash } from '../lib/format.ts';
import { buildPage } from './site.ts';

/** Content of an element. `false` and undefined are skipped: `lines.length > 0 && makeElement(…)`. */
export type Child = Node | string | false | undefined | readonly Child[];

/**
 * Makes an element with its content. Strings become text nodes.
 * @param attributes its class, or attributes keyed by name; empty ones are left out
 */
export function makeElement<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: string | Readonly<Record<string, string>> = '',
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  const named = typeof attributes === 'string' ? { class: attributes } : attributes;
  for (const [attribute, value] of Object.entries(named)) if (value) element.setAttribute(attribute, value);
  element.append(...listChildren(children));
  return element;
}

/** Flattens children and skips the absent ones. */
export function listChildren(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === false || child === undefined) return [];
    return typeof child === 'string' || child instanceof Node ? [child] : listChildren(child);
  });
}

/** Isolates untrusted text, so that its direction does not affect the text around it. */
export function makeText(text: string, className = ''): HTMLElement {
  return makeElement('bdi', className, text);
}

/** A link with untrusted text. */
export function makeLink(href: string, text: string, className = ''): HTMLAnchorElement {
  return makeElement('a', { class: className, href }, makeText(text));
}

/** A button that does not submit forms. */
export function makeButton(
  attributes: string | Readonly<Record<string, string>>,
  label: Child,
  press: () => void,
): HTMLButtonElement {
  const button = makeElement('button', attributes, label);
  button.type = 'button';
  button.addEventListener('click', press);
  return button;
}

/** A table row whose first cell is its head. */
export function makeRow(...[head, ...cells]: Child[]): HTMLTableRowElement {
  const rest = cells.map((cell) => makeElement('td', '', cell));
  return makeElement('tr', '', makeElement('th', { scope: 'row' }, head), rest);
}

/**
 * A table that scrolls in its own box on narrow screens.
 * @param rows rows, or table bodies with rows
 */
export function makeTable(
  label: string,
  columns: readonly Child[],
  rows: readonly HTMLElement[],
  className = '',
): HTMLElement {
  const heads = columns.map((column) => makeElement('th', { scope: 'col' }, column));
  const isGrouped = rows[0] instanceof HTMLTableSectionElement;
  return makeElement(
    'div',
    { class: `table ${className}`.trim(), tabindex: '0', role: 'region', 'aria-label': label },
    makeElement(
      'table',
      '',
      makeElement('thead', '', makeElement('tr', '', heads)),
      isGrouped ? rows : makeElement('tbody', '', rows),
    ),
  );
}

/** A link to the page of a build. */
export function makeBuildLink(build: { name: string; version: string; hash: string }): HTMLAnchorElement {
  return makeLink(buildPage(build), `${build.name}@${build.version} /${shortHash(build.hash)}`, 'mono');
}
