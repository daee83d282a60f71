import type { Check } from './checks.ts';

/** WebCrypto digests a whole buffer: what is larger is for the command line. */
const MOST_BYTES = 500_000_000;

/** Offers to verify a build. OpenPGP and all else come when asked for. */
export function offerVerification(): void {
  const section = document.querySelector<HTMLElement>('.verify');
  const list = section?.querySelector<HTMLElement>('.checks');
  if (!section || !list) return;
  section.hidden = false;
  const buttons = [...section.querySelectorAll<HTMLButtonElement>('button[data-verify]')];
  for (const button of buttons) {
    button.addEventListener('click', () => {
      for (const each of buttons) each.disabled = true;
      const checks = button.dataset['verify'] === 'tarball' ? checkTarball(section) : checkBuild(section);
      void show(list, checks).finally(() => {
        for (const each of buttons) each.disabled = false;
      });
    });
  }
}

async function* checkBuild({ dataset }: HTMLElement): AsyncGenerator<Check> {
  const { verifyBuild } = await import('./entry.ts');
  yield* verifyBuild({
    hash: dataset['hash'] ?? '',
    document: dataset['document'] ?? '',
    manifest: dataset['manifest'] ?? '',
    keys: dataset['keys']?.split(' ').filter(Boolean) ?? [],
    specFile: dataset['specFile'],
  });
  yield { state: 'open', text: 'The tarball itself was not downloaded.' };
  if (!dataset['keys']) {
    yield { state: 'open', text: 'Who made these files was not checked: this cache has no signing key.' };
  } else {
    yield {
      state: 'open',
      text: 'The key came from this site as well: compare its fingerprint with one you got elsewhere.',
    };
  }
}

async function* checkTarball({ dataset }: HTMLElement): AsyncGenerator<Check> {
  const size = Number(dataset['size']);
  if (size > MOST_BYTES) {
    yield {
      state: 'open',
      text: 'The tarball is too large to check in a browser: the commands above do it.',
    };
    return;
  }
  const { verifyTarball } = await import('./entry.ts');
  yield await verifyTarball(dataset['tarball'] ?? '', { digest: dataset['digest'] ?? '', size });
}

async function show(list: HTMLElement, checks: AsyncGenerator<Check>): Promise<void> {
  list.replaceChildren();
  try {
    if (!isSecureContext) {
      add(list, {
        state: 'open',
        text: 'Nothing was checked: browsers compute digests on HTTPS pages alone.',
      });
      return;
    }
    for await (const check of checks) add(list, check);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    add(list, { state: 'open', text: `The rest was not checked (${cause}).` });
  }
}

function add(list: HTMLElement, { state, text }: Check): void {
  const item = document.createElement('li');
  item.className = state;
  item.textContent = text;
  list.append(item);
}
