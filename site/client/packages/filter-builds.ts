/** Filters the builds of a package by words in their lines. */
export function offerBuildFilter(): void {
  const input = document.querySelector<HTMLInputElement>('#build-filter');
  if (!input) return;
  input.hidden = false;
  const lines = [...document.querySelectorAll<HTMLElement>('.package-builds :is(tbody tr, li)')].map(
    (line) => {
      const version = line.closest('details')?.querySelector('summary')?.textContent ?? '';
      return { line, text: `${version} ${line.textContent}`.toLowerCase() };
    },
  );
  const groups = [...document.querySelectorAll<HTMLDetailsElement>('.package-builds details')];
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { line, text } of lines) line.hidden = !words.every((word) => text.includes(word));
    for (const group of groups) {
      group.hidden = group.querySelector('li:not([hidden])') === null;
      group.open = words.length > 0 && !group.hidden;
    }
  });
}
