import { offerCopyOf } from './copy.ts';
import { makeElement } from './element.ts';

/** A block of commands with a button that copies it, as `Code.astro` makes them. */
export function makeCodeBlock(label: string, lines: readonly string[]): HTMLElement {
  const button = makeElement('button', 'no-print', 'Copy');
  button.type = 'button';
  button.setAttribute('aria-label', `Copy: ${label}`);
  const spans = lines.map((line, index) =>
    makeElement('span', '', index === lines.length - 1 ? line : `${line}\n`),
  );
  const block = makeElement(
    'figure',
    'code',
    makeElement('figcaption', '', makeElement('span', '', label), button),
    makeElement('pre', '', makeElement('code', '', ...spans)),
  );
  offerCopyOf(button);
  return block;
}
