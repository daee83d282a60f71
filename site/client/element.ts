/** Makes an element with a class, if it has one, and what is in it. Text stays text. */
export function makeElement<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Text of others, isolated so that its direction does not turn what is around it. */
export function makeText(text: string, className = ''): HTMLElement {
  return makeElement('bdi', className, text);
}

export function makeLink(href: string, text: string): HTMLAnchorElement {
  const link = makeElement('a', '', makeText(text));
  link.href = href;
  return link;
}

/** A table row whose first cell is its head. */
export function makeRow(...cells: (Node | string)[]): HTMLTableRowElement {
  const [head = '', ...rest] = cells;
  const first = makeElement('th', '', head);
  first.scope = 'row';
  return makeElement('tr', '', first, ...rest.map((cell) => makeElement('td', '', cell)));
}

/** A table that scrolls in its own box where the screen is narrow. */
export function makeTable(label: string, columns: readonly string[], rows: readonly Node[]): HTMLElement {
  const heads = columns.map((column) => {
    const head = makeElement('th', '', column);
    head.scope = 'col';
    return head;
  });
  const box = makeElement(
    'div',
    'table',
    makeElement(
      'table',
      '',
      makeElement('thead', '', makeElement('tr', '', ...heads)),
      makeElement('tbody', '', ...rows),
    ),
  );
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', label);
  return box;
}
