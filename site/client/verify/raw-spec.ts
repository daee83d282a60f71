/** Shows a node's JSON when its reader opens it. */
export function offerRawSpec(): void {
  const details = document.querySelector<HTMLDetailsElement>('.raw');
  if (!details) return;
  details.hidden = false;
  details.addEventListener('toggle', () => void fill(details));
}

async function fill(details: HTMLDetailsElement): Promise<void> {
  const code = details.querySelector('code');
  if (!code || !details.open || code.textContent !== '') return;
  try {
    const [response, { splitObject }, { indentJson }] = await Promise.all([
      fetch(details.dataset['document'] ?? ''),
      import('../../lib/spack/node-text.ts'),
      import('../../lib/spack/indent-json.ts'),
    ]);
    code.textContent = indentJson(splitObject(await response.text()).get('node') ?? '');
  } catch {
    details.open = false;
    const summary = details.querySelector('summary');
    if (summary) summary.textContent = 'The node could not be loaded; open it again';
  }
}
