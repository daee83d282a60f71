import { announce } from './announce.ts';
import { makeElement } from './element.ts';

/** How long a button says that it has copied. */
const CONFIRMATION_MS = 2_000;

/** Gives each block of commands a button that copies it; without a script it would do nothing. */
export function offerCopying(): void {
  for (const block of document.querySelectorAll<HTMLElement>('figure.code')) {
    if (!block.querySelector('button')) offerCopyOf(block);
  }
}

/** Gives one block of commands, as `Code.astro` makes them, a button that copies it. */
function offerCopyOf(block: HTMLElement): void {
  const caption = block.querySelector('figcaption');
  const button = makeElement('button', 'no-print', 'Copy');
  button.type = 'button';
  button.setAttribute('aria-label', `Copy: ${caption?.textContent.trim() ?? ''}`);
  button.addEventListener('click', () => void copy(button));
  caption?.append(button);
}

/** Gives each block of commands in text that was written as Markdown a button that copies it. */
export function offerCopyingOfCommands(): void {
  for (const code of document.querySelectorAll<HTMLElement>('.prose pre > code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'no-print';
    button.textContent = 'Copy';
    button.setAttribute('aria-label', `Copy: ${code.textContent.split('\n')[0]}`);
    button.addEventListener('click', () => void copy(button, code));
    code.before(button);
  }
}

/** A button that copies a command which is not shown. */
export function makeCopyButton(label: string, command: string): HTMLButtonElement {
  const button = makeElement('button', 'quiet no-print', label);
  button.type = 'button';
  button.title = command;
  button.addEventListener('click', () => void copy(button, makeElement('code', '', command)));
  return button;
}

async function copy(
  button: HTMLButtonElement,
  code: HTMLElement | null | undefined = button.closest('.code')?.querySelector('pre'),
): Promise<void> {
  if (!code) return;
  const label = (button.dataset['label'] ??= button.textContent);
  try {
    await navigator.clipboard.writeText(code.textContent.trim() + '\n');
    button.textContent = 'Copied';
    announce('Copied');
  } catch {
    // Without the right to write the clipboard, the text is at least selected.
    if (!code.isConnected) button.after(code);
    getSelection()?.selectAllChildren(code);
    button.textContent = 'Selected';
    announce('Selected; copy it with the keyboard');
  }
  setTimeout(() => (button.textContent = label), CONFIRMATION_MS);
}

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
