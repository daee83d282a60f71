import { makeElement } from '../element.ts';
import { messageOf } from '../site.ts';

/** Path of a build's log in each install prefix. */
const PLACE = '/.spack/spack-build-out.txt.gz';
/** Maximum bytes to read and to show. */
const MOST_COMPRESSED = 20_000_000;
const MOST_SHOWN = 5_000_000;

/** Shows the log of a build, from its tarball, on request. */
export function offerBuildLog(): void {
  const button = document.querySelector<HTMLButtonElement>('button[data-log]');
  if (!button) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    button.disabled = true;
    void show(button).finally(() => {
      button.disabled = false;
    });
  });
}

async function show(button: HTMLButtonElement): Promise<void> {
  const section = button.closest('section');
  section?.querySelector('.build-log')?.remove();
  const box = makeElement('div', { class: 'build-log', role: 'status' }, 'Reading the tarball …');
  section?.append(box);
  try {
    const [response, { findInTarball, gunzipText }] = await Promise.all([
      fetch(button.dataset['log'] ?? ''),
      import('./tarball.ts'),
    ]);
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const log = await findInTarball(response.body, PLACE, MOST_COMPRESSED);
    if (log === undefined) {
      box.textContent = 'The tarball has no log.';
      return;
    }
    const { text, isCut } = await gunzipText(log, MOST_SHOWN);
    const pre = makeElement('pre', { tabindex: '0', 'aria-label': 'Build log', role: 'region' }, text);
    box.replaceChildren(...(isCut ? ['The first 5 MB of it:'] : []), pre);
  } catch (error) {
    box.textContent = `The log could not be read (${messageOf(error)}); try again.`;
  }
}
