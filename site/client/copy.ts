import { announce } from './announce.ts';
import { makeButton, makeElement } from './element.ts';

/** Time for which a button shows that it has copied. */
const CONFIRMATION_MS = 2_000;

/**
 * Adds a copy button to each block of commands. The buttons are not in the page because
 * they need this script.
 */
export function offerCopying(): void {
  for (const block of document.querySelectorAll<HTMLElement>('figure.code')) {
    if (!block.querySelector('button')) offerCopyOf(block);
  }
}

/** Adds a copy button to a block of commands made by `Code.astro`. */
function offerCopyOf(block: HTMLElement): void {
  const caption = block.querySelector('figcaption');
  caption?.append(
    makeCopyingButton(caption.textContent.trim(), () => block.querySelector<HTMLElement>('pre') ?? block),
  );
}

/** Adds a copy button to each block of commands in rendered Markdown. */
export function offerCopyingOfCommands(): void {
  for (const code of document.querySelectorAll<HTMLElement>('.prose pre > code')) {
    code.before(makeCopyingButton(code.textContent.split('\n')[0] ?? '', () => code));
  }
}

/** A button that copies a command that is not shown. */
export function makeCopyButton(label: string, command: string): HTMLButtonElement {
  const button = makeButton(
    { class: 'quiet no-print', title: command },
    label,
    () => void copy(button, makeElement('code', '', command)),
  );
  return button;
}

/** A button that copies what is shown. */
function makeCopyingButton(what: string, find: () => HTMLElement): HTMLButtonElement {
  const button = makeButton(
    { class: 'no-print', 'aria-label': `Copy: ${what}` },
    'Copy',
    () => void copy(button, find()),
  );
  return button;
}

async function copy(button: HTMLButtonElement, code: HTMLElement): Promise<void> {
  const label = (button.dataset['label'] ??= button.textContent);
  try {
    await navigator.clipboard.writeText(code.textContent.trim() + '\n');
    button.textContent = 'Copied';
    announce('Copied');
  } catch {
    // If writing to the clipboard is not allowed, at least select the text.
    if (!code.isConnected) button.after(code);
    getSelection()?.selectAllChildren(code);
    button.textContent = 'Selected';
    announce('Selected; copy it with the keyboard');
  }
  setTimeout(() => (button.textContent = label), CONFIRMATION_MS);
}

/** A block of commands with a copy button, like those of `Code.astro`. */
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
