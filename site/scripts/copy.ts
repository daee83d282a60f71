import { announce } from './announce.ts';

/** How long a button says that it has copied. */
const CONFIRMATION_MS = 2_000;

/** Shows the copy buttons, which do nothing without a script, and makes them copy. */
export function offerCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('.code button')) {
    button.hidden = false;
    button.addEventListener('click', () => void copy(button));
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const code = button.closest('.code')?.querySelector('pre');
  if (!code) return;
  try {
    await navigator.clipboard.writeText(code.textContent.trim() + '\n');
    button.textContent = 'Copied';
    announce('Copied');
  } catch {
    // Without the right to write the clipboard, the text is at least selected.
    getSelection()?.selectAllChildren(code);
    button.textContent = 'Selected';
    announce('Selected; copy it with the keyboard');
  }
  setTimeout(() => (button.textContent = 'Copy'), CONFIRMATION_MS);
}
