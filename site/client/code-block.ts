import { offerCopyOf } from './copy.ts';
import { makeElement } from './element.ts';

/** A block of commands with a button that copies it, as `Code.astro` makes them. */
export function makeCodeBlock(label: string, lines: readonly string[]): HTMLElement {
  const spans = lines.map((line, index) =>
    makeElement('span', '', index === lines.length - 1 ? line : `${line}\n`),
  );
  const block = makeElement(
    'figure',
    'code',
    makeElement('figcaption', '', label),
    makeElement('pre', '', makeElement('code', '', ...spans)),
  );
  offerCopyOf(block);
  return block;
}
