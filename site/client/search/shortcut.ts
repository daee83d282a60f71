/** Makes `/` move to the page's search box, and loads suggestions for a box as soon as it has the focus. */
export function offerShortcut(): void {
  const input = document.querySelector<HTMLInputElement>('main input[type=search], body > header input');
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    input?.focus();
    input?.select();
  });
  for (const box of document.querySelectorAll<HTMLInputElement>('input[data-suggest]'))
    box.addEventListener('focus', () => void suggest(box), { once: true });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
  );
}

async function suggest(input: HTMLInputElement): Promise<void> {
  const { offerSuggestions } = await import('./suggest.ts');
  await offerSuggestions(input);
}
